import { assert, describe, it } from "@effect/vitest"
import { Queue } from "@millrace/queue"
import { MemoryStorage, Storage, StorageError } from "@millrace/storage"
import { Deferred, Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as StorageProbe from "../src/StorageProbe.ts"

const away = new StorageError.StorageError({
  reason: new StorageError.Unavailable({ operation: "list", detail: "ECONNREFUSED" })
})

/** A probe whose looks a test answers one by one. */
const harness = Effect.gen(function*() {
  const memory = yield* MemoryStorage.make()
  const seen = { looks: 0, answer: Effect.void as Effect.Effect<void, StorageError.StorageError> }
  const list: Storage.Storage["Service"]["list"] = (query) =>
    Effect.suspend(() => {
      seen.looks++
      return Effect.andThen(seen.answer, memory.list(query))
    })
  const context = yield* Layer.build(
    StorageProbe.layer.pipe(
      Layer.provide(Queue.layer),
      Layer.provide(Layer.succeed(Storage.Storage, { ...memory, list }))
    )
  )
  const { look } = yield* Effect.provide(StorageProbe.StorageProbe, context)
  return { look: Effect.provide(look, Logger.layer([])), seen }
})

describe("StorageProbe", () => {
  it.effect("finds a storage that answers available", () =>
    Effect.gen(function*() {
      const { look } = yield* harness
      assert.isNull(yield* look)
    }))

  it.effect("says why a storage is not available, and finds it again when it is", () =>
    Effect.gen(function*() {
      const { look, seen } = yield* harness
      seen.answer = Effect.fail(away)
      assert.include((yield* look)?.message, "can not be reached")
      seen.answer = Effect.void
      yield* TestClock.adjust("1 second")
      assert.isNull(yield* look)
    }))

  it.effect("waits two seconds for a storage that hangs, and no longer", () =>
    Effect.gen(function*() {
      const { look, seen } = yield* harness
      const gate = yield* Deferred.make<void>()
      seen.answer = Effect.uninterruptible(Deferred.await(gate))
      const fiber = yield* Effect.forkChild(look, { startImmediately: true })
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isNotNull(yield* Fiber.join(fiber))
      yield* Deferred.succeed(gate, undefined)
    }))

  it.effect("asks a storage that hangs only once, however many want to know", () =>
    Effect.gen(function*() {
      const { look, seen } = yield* harness
      const gate = yield* Deferred.make<void>()
      seen.answer = Deferred.await(gate)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => Effect.forkChild(look, { startImmediately: true })
      )
      yield* TestClock.adjust("5 seconds")
      for (const fiber of fibers) assert.isNotNull(yield* Fiber.join(fiber))
      const late = yield* Effect.forkChild(look, { startImmediately: true })
      yield* Deferred.succeed(gate, undefined)
      assert.isNull(yield* Fiber.join(late))
      assert.strictEqual(seen.looks, 1)
    }))

  it.effect("asks once for many probes of the same moment", () =>
    Effect.gen(function*() {
      const { look, seen } = yield* harness
      yield* look
      yield* look
      assert.strictEqual(seen.looks, 1)
      yield* TestClock.adjust("250 millis")
      yield* look
      assert.strictEqual(seen.looks, 2)
    }))
})
