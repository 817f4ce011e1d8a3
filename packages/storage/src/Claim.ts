/**
 * A job lent to a worker: the right to run one attempt.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { JobId } from "./JobId.ts"

/**
 * What a worker asks for.
 *
 * **Details**
 *
 * One call claims from one queue. `limit` is 1 to 1,000. `names` are the job names the worker
 * has handlers for; nothing else is returned. `perTenant` is the number of jobs that one tenant
 * may get in a claim while other tenants wait (default of the queue package: 20), 1 or more; it does
 * not bind when no other tenant has work. `suspects` asks for one job that died with its worker
 * before and must now run alone, whatever `limit` says: at most one comes back, its lease is
 * marked alone. A claim without it never returns such a job.
 *
 * Turns are those of this worker and queue: a claim goes on after the tenant it served last, in the order
 * of the tenants' names, round and round. Which of several tenants come first is the driver's own.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ClaimOptions {
  readonly workerId: string
  readonly queue: string
  readonly names: ReadonlyArray<string>
  readonly limit: number
  readonly perTenant: number
  readonly suspects?: boolean
}

/**
 * A claimed job. `leaseId`, `id` and `token` together are the fence of every later write.
 *
 * **Details**
 *
 * `hasReport` says that an earlier attempt left progress or a checkpoint behind.
 * `attempt` is the number of the attempt that this claim starts (`failures + crashes + 1`).
 * `leaseId` is the driver's own: whether jobs of one call share it is up to the driver; with the same id and
 * token it is never used again.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly id: JobId
  readonly leaseId: string
  readonly token: number
  readonly name: string
  readonly version: number
  readonly queue: string
  readonly tenant: string
  readonly priority: number
  readonly payload: Schema.Json
  readonly attempt: number
  readonly failures: number
  readonly crashes: number
  readonly maxAttempts: number
  readonly timeoutMillis: number | null
  readonly retry: Schema.Json | null
  readonly uniqueKey: string | null
  readonly tags: ReadonlyArray<string>
  readonly createdAtMillis: number
  readonly hasReport: boolean
}

/**
 * The part of a claim that fences a write.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Fence = Pick<Claim, "id" | "leaseId" | "token">

/**
 * What became of a fenced write: it took effect (now or, when repeated, before), or the
 * claim was lost and nothing was changed.
 *
 * **Details**
 *
 * A fence holds while the lease exists, belongs to the worker, and the job still runs in it with this
 * token. A lease that ended exists until it is reclaimed. Of an attempt that has ended, a settlement that
 * agrees with how it ended (it is a repetition) answers `Applied`; one that contradicts it (sent
 * after a reclaim, or a `Completed` after `Leave`) answers `LeaseLost`, as does any whose job is gone.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type FencedResult = "Applied" | "LeaseLost"
