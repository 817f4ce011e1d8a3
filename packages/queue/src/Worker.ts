/**
 * The worker: claims jobs of its queues and runs their handlers on fibers.
 *
 * @since 0.1.0
 */
import type { JobId } from "@millrace/storage/JobId"
import * as Storage from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Handlers } from "./Handlers.ts"
import * as Adjuster from "./internal/adjuster.ts"
import * as Claimer from "./internal/claimer.ts"
import * as ClaimTable from "./internal/claimTable.ts"
import * as Declarer from "./internal/declarer.ts"
import * as Isolator from "./internal/isolator.ts"
import * as JobLog from "./internal/jobLog.ts"
import type { Lane } from "./internal/lane.ts"
import * as Listener from "./internal/listener.ts"
import type * as Loop from "./internal/loop.ts"
import * as Promoter from "./internal/promoter.ts"
import * as Pruner from "./internal/pruner.ts"
import * as Pulse from "./internal/pulse.ts"
import * as Reclaimer from "./internal/reclaimer.ts"
import * as Registration from "./internal/registration.ts"
import * as Renewer from "./internal/renewer.ts"
import * as Reporter from "./internal/reporter.ts"
import * as Runner from "./internal/runner.ts"
import * as Settings from "./internal/settings.ts"
import * as Settler from "./internal/settler.ts"
import * as Shutdown from "./internal/shutdown.ts"
import * as Supervisor from "./internal/supervisor.ts"
import * as Timekeeper from "./internal/timekeeper.ts"
import * as Workshop from "./internal/workshop.ts"
import * as JobDefaults from "./JobDefaults.ts"
import type { Read } from "./ProcessLoad.ts"
import { ProcessLoad } from "./ProcessLoad.ts"
import type { WorkerOptions } from "./WorkerOptions.ts"

/**
 * What a worker is doing.
 *
 * **Details**
 *
 * - `starting`: not registered yet; the storage may be out of reach
 * - `running`: claims and runs jobs
 * - `isolating`: runs suspects (jobs that died with their worker) one at a time, and nothing else
 * - `fenced`: its lease could not be renewed; running jobs were interrupted and it waits for the storage
 * - `draining`: claims nothing more
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type WorkerState = "starting" | "running" | "isolating" | "fenced" | "draining"

/**
 * A handler that goes on although it was interrupted: it ignores interruption, or blocks. Its slot stays taken, and its
 * claim is kept until it ends.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface StuckHandler {
  readonly id: JobId
  readonly name: string
  readonly reason: "timeout" | "deadline" | "cancel" | "shutdown" | "lease"
  readonly sinceMillis: number
}

/**
 * An actor of a worker whose last steps failed: how often in a row, for how long, and the last error.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface FailingActor {
  readonly actor: string
  readonly failures: number
  readonly sinceMillis: number
  readonly error: string
}

/**
 * The slots of a queue of a worker: how many there are, how many of them are taken, and between which numbers the worker
 * chooses. `min` and `max` are the same when it does not.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface QueueSlots {
  readonly queue: string
  readonly slots: number
  readonly running: number
  readonly min: number
  readonly max: number
}

/**
 * The condition of a worker.
 *
 * **Details**
 *
 * `workerId` is its present id in the storage. `running` handlers of `capacity` slots, queue by queue in `slots`;
 * `buffered` claims wait for a slot; `settling` outcomes wait to be written. `leaseMillis` is what is left of the lease by this process's clock, less the
 * safety margin; 0 or less when the worker is fenced. `failing` are the actors whose last steps failed: they go on
 * trying.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface WorkerHealth {
  readonly workerId: string
  readonly state: WorkerState
  readonly queues: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly capacity: number
  readonly slots: ReadonlyArray<QueueSlots>
  readonly running: number
  readonly buffered: number
  readonly settling: number
  readonly leaseMillis: number
  readonly stuck: ReadonlyArray<StuckHandler>
  readonly failing: ReadonlyArray<FailingActor>
}

/**
 * The worker service.
 *
 * **Details**
 *
 * - `id` is the worker's own id, chosen at its start.
 * - `drain` claims nothing more and waits until nothing runs; it interrupts nothing.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Worker extends Context.Service<Worker, {
  readonly id: string
  readonly health: Effect.Effect<WorkerHealth>
  readonly drain: Effect.Effect<void>
}>()("@millrace/queue/Worker") {}

/**
 * A worker. It starts with the layer, claims jobs for which handlers are registered, and stops gracefully with it.
 *
 * **Details**
 *
 * It needs no storage that answers: it registers as soon as one does, and stays up through outages. When the layer
 * closes, nothing more is claimed, running jobs get the grace time, the rest is interrupted and given back without an
 * attempt spent, outcomes are written, and the worker leaves: within the grace time and a second.
 *
 * **Errors**
 *
 * Dies with `InvalidOption` for options that can not be.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: WorkerOptions = {}
): Layer.Layer<Worker | Handlers, never, Storage.Storage> =>
  Layer.effectContext(Effect.gen(function*() {
    const storage = yield* Storage.Storage
    const settings = yield* Effect.orDie(Effect.suspend(() => Effect.fromResult(Settings.resolve(options))))
    const defaults = yield* JobDefaults.JobDefaults
    const shop = yield* Workshop.make(storage, settings)
    const read = (yield* ProcessLoad)?.() ?? unmeasured
    const crew = yield* Effect.acquireRelease(
      startActors(shop, read),
      ({ fibers }) => Shutdown.stopWorker(shop, fibers)
    )
    const drain = Effect.suspend(() => {
      Shutdown.stopClaiming(shop)
      return ClaimTable.waitUntil(shop.table, () => shop.table.held.size === 0 && shop.table.claiming === 0)
    })
    return Context.make(Worker, Worker.of({ id: shop.id, health: Effect.sync(() => healthOf(shop, crew)), drain }))
      .pipe(
        Context.add(Handlers, Registration.make(shop, defaults))
      )
  }))

/** A process that nobody measures has room. */
const unmeasured: Read = () => 0

const startActors = (shop: Workshop.Workshop, read: Read): Effect.Effect<Supervisor.Crew> =>
  Effect.gen(function*() {
    const { id, settings: { queues } } = shop
    JobLog.say(shop, "Info", "worker started", { worker: id, queues: queues.map(({ queue }) => queue).join(", ") })
    return yield* Supervisor.start(actorsOf(shop, read))
  })

const actorsOf = (shop: Workshop.Workshop, read: Read): ReadonlyArray<Loop.Actor<StorageError>> => [
  Pulse.make(shop),
  Renewer.make(shop),
  Timekeeper.make(shop),
  Listener.make(shop),
  ...shop.lanes.flatMap((lane) => [Claimer.make(shop, lane), Runner.make(shop, lane)]),
  ...Array.from({ length: Settler.count }, () => Settler.make(shop)),
  ...Adjuster.make(shop, read),
  Reporter.make(shop),
  Declarer.make(shop),
  Isolator.make(shop),
  ...(shop.settings.maintenance ? [Promoter.make(shop), Reclaimer.make(shop)] : []),
  ...(shop.settings.maintenance && shop.settings.prunes ? [Pruner.make(shop)] : [])
]

const stopNames = {
  Timeout: "timeout",
  Deadline: "deadline",
  Cancel: "cancel",
  Shutdown: "shutdown",
  Lease: "lease"
} as const

const healthOf = (shop: Workshop.Workshop, crew: Supervisor.Crew): WorkerHealth => {
  const nowMillis = Workshop.nowMillis(shop)
  const { session, settings: { queues }, table } = shop
  return {
    workerId: session.workerId,
    state: stateOf(shop),
    queues: queues.map(({ queue }) => queue),
    names: Workshop.names(shop),
    capacity: shop.lanes.reduce((sum, { slots }) => sum + slots, 0),
    slots: shop.lanes.map(slotsOf),
    running: table.running,
    buffered: ClaimTable.buffered(shop.lanes),
    settling: table.held.size - table.running - ClaimTable.buffered(shop.lanes),
    leaseMillis: session.state === "live" ? session.deadlineMillis - nowMillis : 0,
    stuck: [...table.held].flatMap(({ claim, isStuck, stop, stoppedMillis }) =>
      isStuck && stop !== null
        ? [{ id: claim.id, name: claim.name, reason: stopNames[stop._tag], sinceMillis: nowMillis - stoppedMillis }]
        : []
    ),
    failing: crew.failing(shop.clock.currentTimeMillisUnsafe())
  }
}

const slotsOf = ({ running, settings: { concurrency, concurrencyMax, queue }, slots }: Lane): QueueSlots => ({
  queue,
  slots,
  running,
  min: concurrency,
  max: concurrencyMax ?? concurrency
})

const stateOf = (shop: Workshop.Workshop): WorkerState => {
  if (shop.isStopping) return "draining"
  if (shop.session.isFenced) return "fenced"
  if (shop.session.state !== "live") return "starting"
  return shop.isIsolating ? "isolating" : "running"
}
