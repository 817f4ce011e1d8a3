/**
 * The service to create, read and steer schedules, and the nodes that fire them.
 *
 * Every program with this layer may fire any schedule: whoever is first does, and the storage holds that each instant
 * enqueues one job. Nobody leads, so that nothing has to be handed over when a node dies.
 *
 * @since 0.1.0
 */
import * as Actor from "@millrace/queue/Actor"
import { JobDefaults } from "@millrace/queue/JobDefaults"
import { JobRegistry } from "@millrace/queue/JobRegistry"
import { PayloadCodec } from "@millrace/queue/PayloadCodec"
import type { InvalidOption, InvalidPayload, UnknownJob } from "@millrace/queue/QueueError"
import type { ScheduledJob, ScheduleRecord, ScheduleTick } from "@millrace/storage/ScheduleRecord"
import * as ScheduleStorage from "@millrace/storage/ScheduleStorage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Defaults from "./Defaults.ts"
import * as Declaring from "./internal/declaring.ts"
import * as EncodedSchedules from "./internal/encodedSchedules.ts"
import * as Reading from "./internal/reading.ts"
import * as Reconciler from "./internal/reconciler.ts"
import * as Steering from "./internal/steering.ts"
import * as Ticker from "./internal/ticker.ts"
import type { InvalidSchedule, ScheduleExists, ScheduleNotFound, ScheduleOwned } from "./ScheduleError.ts"
import type { PolicySpec, ScheduleChange, ScheduleSpec, TimingSpec } from "./ScheduleSpec.ts"

/**
 * Why a schedule was refused.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export type Refused = InvalidSchedule | InvalidPayload | InvalidOption | UnknownJob

/**
 * A schedule that is declared in code: its job is checked by its definition already.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Declaration extends TimingSpec, PolicySpec {
  readonly name: string
  readonly job: ScheduledJob
}

/**
 * A past window to fill. `from` is included, `to` is not and lies in the past; at most `max` instants, 1 to 1,000,
 * defaults to 1,000: more than that is refused.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface BackfillWindow {
  readonly from: DateTime.DateTime.Input
  readonly to: DateTime.DateTime.Input
  readonly max?: number | undefined
}

/**
 * The scheduler service.
 *
 * **Details**
 *
 * - `create` stores a new schedule; `update` changes one that was created at run time.
 * - `pause` stops a schedule from firing; instants in the meantime are neither fired nor missed. `resume` goes on with
 *   the next instant after now. Repeating either changes nothing.
 * - `trigger` enqueues the job now, whatever the overlap policy, also of a paused schedule.
 * - `remove` deletes a schedule; its jobs and its history stay.
 * - `preview` computes the next instants of a timing (at most 1,000), without storing anything, `next` those of a stored
 *   schedule, whether it is paused or not. `from` defaults to now and is excluded.
 * - `backfill` enqueues the instants of a past window that were not fired yet, the oldest first. Instants from before
 *   the schedule was created count as well.
 * - `history` reads ticks, newest first.
 * - `declare` adds a schedule of this program's code: it is stored as soon as the storage answers, taken as declared while
 *   this program runs, and removed some time after no program of this owner declares it any more.
 *
 * Inside a transaction of the storage's client everything that these methods write is part of that transaction.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Scheduler extends Context.Service<Scheduler, {
  readonly create: (spec: ScheduleSpec) => Effect.Effect<ScheduleRecord, Refused | ScheduleExists | StorageError>
  readonly update: (
    name: string,
    change: ScheduleChange
  ) => Effect.Effect<ScheduleRecord, Refused | ScheduleNotFound | ScheduleOwned | StorageError>
  readonly pause: (name: string) => Effect.Effect<ScheduleRecord, ScheduleNotFound | StorageError>
  readonly resume: (name: string) => Effect.Effect<ScheduleRecord, ScheduleNotFound | StorageError>
  readonly trigger: (name: string) => Effect.Effect<ScheduleTick, ScheduleNotFound | StorageError>
  readonly remove: (name: string) => Effect.Effect<void, ScheduleNotFound | ScheduleOwned | StorageError>
  readonly get: (name: string) => Effect.Effect<ScheduleRecord, ScheduleNotFound | StorageError>
  readonly list: (query: ScheduleStorage.ScheduleQuery) => Effect.Effect<ScheduleStorage.SchedulePage, StorageError>
  readonly preview: (
    timing: TimingSpec,
    options: { readonly count: number; readonly from?: DateTime.DateTime.Input | undefined }
  ) => Effect.Effect<ReadonlyArray<DateTime.Utc>, InvalidSchedule | StorageError>
  readonly next: (
    name: string,
    options: { readonly count: number; readonly from?: DateTime.DateTime.Input | undefined }
  ) => Effect.Effect<ReadonlyArray<DateTime.Utc>, InvalidSchedule | ScheduleNotFound | StorageError>
  readonly backfill: (
    name: string,
    window: BackfillWindow
  ) => Effect.Effect<ReadonlyArray<ScheduleTick>, InvalidSchedule | ScheduleNotFound | StorageError>
  readonly history: (query: ScheduleStorage.TickQuery) => Effect.Effect<ScheduleStorage.TickPage, StorageError>
  readonly declare: (declaration: Declaration) => Effect.Effect<void, InvalidSchedule>
}>()("@millrace/scheduler/Scheduler") {}

/**
 * Options of a scheduler.
 *
 * **Details**
 *
 * - `owner`: whose declarations those of this program are; the same in every process that declares the same schedules.
 *   Defaults to `default`
 * - `dropAfter`: how long a schedule that is no longer declared goes on. Defaults to 15 minutes
 * - `ticks`: whether this program fires schedules. Defaults to true
 * - `pollInterval`: longest pause between two looks for due schedules, at which a schedule of another program is noticed.
 *   Defaults to 1 second
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface SchedulerOptions {
  readonly owner?: string | undefined
  readonly dropAfter?: Duration.Input | undefined
  readonly ticks?: boolean | undefined
  readonly pollInterval?: Duration.Input | undefined
}

/**
 * The scheduler on a storage of schedules. Knows the definitions of `JobRegistry` and encodes with `PayloadCodec`, if those
 * are provided.
 *
 * **Details**
 *
 * It needs no storage that answers: it starts to fire as soon as one does, and stays up through outages.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: SchedulerOptions = {}
): Layer.Layer<Scheduler, never, ScheduleStorage.ScheduleStorage> =>
  Layer.effect(
    Scheduler,
    Effect.gen(function*() {
      const storage = EncodedSchedules.make(yield* ScheduleStorage.ScheduleStorage, yield* PayloadCodec)
      const registry = yield* JobRegistry
      const defaults = yield* JobDefaults
      const wake = Latch.makeUnsafe(false)
      const afterWrite = Effect.sync(() => wake.openUnsafe())
      const declarations = Declaring.make(options)
      const pollMillis = Duration.toMillis(options.pollInterval ?? Defaults.tickMillis)
      const actors = [
        Reconciler.make(storage, declarations, afterWrite),
        ...options.ticks === false ? [] : [Ticker.make(storage, wake, pollMillis)]
      ]
      yield* Effect.forEach(actors, (actor) => Effect.forkScoped(Actor.run(actor)), { discard: true })
      return Scheduler.of({
        ...Steering.make(storage, { registry, defaults }, afterWrite),
        ...Reading.make(storage),
        declare: (declaration) => Declaring.add(declarations, declaration)
      })
    })
  )
