/**
 * A worker process as the storage knows it: its registration, its lease, what it runs.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { JobId } from "./JobId.ts"

/**
 * Schema of what a worker says of itself when it registers.
 *
 * **Details**
 *
 * `names` are the jobs it has handlers for; `handles` says of which versions. `concurrency` is how many jobs it may run at
 * the same time in all of its queues together; `slots` how many of each queue. Both are as of its last registration. Left
 * out: unknown.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const WorkerInfo = Schema.Struct({
  host: Schema.String,
  pid: Schema.Int,
  release: Schema.String,
  queues: Schema.Array(Schema.String),
  names: Schema.Array(Schema.String),
  handles: Schema.optionalKey(Schema.Array(
    Schema.Struct({ name: Schema.String, versionMin: Schema.Int, versionMax: Schema.Int })
  )),
  concurrency: Schema.Int,
  slots: Schema.optionalKey(Schema.Record(Schema.String, Schema.Int))
})

/**
 * What a worker says of itself.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type WorkerInfo = typeof WorkerInfo.Type

/**
 * How many jobs of a queue a worker may run at the same time; of all of its queues where it did not say.
 *
 * @stability unstable
 * @category getters
 * @since 0.1.0
 */
export const slotsOf = ({ concurrency, slots }: WorkerInfo, queue: string): number =>
  slots !== undefined && Object.hasOwn(slots, queue) ? slots[queue] ?? concurrency : concurrency

/**
 * Schema of a registered worker.
 *
 * **Details**
 *
 * `expiresAt` is the end of its lease; `running` the number of jobs it holds.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const WorkerRecord = Schema.Struct({
  id: Schema.String,
  info: WorkerInfo,
  startedAt: Schema.DateTimeUtc,
  renewedAt: Schema.DateTimeUtc,
  expiresAt: Schema.DateTimeUtc,
  running: Schema.Int
})

/**
 * A registered worker.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type WorkerRecord = typeof WorkerRecord.Type

/**
 * A sign of life.
 *
 * **Details**
 *
 * - `Register` announces a new worker id; repeated, it renews. Ids are never used again after `Leave` or `Lost`.
 * - `Renew` prolongs the lease to now + `leaseMillis`. A lease that ended, but that nobody reclaimed, lives again.
 *   It ends at `expiresAt`: from that instant on the worker claims nothing and can be reclaimed.
 * - `Leave` ends the registration; jobs it still holds are released without an attempt spent. Answers `Lost`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type RenewRequest =
  | { readonly _tag: "Register"; readonly workerId: string; readonly leaseMillis: number; readonly info: WorkerInfo }
  | { readonly _tag: "Renew"; readonly workerId: string; readonly leaseMillis: number }
  | { readonly _tag: "Leave"; readonly workerId: string }

/**
 * The answer to a sign of life.
 *
 * **Details**
 *
 * `Lost`: the registration is gone and every claim of this worker with it; register under a new id.
 * `cancellations` are the claims of this worker that were asked to stop, until they are settled.
 * `suspects` says that jobs wait to be run alone, of the queues and names that this worker registered.
 * `nextExpiryMillis` tells in how many milliseconds the first lease of another worker ends, 0 when one has ended: when
 * to reclaim next. Null: there is no other worker. Absent: the driver does not tell.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type RenewResult =
  | {
    readonly _tag: "Renewed"
    readonly cancellations: ReadonlyArray<{ readonly id: JobId; readonly token: number; readonly reason: string }>
    readonly suspects: boolean
    readonly nextExpiryMillis?: number | null
  }
  | { readonly _tag: "Lost" }
