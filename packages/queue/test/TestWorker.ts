/**
 * Starting and stopping workers inside a test, on the storage of the test.
 */
import type { Storage } from "@millrace/storage/Storage"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Handlers } from "../src/Handlers.ts"
import * as Queue from "../src/Queue.ts"
import * as Worker from "../src/Worker.ts"
import type { WorkerOptions } from "../src/WorkerOptions.ts"
import * as TestStorage from "./TestStorage.ts"

/** A worker that a test started. */
export interface Started {
  readonly worker: Worker.Worker["Service"]
  /** Registers more handlers with it. */
  readonly register: (handlers: Layer.Layer<never, never, Handlers>) => Effect.Effect<void>
  /** Closes the worker's layer, which stops it gracefully. */
  readonly stop: Effect.Effect<void>
}

/** Starts a worker with these handlers. It stops with the test at the latest. */
export const start = <R>(
  handlers: Layer.Layer<never, never, Handlers | R>,
  options: WorkerOptions = {}
): Effect.Effect<Started, never, Exclude<R, Handlers | Worker.Worker> | Storage | Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    // A worker that a failed test left behind needs time to pass to stop.
    yield* Effect.addFinalizer(() =>
      Effect.interruptible(Effect.raceFirst(
        Scope.close(scope, Exit.void),
        Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust("1 second")))
      ))
    )
    const context = yield* Layer.buildWithScope(handlers.pipe(Layer.provideMerge(Worker.layer(options))), scope)
    const register = (more: Layer.Layer<never, never, Handlers>) =>
      Effect.asVoid(Layer.buildWithScope(Layer.provide(more, Layer.succeedContext(context)), scope))
    return { worker: Context.get(context, Worker.Worker), register, stop: Scope.close(scope, Exit.void) }
  })

/** The queue and the storage of a test. */
export const layer = (options?: Parameters<typeof TestStorage.layer>[0]) =>
  Queue.layer.pipe(Layer.provideMerge(TestStorage.layer(options)))

/** A real turn of the event loop: fibers that can go on without time do. */
const turn: Effect.Effect<void> = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Lets so much time pass at once, and everything happen that follows from it. */
const step = (millis: number): Effect.Effect<void> =>
  Effect.andThen(TestClock.adjust(millis), Effect.repeat(turn, { times: 5 }))

/** Lets everything happen that needs turns of the event loop and next to no time. */
export const settle: Effect.Effect<void> = Effect.asVoid(Effect.repeat(step(1), { times: 30 }))

/** Lets time pass in small steps, with turns of the event loop in between. */
export const pass = (millis: number): Effect.Effect<void> =>
  Effect.andThen(Effect.repeat(step(millis / 20), { times: 19 }), settle)

/** Lets time pass in steps until something holds; answers how many milliseconds that took, at most `mostMillis`. */
export const passUntil = <E, R>(
  holds: Effect.Effect<boolean, E, R>,
  stepMillis: number,
  mostMillis: number
): Effect.Effect<number, E, R> =>
  Effect.gen(function*() {
    let passed = 0
    while (passed < mostMillis && !(yield* holds)) {
      yield* step(stepMillis)
      passed += stepMillis
    }
    return passed
  })
