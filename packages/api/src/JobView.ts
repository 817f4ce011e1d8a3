/**
 * A job as the API shows it, its attempts, and what came of an action on it.
 *
 * @since 0.1.0
 */
import { Attempt, JobFailure, JobId, JobRecord, JobState } from "@millrace/storage"
import * as Schema from "effect/Schema"

const Instant = Schema.DateTimeUtcFromString

/**
 * Schema of a job.
 *
 * **Details**
 *
 * - `attempt` is the number of the newest attempt, 1-based; 0 before the first
 * - `tenant` is null for a job without a tenant; smaller `priority` runs first
 * - `payload`, `result` and `error` are as the job's schemas encode them; `error` is that of the newest failed attempt
 * - `progress` is `{ value, note }`, `value` from 0 to 1, or null before the first report
 * - instants are ISO 8601 in UTC, of the database's clock
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobView = Schema.Struct({
  id: JobId.JobId,
  name: Schema.String,
  state: JobState.JobState,
  queue: Schema.String,
  tenant: Schema.NullOr(Schema.String),
  priority: Schema.Int,
  payload: Schema.Json,
  result: Schema.NullOr(Schema.Json),
  error: Schema.NullOr(JobFailure.JobFailure),
  attempt: Schema.Int,
  maxAttempts: Schema.Int,
  createdAt: Instant,
  runAt: Instant,
  startedAt: Schema.NullOr(Instant),
  finishedAt: Schema.NullOr(Instant),
  progress: Schema.NullOr(JobRecord.Progress),
  tags: Schema.Array(Schema.String)
}).annotate({ identifier: "Job" })

/**
 * A job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobView = typeof JobView.Type

/**
 * Shows a stored job.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromRecord = (record: JobRecord.JobRecord): JobView => ({
  id: record.id,
  name: record.name,
  state: record.state,
  queue: record.queue,
  tenant: record.tenant === "" ? null : record.tenant,
  priority: record.priority,
  payload: record.payload,
  result: record.result,
  error: record.error,
  attempt: record.attempt,
  maxAttempts: record.maxAttempts,
  createdAt: record.createdAt,
  runAt: record.runAt,
  startedAt: record.startedAt,
  finishedAt: record.finishedAt,
  progress: record.progress,
  tags: record.tags
})

/**
 * Schema of one attempt of a job.
 *
 * **Details**
 *
 * `attempt` is 1-based; snoozed and released attempts share their number with the one that follows, and `token` tells
 * them apart. `startedAt` is null when the handler never started, `finishedAt` while it runs.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AttemptView = Schema.Struct({
  attempt: Schema.Int,
  token: Schema.Int,
  workerId: Schema.NullOr(Schema.String),
  claimedAt: Instant,
  startedAt: Schema.NullOr(Instant),
  finishedAt: Schema.NullOr(Instant),
  outcome: Attempt.AttemptOutcome,
  error: Schema.NullOr(JobFailure.JobFailure)
}).annotate({ identifier: "Attempt" })

/**
 * Schema of what came of an action on a job.
 *
 * **Details**
 *
 * `from` is the state that the job was in, `to` the one it is in now. `requested` means that the job is running and
 * was asked to stop: its worker hears of it within seconds.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobAction = Schema.Struct({
  id: JobId.JobId,
  from: JobState.JobState,
  to: Schema.Union([JobState.JobState, Schema.Literal("requested")])
}).annotate({ identifier: "JobAction" })

/**
 * What came of an action on a job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobAction = typeof JobAction.Type
