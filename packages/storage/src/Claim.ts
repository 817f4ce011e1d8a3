/**
 * A job lent to a worker: the right to run one attempt.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { JobId } from "./JobId.ts"
import type { JobLimit } from "./Limit.ts"

/**
 * A job name with the versions of its payload that a worker can run: from `versionMin` to `versionMax`, both included.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Handle {
  readonly name: string
  readonly versionMin: number
  readonly versionMax: number
}

/**
 * What a worker asks for.
 *
 * **Details**
 *
 * One call claims from one queue. `limit` is 1 to 1,000. `handles` are the jobs the worker
 * has handlers for, each name once; nothing else is returned. `suspects` asks for one job that died with its worker
 * before and must now run alone, whatever `limit` says: at most one comes back, its lease is
 * marked alone. A claim without it never returns such a job.
 *
 * `perTenant` (1 or more; default of the queue package: 20) times the tenant's weight is the number of jobs of one turn:
 * what a tenant gets before the next one. It does not bind when no other tenant has work; a claim with room for
 * more than a turn of each divides it by the weights. Turns are those of this worker and queue, in the order of the tenants'
 * names, round and round. Where a claim ended within a turn, the next one goes on with the rest of it. Which of several
 * tenants come first is the driver's own. Jobs under limits (and those whose unique key is held until
 * they start) and all others take turns of their own; where both wait at one priority, claims begin with them alternately.
 *
 * `agingEvery` lets every so-manieth claim begin at a larger priority than the smallest, at another one each time, so that
 * none waits for ever; the rest of such a claim is as always. 0 or left out: never. 1 or more.
 *
 * `slots` is the most jobs under limits that come back: those that can start at once, so that nobody holds a limit while
 * it waits for a slot; 0 for none. Left out: `limit`. A claim with a larger `limit` lends ahead: should the worker be
 * lost, the storage can not know which of its jobs had started, and counts a crash for none of them.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ClaimOptions {
  readonly workerId: string
  readonly queue: string
  readonly handles: ReadonlyArray<Handle>
  readonly limit: number
  readonly perTenant: number
  readonly suspects?: boolean
  readonly agingEvery?: number
  readonly slots?: number
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
  readonly limits: ReadonlyArray<JobLimit>
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
