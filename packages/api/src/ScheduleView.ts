/**
 * A schedule as the API shows it, and its ticks.
 *
 * @since 0.1.0
 */
import { JobId } from "@millrace/storage"
import type { ScheduleRecord } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"

const Instant = Schema.DateTimeUtcFromString

/**
 * Schema of a schedule.
 *
 * **Details**
 *
 * - `cron` with `timeZone`, or `everyMillis` with `from`, or `at`: the others are null
 * - `owner`: the program that declares it in code; null when it was created at run time
 * - `nextAt`: the next instant; null when none is left, or while it is paused
 * - `last`: the latest instant that enqueued a job, and that job
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ScheduleView = Schema.Struct({
  name: Schema.String,
  owner: Schema.NullOr(Schema.String),
  cron: Schema.NullOr(Schema.String),
  timeZone: Schema.NullOr(Schema.String),
  everyMillis: Schema.NullOr(Schema.Finite),
  from: Schema.NullOr(Instant),
  at: Schema.NullOr(Instant),
  job: Schema.Struct({
    name: Schema.String,
    payload: Schema.Json,
    queue: Schema.String,
    tenant: Schema.NullOr(Schema.String),
    priority: Schema.Int,
    maxAttempts: Schema.Int,
    timeoutMillis: Schema.NullOr(Schema.Finite),
    tags: Schema.Array(Schema.String)
  }),
  jitterMillis: Schema.Finite,
  overlap: Schema.Literals(["skip", "queue", "cancelPrevious"]),
  misfire: Schema.Union([
    Schema.Literals(["skip", "runOnce"]),
    Schema.Struct({ catchUp: Schema.Struct({ max: Schema.Int, windowMillis: Schema.Finite }) })
  ]),
  paused: Schema.Boolean,
  pausedAt: Schema.NullOr(Instant),
  nextAt: Schema.NullOr(Instant),
  last: Schema.NullOr(Schema.Struct({ instant: Instant, jobId: JobId.JobId })),
  createdAt: Instant,
  updatedAt: Instant
}).annotate({ identifier: "Schedule" })

/**
 * A schedule.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ScheduleView = typeof ScheduleView.Type

/**
 * Schema of one tick of a schedule.
 *
 * **Details**
 *
 * - `instant` is the scheduled time, `at` when the tick was written
 * - `kind`: its time came (`due`), a person asked (`trigger`), or a past window was filled (`backfill`)
 * - `outcome`: `fired` enqueued the job; `duplicate` found another with its unique key (`jobId` is that one);
 *   `overlapped`, `missed` and `refused` enqueued nothing
 * - `missed`: instants before this one that were left out with it
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const TickView = Schema.Struct({
  id: Schema.String,
  schedule: Schema.String,
  instant: Instant,
  at: Instant,
  kind: Schema.Literals(["due", "trigger", "backfill"]),
  outcome: Schema.Literals(["fired", "duplicate", "overlapped", "missed", "refused"]),
  jobId: Schema.NullOr(JobId.JobId),
  missed: Schema.Int
}).annotate({ identifier: "Tick" })

/**
 * One tick.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type TickView = typeof TickView.Type

/**
 * Schema of a list of instants.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Instants = Schema.Struct({ instants: Schema.Array(Instant) }).annotate({ identifier: "Instants" })

/**
 * Shows a stored schedule.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromRecord = (record: ScheduleRecord.ScheduleRecord): ScheduleView => ({
  name: record.name,
  owner: record.owner,
  ...timingOf(record.timing),
  job: jobOf(record.job),
  jitterMillis: record.jitterMillis,
  overlap: record.overlap,
  misfire: misfireOf(record.misfire),
  paused: record.pausedAt !== null,
  pausedAt: record.pausedAt,
  nextAt: record.nextAt,
  last: record.last === null ? null : { instant: record.last.instant, jobId: record.last.jobId },
  createdAt: record.createdAt,
  updatedAt: record.updatedAt
})

const nothing = { cron: null, timeZone: null, everyMillis: null, from: null, at: null }

const timingOf = (timing: ScheduleRecord.ScheduleTiming) => {
  switch (timing._tag) {
    case "Cron":
      return { ...nothing, cron: timing.cron, timeZone: timing.timeZone }
    case "Every":
      return { ...nothing, everyMillis: timing.everyMillis, from: DateTime.makeUnsafe(timing.anchorMillis) }
    case "Once":
      return { ...nothing, at: DateTime.makeUnsafe(timing.atMillis) }
  }
}

const jobOf = (job: ScheduleRecord.ScheduledJob): ScheduleView["job"] => ({
  name: job.name,
  payload: job.payload,
  queue: job.queue,
  tenant: job.tenant === "" ? null : job.tenant,
  priority: job.priority,
  maxAttempts: job.maxAttempts,
  timeoutMillis: job.timeoutMillis,
  tags: job.tags
})

const misfireOf = (misfire: ScheduleRecord.Misfire): ScheduleView["misfire"] => {
  switch (misfire._tag) {
    case "Skip":
      return "skip"
    case "RunOnce":
      return "runOnce"
    case "CatchUp":
      return { catchUp: { max: misfire.max, windowMillis: misfire.windowMillis } }
  }
}
