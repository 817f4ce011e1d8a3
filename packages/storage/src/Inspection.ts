/**
 * What a storage tells of itself beside the jobs: log lines, why a job waits, tenants.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { JobId } from "./JobId.ts"
import { JobRecord } from "./JobRecord.ts"
import { JobState } from "./JobState.ts"
import { LimitRule } from "./Limit.ts"
import { PauseRecord } from "./PauseRecord.ts"
import { WorkerRecord } from "./WorkerRecord.ts"

/**
 * Schema of a log line of a job: written by the attempt of this token.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LogEntry = Schema.Struct({
  at: Schema.DateTimeUtc,
  token: Schema.Int,
  level: Schema.String,
  message: Schema.String
})

/**
 * A log line of a job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LogEntry = typeof LogEntry.Type

/**
 * Schema of how one limit of a job stands.
 *
 * **Details**
 *
 * - `rule` is the rule as it counts for this key; null when no worker ever declared it: such a job waits.
 * - `isOpen` says that the limit by itself would let this job start now.
 * - `held` jobs hold the limit; `holders` are the oldest of them, at most 100. Of an `order` that nobody
 *   holds it is the one whose turn is next, if that is another job.
 * - `tokens` are the permits left (`rate`, `window`), else null. `opensAt` is when there will be enough for this job, if
 *   nobody else takes them; null when it is open, or when that depends on other jobs.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitFacts = Schema.Struct({
  name: Schema.String,
  key: Schema.String,
  weight: Schema.Finite,
  rule: Schema.NullOr(LimitRule),
  isOpen: Schema.Boolean,
  held: Schema.Int,
  holders: Schema.Array(JobId),
  tokens: Schema.NullOr(Schema.Finite),
  opensAt: Schema.NullOr(Schema.DateTimeUtc)
})

/**
 * How one limit of a job stands.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitFacts = typeof LimitFacts.Type

/**
 * Schema of everything that decides whether a job starts, read at one moment.
 *
 * **Details**
 *
 * - `now` is the storage's clock. `expiresAt` is when the job will be cancelled if it has not started; null: never.
 * - `isSuspect`: it died with its worker and will run alone.
 * - `pauses` are those in force that keep this job waiting.
 * - `limits` are those of the job, in its order.
 * - `ahead` is the number of available jobs of its queue and tenant that come first, counted up to 1,000; 0 unless it is
 *   `available`.
 * - `workers` are the registered ones whose lease has not ended.
 * - `parents` are the jobs that a `pending` one waits for, by id, each with its state: those that are not `completed`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ExplainFacts = Schema.Struct({
  now: Schema.DateTimeUtc,
  job: JobRecord,
  expiresAt: Schema.NullOr(Schema.DateTimeUtc),
  isSuspect: Schema.Boolean,
  pauses: Schema.Array(PauseRecord),
  limits: Schema.Array(LimitFacts),
  ahead: Schema.Int,
  workers: Schema.Array(WorkerRecord),
  parents: Schema.Array(Schema.Struct({ id: JobId, state: JobState }))
})

/**
 * Everything that decides whether a job starts.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ExplainFacts = typeof ExplainFacts.Type

/**
 * Schema of a tenant.
 *
 * **Details**
 *
 * `weights` are those that were set; `queue` null: for all queues without one of their own. `available` is counted up
 * to 1,000 for each queue.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const TenantRecord = Schema.Struct({
  tenant: Schema.String,
  weights: Schema.Array(Schema.Struct({ queue: Schema.NullOr(Schema.String), weight: Schema.Finite })),
  pausedAt: Schema.NullOr(Schema.DateTimeUtc),
  available: Schema.Int,
  running: Schema.Int
})

/**
 * A tenant.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type TenantRecord = typeof TenantRecord.Type

/**
 * Which tenants to list: by name, those after `after`, at most `limit` (1 to 1,000, defaults to 100).
 *
 * **Details**
 *
 * Those that have available or running jobs, a pause or a weight. Jobs without a tenant are those of the tenant `""`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TenantQuery {
  readonly after?: string
  readonly limit?: number
}
