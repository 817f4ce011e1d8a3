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

/** Lets everything happen that needs turns of the event loop and next to no time. */
export const settle: Effect.Effect<void> = Effect.asVoid(
  Effect.repeat(Effect.andThen(TestClock.adjust("1 millis"), Effect.yieldNow), { times: 30 })
)

/** Lets time pass in small steps, with turns of the event loop in between. */
export const pass = (millis: number): Effect.Effect<void> =>
  Effect.andThen(
    Effect.forEach(
      Array.from({ length: 20 }),
      () => Effect.andThen(TestClock.adjust(millis / 20), Effect.yieldNow),
      { discard: true }
    ),
    settle
  )
