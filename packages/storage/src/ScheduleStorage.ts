/**
 * The port of schedules: what Millrace asks of a database to fire each instant once.
 *
 * A port of its own, so that a driver of jobs need not have it. Decisions are pure functions that the caller passes in;
 * a driver locks, asks the function, writes and commits. `MemoryScheduleStorage` is its executable specification.
 *
 * **Guarantees that every driver gives**
 *
 * - A job is enqueued at most once for each instant of a schedule name, whatever crashes and however many nodes tick: the
 *   tick is stored under `(schedule, instant)` in the transaction that inserts the job. Triggers by hand are not counted.
 * - `modify` and `tick` see and write a schedule while nobody else does.
 * - All instants are those of one clock, the storage's.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { Schedule, ScheduleRecord, ScheduleTick, TickKind } from "./ScheduleRecord.ts"
import type { StorageError } from "./StorageError.ts"

/**
 * The storage of schedules.
 *
 * **Details**
 *
 * - `now` is the storage's clock.
 * - `modify` reads a schedule by name (null: there is none), asks `decide` what to do, and does it, in one transaction.
 *   `decide` may be called more than once, for it is repeated when somebody else was faster.
 * - `tick` does so for the due schedules, the longest due first, at most `limit`, leaving out those that somebody else
 *   is just ticking. A schedule is due from the instant `nextAt` on, unless it is paused. What `decide` answers as
 *   `nextAt` is later than what it was given, or null.
 * - `get` reads one schedule, null if there is none. `list` reads a page of them by name.
 * - `ticks` reads a page of the history of a schedule, newest first. It outlives the schedule.
 * - `prune` drops ticks that were written longer ago than `keepMillis`, but none of instants to come; it answers how many.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class ScheduleStorage extends Context.Service<ScheduleStorage, {
  readonly now: Effect.Effect<DateTime.Utc, StorageError>
  readonly modify: <A>(
    name: string,
    decide: (current: ScheduleRecord | null, now: DateTime.Utc) => Modification<A>
  ) => Effect.Effect<Modified<A>, StorageError>
  readonly tick: (options: TickOptions) => Effect.Effect<Ticked, StorageError>
  readonly get: (name: string) => Effect.Effect<ScheduleRecord | null, StorageError>
  readonly list: (query: ScheduleQuery) => Effect.Effect<SchedulePage, StorageError>
  readonly ticks: (query: TickQuery) => Effect.Effect<TickPage, StorageError>
  readonly prune: (options: { readonly keepMillis: number }) => Effect.Effect<number, StorageError>
}>()("@millrace/storage/ScheduleStorage") {}

/**
 * What to do with one schedule.
 *
 * **Details**
 *
 * `write` is the schedule to store, `"keep"` to leave it as it is, `"remove"` to delete it. `isEdit` tells whether
 * `updatedAt` changes. `fire` are the instants to enqueue, by the schedule as it is stored afterwards.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Modification<A> {
  readonly answer: A
  readonly write: Schedule | "keep" | "remove"
  readonly isEdit: boolean
  readonly fire: ReadonlyArray<Firing>
}

/**
 * An instant to fire.
 *
 * **Details**
 *
 * - `runAt`: when the job may start: the instant, and the jitter
 * - `overlap`: whether the schedule's overlap policy is asked; when it is not, the job is enqueued in any case
 * - `outcome`: `missed` stores the instant without a job
 * - `missed`: how many instants before it were left out
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Firing {
  readonly instant: DateTime.Utc
  readonly runAt: DateTime.Utc
  readonly kind: TickKind
  readonly overlap: boolean
  readonly outcome: "fired" | "missed"
  readonly missed: number
}

/**
 * The answer of a modification: what `decide` answered, the schedule afterwards, and what became of the instants, in
 * their order. An instant that was fired before is left out.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Modified<A> {
  readonly answer: A
  readonly schedule: ScheduleRecord | null
  readonly ticks: ReadonlyArray<ScheduleTick>
}

/**
 * How to tick.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TickOptions {
  readonly limit: number
  readonly decide: (schedule: ScheduleRecord, now: DateTime.Utc) => TickDecision
}

/**
 * What to fire of a due schedule, and when it is due again.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TickDecision {
  readonly nextAt: DateTime.Utc | null
  readonly fire: ReadonlyArray<Firing>
}

/**
 * What a tick did. `schedules` counts those that were due; `nextDueMillis` is the time until the next one is (null: none).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Ticked {
  readonly schedules: number
  readonly ticks: ReadonlyArray<ScheduleTick>
  readonly nextDueMillis: number | null
}

/**
 * Which schedules to list: all given filters must hold. `after` is the name of the last one of the page before.
 * `limit` is 1 to 1,000, defaults to 50.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ScheduleQuery {
  readonly owner?: string | null
  readonly paused?: boolean
  readonly after?: string
  readonly limit?: number
}

/**
 * A page of schedules by name. `next` is the `after` of the following page, null at the end.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface SchedulePage {
  readonly items: ReadonlyArray<ScheduleRecord>
  readonly next: string | null
}

/**
 * Which ticks to list: those of a schedule, or of all. `before` is the id of the last one of the page before.
 * `limit` is 1 to 1,000, defaults to 50.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TickQuery {
  readonly schedule?: string
  readonly before?: string
  readonly limit?: number
}

/**
 * A page of ticks, newest first. `next` is the `before` of the following page, null at the end.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TickPage {
  readonly items: ReadonlyArray<ScheduleTick>
  readonly next: string | null
}
