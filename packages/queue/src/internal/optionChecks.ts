/**
 * Checks of single options: each answers the value as it is stored, or which option is refused and why.
 */
import { parentsMax } from "@millrace/storage/Bounds"
import * as JobId from "@millrace/storage/JobId"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import type { Priority } from "../EnqueueOptions.ts"
import { InvalidOption } from "../QueueError.ts"

/** A name, queue, tenant, key or tag: 1 to 255 characters without controls. */
export const label = (field: string, value: unknown): Result.Result<string, InvalidOption> => {
  if (typeof value !== "string") return refuse(field, `expected text, found ${typeof value}`)
  if (value.length === 0) return refuse(field, "expected at least one character")
  if (value.length > Defaults.nameLength) return refuse(field, `longer than ${Defaults.nameLength} characters`)
  return controls.test(value) ? refuse(field, "holds a control character or a lone surrogate") : Result.succeed(value)
}

const controls = /[\p{Cc}\p{Surrogate}]/u

/** A number from 0 (first) to 100, or one of the names. */
export const priority = (value: Priority): Result.Result<number, InvalidOption> => {
  const number = typeof value === "string" && Object.hasOwn(Defaults.priorities, value)
    ? Defaults.priorities[value]
    : value
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 100
    ? Result.succeed(number)
    : refuse("priority", "expected urgent, high, normal, low or a whole number from 0 to 100")
}

/** A number of attempts: a whole number of 1 or more. */
export const attempts = (value: number): Result.Result<number, InvalidOption> =>
  Number.isInteger(value) && value >= 1 && value <= 2_147_483_647
    ? Result.succeed(value)
    : refuse("maxAttempts", "expected a whole number of attempts, 1 or more")

/** A version of a payload's schema: a whole number of 1 or more. */
export const version = (value: number): Result.Result<number, InvalidOption> =>
  Number.isInteger(value) && value >= 1 && value <= 2_147_483_647
    ? Result.succeed(value)
    : refuse("version", "expected a whole number, 1 or more")

/** A time in milliseconds: more than 0. */
export const timeout = (value: Duration.Input, field = "timeout"): Result.Result<number, InvalidOption> =>
  Result.flatMap(
    duration(field, value),
    (millis) => millis > 0 ? Result.succeed(millis) : refuse(field, "expected more than 0 milliseconds")
  )

/** A duration in whole milliseconds, from 0 to 100 years. */
export const duration = (field: string, value: Duration.Input): Result.Result<number, InvalidOption> => {
  // Duration takes NaN for zero.
  const given = typeof value === "number" && Number.isNaN(value) ? Option.none() : Duration.fromInput(value)
  const millis = Option.match(given, { onNone: () => Number.NaN, onSome: Duration.toMillis })
  return millis >= 0 && millis <= Defaults.durationMillis
    ? Result.succeed(Math.ceil(millis))
    : refuse(field, "expected a duration from 0 to 100 years")
}

/** At most 32 tags. */
export const tags = (values: ReadonlyArray<string>): Result.Result<ReadonlyArray<string>, InvalidOption> => {
  if (!Array.isArray(values) || values.length > Defaults.tagCount) {
    return refuse("tags", `expected at most ${Defaults.tagCount} tags`)
  }
  return Result.all(values.map((tag, index) => label(`tags[${index}]`, tag)))
}

/** At most 100 ids of other jobs, each once. */
export const parents = (
  values: ReadonlyArray<JobId.JobId>
): Result.Result<ReadonlyArray<JobId.JobId>, InvalidOption> => {
  if (!Array.isArray(values)) return refuse("parents", "expected a list of job ids")
  const wrong = values.findIndex((id) => !isId(id))
  if (wrong >= 0) return refuse(`parents[${wrong}]`, "expected a job id: 1 to 19 decimal digits")
  const ids = [...new Set<JobId.JobId>(values)]
  return ids.length > parentsMax
    ? refuse("parents", `expected at most ${parentsMax} parents`)
    : Result.succeed(ids)
}

const isId = Schema.is(JobId.JobId)

/** The last instant of the year 9999: the last one whose text every database and calendar agrees on. */
const latestMillis = 253_402_300_799_999

/** An instant from 1970 to 9999. */
export const instant = (field: string, value: DateTime.DateTime.Input): Result.Result<DateTime.Utc, InvalidOption> => {
  const given = Option.getOrUndefined(DateTime.make(value))
  const millis = given === undefined ? Number.NaN : DateTime.toEpochMillis(given)
  return given !== undefined && millis >= 0 && millis <= latestMillis
    ? Result.succeed(DateTime.toUtc(given))
    : refuse(field, "expected an instant from 1970 to 9999")
}

/** A whole number of so much or more, and at most `maximum`. */
export const whole = (
  field: string,
  value: number,
  minimum: number,
  maximum: number
): Result.Result<number, InvalidOption> =>
  Number.isInteger(value) && value >= minimum && value <= maximum
    ? Result.succeed(value)
    : refuse(field, `expected a whole number from ${minimum} to ${maximum}`)

/** The refusal of an option. */
export const refuse = (field: string, detail: string): Result.Result<never, InvalidOption> =>
  Result.fail(new InvalidOption({ field, detail }))
