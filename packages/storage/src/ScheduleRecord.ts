/**
 * A schedule as the storage knows it: when it fires, what it enqueues, and where it stands.
 *
 * The storage keeps schedules and finds the due ones. What an expression means is not its business: the next instant
 * is computed by `@millrace/scheduler` and stored as `nextAt`.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type { JobId } from "./JobId.ts"
import type { NewJob } from "./NewJob.ts"

/**
 * When a schedule fires.
 *
 * **Details**
 *
 * - `Cron`: at the local times of `cron` in the time zone `timeZone` (an IANA name)
 * - `Every`: at `anchorMillis` (epoch milliseconds) plus any whole multiple of `everyMillis`
 * - `Once`: at `atMillis` (epoch milliseconds), and never again
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ScheduleTiming =
  | { readonly _tag: "Cron"; readonly cron: string; readonly timeZone: string }
  | { readonly _tag: "Every"; readonly everyMillis: number; readonly anchorMillis: number }
  | { readonly _tag: "Once"; readonly atMillis: number }

/**
 * What happens at an instant while the job of the instant before is not finished.
 *
 * **Details**
 *
 * - `skip`: nothing is enqueued
 * - `queue`: the job is enqueued all the same, and may run beside the other
 * - `cancelPrevious`: the other is cancelled (a running one is asked to stop), and the job enqueued
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Overlap = "skip" | "queue" | "cancelPrevious"

/**
 * What happens to instants that nobody could fire in time, because every node was down.
 *
 * **Details**
 *
 * - `Skip`: they are left out
 * - `RunOnce`: the latest of them is fired, for all
 * - `CatchUp`: the latest `max` of them that are no older than `windowMillis` are fired
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Misfire =
  | { readonly _tag: "Skip" }
  | { readonly _tag: "RunOnce" }
  | { readonly _tag: "CatchUp"; readonly max: number; readonly windowMillis: number }

/**
 * The job that a schedule enqueues: a `NewJob` without its time, and without parents.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ScheduledJob = Omit<NewJob, "delayMillis" | "runAt" | "parents">

/**
 * A schedule as it is written.
 *
 * **Details**
 *
 * - `name`: its identity, 1 to 255 characters
 * - `owner`: the program that declares it in code; null for a schedule that was created at run time
 * - `jitterMillis`: the job starts up to so much after its instant
 * - `nextAt`: the next instant to fire; null when none is left, or while it is paused
 * - `pausedAt`: since when it is paused
 * - `declaredAt`: when its owner last said that it is still declared
 * - `droppedAt`: since when its owner no longer declares it
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Schedule {
  readonly name: string
  readonly owner: string | null
  readonly timing: ScheduleTiming
  readonly job: ScheduledJob
  readonly jitterMillis: number
  readonly overlap: Overlap
  readonly misfire: Misfire
  readonly nextAt: DateTime.Utc | null
  readonly pausedAt: DateTime.Utc | null
  readonly declaredAt: DateTime.Utc | null
  readonly droppedAt: DateTime.Utc | null
}

/**
 * A schedule as it is read.
 *
 * **Details**
 *
 * - `createdAt`, `updatedAt`: when it was first and last written by a person or a deployment, not by a tick
 * - `last`: its latest tick with a job, null before the first
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ScheduleRecord extends Schedule {
  readonly createdAt: DateTime.Utc
  readonly updatedAt: DateTime.Utc
  readonly last: LastTick | null
}

/**
 * The latest tick of a schedule that enqueued a job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface LastTick {
  readonly instant: DateTime.Utc
  readonly jobId: JobId
}

/**
 * Why a tick came about: its time came, a person triggered it, or a past window was filled.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type TickKind = "due" | "trigger" | "backfill"

/**
 * What became of an instant.
 *
 * **Details**
 *
 * - `fired`: a job was enqueued
 * - `duplicate`: another live job holds the unique key of the job; `jobId` is that one
 * - `overlapped`: nothing was enqueued, because the job of the instant before was not finished
 * - `missed`: nothing was enqueued, because it was too late
 * - `refused`: nothing was enqueued, because the storage can not hold the job
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type TickOutcome = "fired" | "duplicate" | "overlapped" | "missed" | "refused"

/**
 * One entry of a schedule's history.
 *
 * **Details**
 *
 * `id` orders the ticks of a storage by the time they were written. `at` is when that was, `instant` the scheduled time.
 * `missed` counts the instants before this one that were left out with it, at most 1,000.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ScheduleTick {
  readonly id: string
  readonly schedule: string
  readonly instant: DateTime.Utc
  readonly at: DateTime.Utc
  readonly kind: TickKind
  readonly outcome: TickOutcome
  readonly jobId: JobId | null
  readonly missed: number
}
