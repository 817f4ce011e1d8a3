/**
 * A stored job as a reader sees it, wherever in its life it is.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { JobFailure } from "./JobFailure.ts"
import { JobId } from "./JobId.ts"
import { JobState } from "./JobState.ts"

/**
 * Schema of a job's progress: a share between 0 and 1, and a note.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Progress = Schema.Struct({
  value: Schema.Finite,
  note: Schema.NullOr(Schema.String)
})

/**
 * A job's progress.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Progress = typeof Progress.Type

/**
 * Schema of a stored job.
 *
 * **Details**
 *
 * - `attempt` is the number of the newest attempt, 1-based; 0 before the first claim.
 *   It is `failures + crashes`, plus one for the attempt under way or for a last one that neither
 *   failed nor crashed (`completed`, `quarantined`, or `cancelled` while it ran).
 * - `failures` counts attempts that failed, `crashes` those that died with their worker.
 *   Only failures count against `maxAttempts`.
 * - `token` is the fencing token of the newest claim: plus one at every claim, never reset.
 * - `tenant` is `""` for jobs without a tenant; smaller `priority` runs first.
 * - `payload` and `result` are JSON as encoded by the job's schemas; `error` is that of
 *   the newest failed or crashed attempt since the job was inserted or redriven, null for a `completed` job.
 * - `runAt` is when the job is due, exact while it is `scheduled` or `retryable`.
 * - `workerId` and `startedAt` are those of the attempt under way, or of the last one of a finished or quarantined job; null
 *   while the job waits. While it runs, or when it ended with its worker, `startedAt` is the instant of the claim.
 * - `finishedAt` is set in the finished states and in `quarantined` only.
 * - `progress` and `checkpoint` are the newest that a handler reported; a driver may drop them when the job is finished.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobRecord = Schema.Struct({
  id: JobId,
  name: Schema.String,
  version: Schema.Int,
  state: JobState,
  queue: Schema.String,
  tenant: Schema.String,
  priority: Schema.Int,
  payload: Schema.Json,
  result: Schema.NullOr(Schema.Json),
  error: Schema.NullOr(JobFailure),
  attempt: Schema.Int,
  failures: Schema.Int,
  crashes: Schema.Int,
  maxAttempts: Schema.Int,
  timeoutMillis: Schema.NullOr(Schema.Int),
  retry: Schema.NullOr(Schema.Json),
  uniqueKey: Schema.NullOr(Schema.String),
  tags: Schema.Array(Schema.String),
  token: Schema.Int,
  workerId: Schema.NullOr(Schema.String),
  createdAt: Schema.DateTimeUtc,
  runAt: Schema.DateTimeUtc,
  startedAt: Schema.NullOr(Schema.DateTimeUtc),
  finishedAt: Schema.NullOr(Schema.DateTimeUtc),
  progress: Schema.NullOr(Progress),
  checkpoint: Schema.optionalKey(Schema.Json)
})

/**
 * A stored job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobRecord = typeof JobRecord.Type
