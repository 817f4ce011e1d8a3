/**
 * Which instants of a due schedule are fired: those in time, and of the others what the misfire policy says.
 */
import type { Misfire, Schedule, ScheduleRecord, TickKind } from "@millrace/storage/ScheduleRecord"
import type { Firing, TickDecision } from "@millrace/storage/ScheduleStorage"
import * as DateTime from "effect/DateTime"
import * as Defaults from "../Defaults.ts"
import type { Clockwork } from "./nextFire.ts"
import * as NextFire from "./nextFire.ts"

/** How long a schedule rests that this release does not understand, in milliseconds; a newer one may fire it. */
const restMillis = 60_000

/** What to do with a due schedule. */
export const decide = (schedule: ScheduleRecord, now: DateTime.Utc): TickDecision => {
  const nowMillis = DateTime.toEpochMillis(now)
  const clockwork = NextFire.clockworkOf(schedule.timing)
  if (clockwork === null) return { nextAt: DateTime.makeUnsafe(nowMillis + restMillis), fire: [] }
  const fromMillis = schedule.nextAt === null ? nowMillis : DateTime.toEpochMillis(schedule.nextAt)
  const graceFrom = Math.max(fromMillis, nowMillis - Defaults.graceMillis)
  const inTime = between(clockwork, graceFrom, nowMillis)
  const late: Late = { clockwork, fromMillis, toMillis: graceFrom - 1, nowMillis, isCovered: inTime.length > 0 }
  return {
    nextAt: nextAt(clockwork, nowMillis),
    fire: [
      ...misfires(late, schedule.misfire).map(({ millis, missed, outcome }) => ({
        ...firingOf(schedule, millis, "due"),
        missed,
        outcome
      })),
      ...inTime.map((millis) => firingOf(schedule, millis, "due"))
    ]
  }
}

/** The first instant later than `afterMillis`. */
export const nextAt = (clockwork: Clockwork, afterMillis: number): DateTime.Utc | null => {
  const millis = NextFire.next(clockwork, afterMillis)
  return millis === null ? null : DateTime.makeUnsafe(millis)
}

/** An instant to fire. Only one whose time has come is put off by the jitter, and asks the overlap policy. */
export const firingOf = (schedule: Schedule, millis: number, kind: TickKind): Firing => ({
  instant: DateTime.makeUnsafe(millis),
  runAt: DateTime.makeUnsafe(millis + (kind === "due" ? jitterOf(schedule, millis) : 0)),
  kind,
  overlap: kind === "due",
  outcome: "fired",
  missed: 0
})

/** The instants of a range, both ends included, at most `max`. */
export const between = (
  clockwork: Clockwork,
  fromMillis: number,
  toMillis: number,
  max: number = Number.MAX_SAFE_INTEGER
): Array<number> => {
  const found: Array<number> = []
  let millis = NextFire.next(clockwork, fromMillis - 1)
  while (millis !== null && millis <= toMillis && found.length < max) {
    found.push(millis)
    millis = NextFire.next(clockwork, millis)
  }
  return found
}

/** The instants that came too late. `isCovered`: another one is fired anyway. */
interface Late {
  readonly clockwork: Clockwork
  readonly fromMillis: number
  readonly toMillis: number
  readonly nowMillis: number
  readonly isCovered: boolean
}

interface LateFiring {
  readonly millis: number
  readonly outcome: "fired" | "missed"
  readonly missed: number
}

/** What is stored of the instants that came too late: those to fire, or else the last of them as missed. */
const misfires = (late: Late, misfire: Misfire): ReadonlyArray<LateFiring> => {
  const { clockwork, fromMillis, nowMillis, toMillis } = late
  if (toMillis < fromMillis) return []
  const count = between(clockwork, fromMillis, toMillis, Defaults.instants).length
  const [last] = latest(clockwork, fromMillis, toMillis, 1)
  if (last === undefined) return []
  const missed: LateFiring = { millis: last, outcome: "missed", missed: count - 1 }
  if (misfire._tag === "Skip" || (misfire._tag === "RunOnce" && late.isCovered)) return [missed]
  if (misfire._tag === "RunOnce") return [{ ...missed, outcome: "fired" }]
  const windowFrom = Math.max(fromMillis, nowMillis - misfire.windowMillis)
  const caught = latest(clockwork, windowFrom, toMillis, misfire.max)
  return caught.length === 0 ? [missed] : caught.map((millis, index) => ({
    millis,
    outcome: "fired" as const,
    missed: index === 0 ? Math.max(0, count - caught.length) : 0
  }))
}

/** How far to look back for the latest instants, in milliseconds: the first step that holds enough ends it. */
const steps = [60_000, 3_600_000, 86_400_000, 31 * 86_400_000, 366 * 86_400_000, Infinity]

/** The latest instants of a range, at most `count`, oldest first. A range of years is not walked through. */
const latest = (clockwork: Clockwork, fromMillis: number, toMillis: number, count: number): ReadonlyArray<number> => {
  for (const step of steps) {
    const start = Math.max(fromMillis, toMillis - step)
    const found = between(clockwork, start, toMillis)
    if (found.length >= count || start === fromMillis) return found.slice(-count)
  }
  return []
}

/** The delay of an instant: always the same, and different for schedules of the same instant. */
const jitterOf = ({ jitterMillis, name }: Schedule, millis: number): number =>
  jitterMillis === 0 ? 0 : hash(`${name} ${millis}`) % (jitterMillis + 1)

/** FNV-1a with the final mix of MurmurHash3: close instants are spread over the whole range. */
const hash = (text: string): number => {
  let value = 2_166_136_261
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 16_777_619)
  }
  value = Math.imul(value ^ (value >>> 16), 2_246_822_507)
  value = Math.imul(value ^ (value >>> 13), 3_266_489_909)
  return (value ^ (value >>> 16)) >>> 0
}
