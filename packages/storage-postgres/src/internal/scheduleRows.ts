/** Rows of schedules and ticks as values of the port, and back. */
import * as JobId from "@millrace/storage/JobId"
import type { Schedule, ScheduleRecord, ScheduleTick } from "@millrace/storage/ScheduleRecord"
import * as DateTime from "effect/DateTime"
import type { Row } from "./session.ts"

/** The schedule of a row. */
export const toSchedule = (row: Row): ScheduleRecord => ({
  name: row["name"] as string,
  owner: row["owner"] as string | null,
  timing: row["timing"] as ScheduleRecord["timing"],
  job: row["job"] as ScheduleRecord["job"],
  jitterMillis: Number(row["jitter_ms"]),
  overlap: row["overlap"] as ScheduleRecord["overlap"],
  misfire: row["misfire"] as ScheduleRecord["misfire"],
  nextAt: toInstantOrNull(row["next_at"]),
  pausedAt: toInstantOrNull(row["paused_at"]),
  declaredAt: toInstantOrNull(row["declared_at"]),
  droppedAt: toInstantOrNull(row["dropped_at"]),
  createdAt: toInstant(row["created_at"]),
  updatedAt: toInstant(row["updated_at"]),
  last: row["last_job_id"] === null
    ? null
    : { instant: toInstant(row["last_at"]), jobId: JobId.makeUnsafe(row["last_job_id"] as bigint) }
})

/** The tick of a row. */
export const toTick = (row: Row): ScheduleTick => ({
  id: String(row["id"]),
  schedule: row["schedule"] as string,
  instant: toInstant(row["instant"]),
  at: toInstant(row["at"]),
  kind: row["kind"] as ScheduleTick["kind"],
  outcome: row["outcome"] as ScheduleTick["outcome"],
  jobId: row["job_id"] === null ? null : JobId.makeUnsafe(row["job_id"] as bigint),
  missed: row["missed"] as number
})

/** What a schedule looks like to the statement that writes it. */
export const encode = (schedule: Schedule): string =>
  JSON.stringify({
    name: schedule.name,
    owner: schedule.owner,
    timing: schedule.timing,
    job: schedule.job,
    jitter_ms: schedule.jitterMillis,
    overlap: schedule.overlap,
    misfire: schedule.misfire,
    next_at: isoOrNull(schedule.nextAt),
    paused_at: isoOrNull(schedule.pausedAt),
    declared_at: isoOrNull(schedule.declaredAt),
    dropped_at: isoOrNull(schedule.droppedAt)
  })

/** The instant of a column. */
export const toInstant = (value: unknown): DateTime.Utc => DateTime.makeUnsafe(value as Date)

/** An instant as text. */
export const isoOrNull = (instant: DateTime.Utc | null): string | null =>
  instant === null ? null : DateTime.formatIso(instant)

const toInstantOrNull = (value: unknown): DateTime.Utc | null => value === null ? null : toInstant(value)
