/**
 * What becomes of a declared schedule: pure decisions over what is stored and what the clock says.
 */
import type { Schedule, ScheduleRecord } from "@millrace/storage/ScheduleRecord"
import * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import * as Firing from "./firing.ts"
import * as NextFire from "./nextFire.ts"

/** What to write, and from whom it was taken (null: nobody). */
export interface Change {
  readonly write: Schedule
  readonly isEdit: boolean
  readonly takenFrom: string | null
}

/** Writes a declaration over what is stored. A pause stays; so does the next instant when the timing is the same. */
export const declare = (schedule: Schedule, current: ScheduleRecord | null, now: DateTime.Utc): Change => {
  const declared = { ...schedule, declaredAt: now, droppedAt: null }
  if (current === null) {
    return { write: { ...declared, nextAt: nextOf(schedule, now) }, isEdit: true, takenFrom: null }
  }
  const keepsTime = isSame(current.timing, schedule.timing)
  const nextAt = current.pausedAt !== null ? null : keepsTime ? current.nextAt : nextOf(schedule, now)
  const isOwn = current.owner === schedule.owner
  return {
    write: { ...declared, nextAt, pausedAt: current.pausedAt },
    isEdit: !isOwn || !isSame(contentOf(current), contentOf(schedule)),
    takenFrom: isOwn ? null : current.owner ?? "nobody"
  }
}

/** Says that a schedule is still declared. */
export const confirm = (current: ScheduleRecord, now: DateTime.Utc): Schedule => ({
  ...current,
  declaredAt: now,
  droppedAt: null
})

/** Is it time for the next sign? Nodes that are faster than others spare them theirs. */
export const needsSign = (current: ScheduleRecord, now: DateTime.Utc): boolean =>
  current.droppedAt !== null || ageMillis(current.declaredAt, now) >= Defaults.declareMillis / 2

/** Has nobody declared it for some time? */
export const isSilent = (current: ScheduleRecord, now: DateTime.Utc): boolean =>
  ageMillis(current.declaredAt, now) >= Defaults.silenceMillis

/** Marks a silent schedule as dropped; removes it when the grace time is over. */
export const drop = (
  current: ScheduleRecord,
  now: DateTime.Utc,
  dropMillis: number
): Schedule | "keep" | "remove" => {
  if (!isSilent(current, now)) return "keep"
  if (current.droppedAt === null) return { ...current, droppedAt: now }
  return ageMillis(current.droppedAt, now) >= dropMillis ? "remove" : "keep"
}

/** The first instant of a timing after now. */
export const nextOf = ({ timing }: Schedule, now: DateTime.Utc): DateTime.Utc | null => {
  const clockwork = NextFire.clockworkOf(timing)
  return clockwork === null ? null : Firing.nextAt(clockwork, DateTime.toEpochMillis(now))
}

/** Whether two values are the same JSON, whatever the order of their keys. */
const isSame = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: Schema.Json) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner)

const contentOf = ({ job, jitterMillis, misfire, overlap, timing }: Schedule) => ({
  job,
  jitterMillis,
  misfire,
  overlap,
  timing
})

const ageMillis = (instant: DateTime.Utc | null, now: DateTime.Utc): number =>
  instant === null ? Infinity : DateTime.toEpochMillis(now) - DateTime.toEpochMillis(instant)
