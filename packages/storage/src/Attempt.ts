/**
 * One try at a job: the entry of its history.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { JobFailure } from "./JobFailure.ts"

/**
 * Schema of how an attempt ended.
 *
 * **Details**
 *
 * `running` has not ended. `failed` will be tried again, or was the last one (the job is
 * `dead`). `crashed` died with its worker. `released` was given back unfinished by a worker
 * that shut down. `snoozed` asked to come back later. Neither of the last two spends an attempt.
 * `cancelled` ended after it was asked to stop, by itself or with its worker. `quarantined` could not be run at all.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AttemptOutcome = Schema.Literals([
  "running",
  "completed",
  "failed",
  "crashed",
  "released",
  "snoozed",
  "cancelled",
  "dead",
  "quarantined"
])

/**
 * How an attempt ended.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type AttemptOutcome = typeof AttemptOutcome.Type

/**
 * Schema of one attempt.
 *
 * **Details**
 *
 * `attempt` is 1-based; snoozed and released attempts share their number with the one
 * that follows. `token` is the fencing token of its claim, unique within the job.
 * All instants are the storage's clock. `startedAt` is null while the attempt runs, and when the
 * handler never started or nobody knows (`crashed`, or `released` by a worker that left).
 * `error` is that of the failure; a crash has one tagged `Crashed`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Attempt = Schema.Struct({
  attempt: Schema.Int,
  token: Schema.Int,
  workerId: Schema.NullOr(Schema.String),
  claimedAt: Schema.DateTimeUtc,
  startedAt: Schema.NullOr(Schema.DateTimeUtc),
  finishedAt: Schema.NullOr(Schema.DateTimeUtc),
  outcome: AttemptOutcome,
  error: Schema.NullOr(JobFailure)
})

/**
 * One attempt.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Attempt = typeof Attempt.Type
