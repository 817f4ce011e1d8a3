/**
 * Runs due jobs inside the server for a while: for hosts that only run when they are called, such as a serverless
 * platform or a cron that sends a request.
 *
 * @since 0.1.0
 */
import type { Handlers } from "@millrace/queue"
import { Queue, Worker } from "@millrace/queue"
import { Storage } from "@millrace/storage"
import type { StorageError } from "@millrace/storage"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as DrainMeter from "./DrainMeter.ts"

/**
 * A layer that registers handlers, as `Job.toLayer` makes them.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type HandlersLayer = Layer.Layer<never, unknown, Handlers.Handlers | Queue.Queue | Storage.Storage>

/**
 * How far to go: the whole call takes no longer than `maxRuntime`, and runs no more than `maxJobs` attempts.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  readonly maxRuntime: Duration.Duration
  readonly maxJobs: number
}

/**
 * What a drain did, and why it ended: nothing was due (`idle`), as many jobs as may be ran (`jobs`), the time was over
 * (`time`), or another drain is under way (`busy`).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Drained extends DrainMeter.Tally {
  readonly ended: "idle" | "jobs" | "time" | "busy"
  readonly runtime: Duration.Duration
}

/**
 * Runs due jobs; one call at a time.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Drainer extends Context.Service<Drainer, {
  readonly run: (limits: Limits) => Effect.Effect<Drained, StorageError.StorageError>
}>()("@millrace/server/Drainer") {}

/** Part of the time that running jobs get to end, at most: then they are given back without an attempt spent. */
const graceShare = 0.2
const graceMost = Duration.seconds(5)

/** How often it is looked whether all is done. */
const lookEvery = "10 millis"

/** Jobs at the same time, for each queue. */
const concurrency = 10

/** Due jobs that are made available at once before it is looked whether there are any. */
const promoteLimit = 1000

/**
 * A drainer that serves these handlers. Without any it finds nothing to do.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  handlers: ReadonlyArray<HandlersLayer>
): Layer.Layer<Drainer, never, Storage.Storage> =>
  Layer.effect(
    Drainer,
    Effect.gen(function*() {
      const storage = yield* Storage.Storage
      const one = yield* Semaphore.make(1)
      return Drainer.of({
        run: Effect.fnUntraced(function*(limits) {
          const startedAt = yield* Clock.currentTimeMillis
          const done = yield* one.withPermitsIfAvailable(1)(drain(storage, handlers, limits))
          const runtime = Duration.millis((yield* Clock.currentTimeMillis) - startedAt)
          return { ...Option.getOrElse(done, () => ({ ...nothing, ended: "busy" as const })), runtime }
        })
      })
    })
  )

const nothing: DrainMeter.Tally = { completed: 0, failed: 0, dead: 0, other: 0 }

const drain = Effect.fnUntraced(function*(
  storage: Storage.Storage["Service"],
  handlers: ReadonlyArray<HandlersLayer>,
  { maxJobs, maxRuntime }: Limits
) {
  yield* storage.promote({ limit: promoteLimit })
  const { queues } = yield* storage.overview
  const isDue = queues.some(({ counts, paused }) => !paused && counts.available > 0)
  if (!isDue || handlers.length === 0) return { ...nothing, ended: "idle" as const }
  const names = queues.map(({ queue }) => queue)
  const meter = DrainMeter.make(storage, names, maxJobs)
  const grace = Duration.min(Duration.times(maxRuntime, graceShare), graceMost)
  const isInTime = yield* Effect.scoped(work(meter, names, handlers, Duration.subtract(maxRuntime, grace), grace))
  return { ...meter.tally(), ended: !isInTime ? "time" as const : meter.isSpent() ? "jobs" as const : "idle" as const }
})

/** Serves until all is done or the time is over; answers whether it was in time. Closing the scope ends the worker. */
const work = Effect.fnUntraced(function*(
  meter: DrainMeter.Meter,
  queues: ReadonlyArray<string>,
  handlers: ReadonlyArray<HandlersLayer>,
  time: Duration.Duration,
  grace: Duration.Duration
) {
  const worker = Worker.layer({ queues, concurrency, prefetch: 0, pollInterval: "100 millis", graceDuration: grace })
  const all = handlers.length === 0 ? Layer.empty : Layer.mergeAll(handlers[0] ?? Layer.empty, ...handlers.slice(1))
  yield* Layer.build(
    all.pipe(
      Layer.provideMerge([Layer.fresh(Queue.layer), Layer.fresh(worker)]),
      Layer.provide(Layer.succeed(Storage.Storage, meter.storage))
    )
  ).pipe(Effect.orDie)
  meter.arm()
  const isInTime = yield* Effect.suspend(() => meter.isDone() ? Effect.void : Effect.fail("not yet" as const)).pipe(
    Effect.retry({ schedule: Schedule.spaced(lookEvery) }),
    Effect.as(true),
    Effect.timeoutOrElse({ duration: time, orElse: () => Effect.succeed(false) }),
    Effect.orElseSucceed(() => false)
  )
  meter.close()
  return isInTime
})
