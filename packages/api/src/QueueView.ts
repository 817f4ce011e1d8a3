/**
 * Queues, workers and totals as the API shows them.
 *
 * @since 0.1.0
 */
import { FleetHealth, JobState } from "@millrace/storage"
import type { Storage, WorkerRecord } from "@millrace/storage"
import * as Schema from "effect/Schema"

const Instant = Schema.DateTimeUtcFromString

/**
 * Schema of a number of jobs for each state.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const StateCounts = Schema.Record(JobState.JobState, Schema.Int).annotate({ identifier: "StateCounts" })

/**
 * A number of jobs for each state.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type StateCounts = typeof StateCounts.Type

/**
 * Schema of a queue. A paused one takes jobs, and no worker claims any of it.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const QueueView = Schema.Struct({
  name: Schema.String,
  paused: Schema.Boolean,
  counts: StateCounts
}).annotate({ identifier: "Queue" })

/**
 * A queue.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type QueueView = typeof QueueView.Type

/**
 * Schema of whether a queue is paused.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const QueuePause = Schema.Struct({
  name: Schema.String,
  paused: Schema.Boolean
}).annotate({ identifier: "QueuePause" })

/**
 * Schema of a worker process.
 *
 * **Details**
 *
 * `concurrency` is how many jobs it may run at once in all of its queues together, `slots` how many of each (null: it
 * did not say), `running` how many it holds. It is alive at
 * least until `expiresAt`, which each sign of life (`renewedAt`) moves on.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const WorkerView = Schema.Struct({
  id: Schema.String,
  host: Schema.String,
  pid: Schema.Int,
  release: Schema.String,
  queues: Schema.Array(Schema.String),
  names: Schema.Array(Schema.String),
  concurrency: Schema.Int,
  slots: Schema.NullOr(Schema.Record(Schema.String, Schema.Int)),
  running: Schema.Int,
  startedAt: Instant,
  renewedAt: Instant,
  expiresAt: Instant
}).annotate({ identifier: "Worker" })

/**
 * A worker process.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type WorkerView = typeof WorkerView.Type

/**
 * Schema of the totals.
 *
 * **Details**
 *
 * `jobs` counts by state over all queues. Of the workers `active` run at least one job; `slots` is how many jobs they
 * may run at once together, `running` how many they hold.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Stats = Schema.Struct({
  jobs: StateCounts,
  queues: Schema.Struct({ total: Schema.Int, paused: Schema.Int }),
  workers: Schema.Struct({
    total: Schema.Int,
    active: Schema.Int,
    idle: Schema.Int,
    slots: Schema.Int,
    running: Schema.Int
  })
}).annotate({ identifier: "Stats" })

/**
 * The totals.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Stats = typeof Stats.Type

/**
 * Shows a queue.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromCounts = ({ counts, paused, queue }: Storage.QueueCounts): QueueView => ({
  name: queue,
  paused,
  counts
})

/**
 * Shows a worker.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromWorker = ({ id, info, ...rest }: WorkerRecord.WorkerRecord): WorkerView => ({
  id,
  host: info.host,
  pid: info.pid,
  release: info.release,
  queues: info.queues,
  names: info.names,
  concurrency: info.concurrency,
  slots: info.slots ?? null,
  running: rest.running,
  startedAt: rest.startedAt,
  renewedAt: rest.renewedAt,
  expiresAt: rest.expiresAt
})

/**
 * Sums up queues and workers.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const summarize = (overview: Storage.Overview): Stats => FleetHealth.totalsOf(overview)
