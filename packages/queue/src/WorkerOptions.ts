/**
 * How a worker is set up.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as LogLevel from "effect/LogLevel"

/**
 * Jobs that run at the same time: a number, or bounds between which the worker chooses.
 *
 * **Details**
 *
 * Within bounds it begins with the fewest and looks once a second: half as many again while all slots are taken, more
 * jobs wait and the process has room; a fifth fewer while the process is saturated, or half of the slots are idle.
 * Running jobs are never ended for it. `ProcessLoad` says how busy the process is.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Concurrency = number | { readonly min: number; readonly max: number }

/**
 * Options of one queue of a worker; what is left out is the worker's own option.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface QueueOptions {
  readonly concurrency?: Concurrency
  readonly prefetch?: number
}

/**
 * Options of a worker.
 *
 * **Details**
 *
 * - `queues`: the queues to work for, by name, or with options of their own. Defaults to `["default"]`
 * - `concurrency`: jobs that run at the same time, per queue, 1 to 10,000; or bounds. Defaults to 10
 * - `prefetch`: most jobs claimed ahead of free slots, per queue; 0 for none. Only so many are claimed as start within
 *   about 100 ms at the present pace, and one that found no slot within 2 seconds is given back. Defaults to 500
 * - `perTenant`: jobs that one tenant may get in a claim while other tenants wait. Defaults to 20
 * - `agingEvery`: one in so many claims begins at a lower priority, in turn, so that low priority never starves; 0 for
 *   none. Defaults to 10
 * - `pollInterval`: pause between two looks of an idle worker, plus or minus 20 %. Defaults to 1 second
 * - `leaseDuration`: how long the storage trusts a silent worker; renewed three times as often. Defaults to 12 seconds
 * - `standstillDuration`: how long the heart of the process, if it has one, keeps the lease while the event loop stands
 *   still. Then the lease ends, and the jobs run elsewhere. Defaults to 5 minutes
 * - `graceDuration`: time that running jobs get when the worker stops. Defaults to 10 seconds
 * - `keepFinished`, `keepDead`: how long `completed` and `cancelled`, and `dead` jobs are kept. Default to 30 and 90 days
 * - `maintenance`: whether this worker also promotes, reclaims and prunes. Some worker must. Defaults to true
 * - `prunes`: whether its maintenance prunes; no when a schedule of `@millrace/jobs/SystemSchedules` does. Defaults to true
 * - `jobLogLevel`: level of the log lines "job started" and "job completed". Failures are logged as warnings, deaths as
 *   errors. Defaults to `Debug`
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface WorkerOptions {
  readonly queues?: ReadonlyArray<string> | { readonly [queue: string]: QueueOptions }
  readonly concurrency?: Concurrency
  readonly prefetch?: number
  readonly perTenant?: number
  readonly agingEvery?: number
  readonly pollInterval?: Duration.Input
  readonly leaseDuration?: Duration.Input
  readonly standstillDuration?: Duration.Input
  readonly graceDuration?: Duration.Input
  readonly keepFinished?: Duration.Input
  readonly keepDead?: Duration.Input
  readonly maintenance?: boolean
  readonly prunes?: boolean
  readonly jobLogLevel?: LogLevel.Severity
}
