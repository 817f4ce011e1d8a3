/**
 * From what a caller says to what is stored: every field checked, every default filled in.
 */
import type { Misfire, Overlap, ScheduleTiming } from "@millrace/storage/ScheduleRecord"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as CronExpression from "../CronExpression.ts"
import * as Defaults from "../Defaults.ts"
import { InvalidSchedule } from "../ScheduleError.ts"
import type { MisfireSpec, PolicySpec, TimingSpec } from "../ScheduleSpec.ts"
import * as NextFire from "./nextFire.ts"
import * as Zone from "./zone.ts"

/** A value, or what is wrong with its field. */
type Checked<A> = Result.Result<A, InvalidSchedule>

/** The policies of a schedule. */
export interface Policy {
  readonly jitterMillis: number
  readonly overlap: Overlap
  readonly misfire: Misfire
}

/** A name: 1 to 255 characters without controls. */
export const name = (value: unknown): Checked<string> => {
  if (typeof value !== "string") return refuse("name", `expected text, found ${typeof value}`)
  if (value.length === 0 || value.length > 255) return refuse("name", "expected 1 to 255 characters")
  return controls.test(value) ? refuse("name", "holds a control character or a lone surrogate") : Result.succeed(value)
}

const controls = /[\p{Cc}\p{Surrogate}]/u

/** Whether a caller said anything about the timing. */
export const hasTiming = (spec: TimingSpec): boolean =>
  spec.cron !== undefined || spec.every !== undefined || spec.at !== undefined || spec.timeZone !== undefined
  || spec.from !== undefined

/** A timing. `nowMillis` refuses an instant of the past; null takes it. */
export const timing = (spec: TimingSpec, nowMillis: number | null): Checked<ScheduleTiming> => {
  const given = (["cron", "every", "at"] as const).filter((field) => spec[field] !== undefined)
  const [field] = given
  if (field === undefined) return refuse("cron", "expected cron, every or at")
  if (given.length > 1) return refuse(given[1] ?? field, `${given.join(" and ")} exclude each other`)
  if (spec.timeZone !== undefined && field !== "cron") return refuse("timeZone", `has no meaning with ${field}`)
  if (spec.from !== undefined && field !== "every") return refuse("from", `has no meaning with ${field}`)
  switch (field) {
    case "cron":
      return cron(spec)
    case "every":
      return every(spec)
    case "at":
      return once(spec.at, nowMillis)
  }
}

const cron = ({ cron, timeZone = "UTC" }: TimingSpec): Checked<ScheduleTiming> =>
  Result.flatMap(
    CronExpression.parse(cron ?? ""),
    (expression) =>
      typeof timeZone === "string" && isZoneName(timeZone) && Zone.of(timeZone) !== null
        ? Result.succeed({ _tag: "Cron", cron: expression.text, timeZone })
        : refuse("timeZone", `unknown time zone ${JSON.stringify(timeZone)}: expected a name such as Europe/Berlin`)
  )

/** Offsets are no names: they know nothing of clock changes. */
const isZoneName = (text: string): boolean => text.length <= 64 && /^[A-Za-z]/.test(text)

const every = ({ every, from = 0 }: TimingSpec): Checked<ScheduleTiming> =>
  Result.gen(function*() {
    const everyMillis = yield* duration("every", every, Defaults.everyMillis, Defaults.durationMillis)
    const anchorMillis = yield* instant("from", from)
    return { _tag: "Every", everyMillis, anchorMillis } as const
  })

const once = (at: TimingSpec["at"], nowMillis: number | null): Checked<ScheduleTiming> =>
  Result.flatMap(instant("at", at), (atMillis) =>
    nowMillis !== null && atMillis <= nowMillis
      ? refuse("at", "is in the past: expected an instant later than now")
      : Result.succeed({ _tag: "Once", atMillis }))

/** The policies, with their defaults. */
export const policy = (spec: PolicySpec): Checked<Policy> =>
  Result.gen(function*() {
    const overlap = spec.overlap ?? "queue"
    if (!overlaps.includes(overlap)) return yield* refuse("overlap", `expected one of ${overlaps.join(", ")}`)
    return {
      jitterMillis: yield* duration("jitter", spec.jitter ?? 0, 0, Defaults.jitterMillis),
      overlap,
      misfire: yield* misfire(spec.misfire ?? "runOnce")
    }
  })

const overlaps: ReadonlyArray<Overlap> = ["skip", "queue", "cancelPrevious"]

const misfire = (spec: MisfireSpec): Checked<Misfire> => {
  if (spec === "skip") return Result.succeed({ _tag: "Skip" })
  if (spec === "runOnce") return Result.succeed({ _tag: "RunOnce" })
  if (typeof spec !== "object" || spec === null || typeof spec.catchUp !== "object") {
    return refuse("misfire", "expected skip, runOnce or catchUp")
  }
  const { max, window } = spec.catchUp
  if (!Number.isInteger(max) || max < 1 || max > Defaults.instants) {
    return refuse("misfire.catchUp.max", `expected a whole number from 1 to ${Defaults.instants}`)
  }
  return Result.map(
    duration("misfire.catchUp.window", window, 1, Defaults.durationMillis),
    (windowMillis) => ({ _tag: "CatchUp", max, windowMillis })
  )
}

/** A duration in whole milliseconds. */
const duration = (field: string, value: unknown, min: number, max: number): Checked<number> => {
  // Duration takes NaN for zero.
  const given = value === undefined || (typeof value === "number" && Number.isNaN(value))
    ? Option.none()
    : Duration.fromInput(value as Duration.Input)
  const millis = Option.match(given, { onNone: () => Number.NaN, onSome: Duration.toMillis })
  // Duration takes what is negative for zero.
  const isNegative = typeof value === "number" ? value < 0 : typeof value === "string" && value.trim().startsWith("-")
  return millis >= min && millis <= max && !isNegative
    ? Result.succeed(Math.ceil(millis))
    : refuse(field, `expected a duration from ${spoken(min)} to ${spoken(max)}`)
}

const spoken = (millis: number): string => Duration.format(Duration.millis(millis))

/** An instant from 1970 to the year 9999, in epoch milliseconds. */
export const instant = (field: string, value: DateTime.DateTime.Input | undefined): Checked<number> => {
  const given = value === undefined ? undefined : Option.getOrUndefined(DateTime.make(value))
  const millis = given === undefined ? Number.NaN : DateTime.toEpochMillis(given)
  return millis >= 0 && millis <= NextFire.latestMillis
    ? Result.succeed(millis)
    : refuse(field, "expected an instant from 1970 to 9999")
}

/** A number of instants. */
export const count = (field: string, value: number): Checked<number> =>
  Number.isInteger(value) && value >= 1 && value <= Defaults.instants
    ? Result.succeed(value)
    : refuse(field, `expected a whole number from 1 to ${Defaults.instants}`)

/** Says what is wrong with a field. */
export const refuse = (field: string, detail: string): Result.Result<never, InvalidSchedule> =>
  Result.fail(new InvalidSchedule({ field, position: null, detail }))
