import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Doubts from "../../src/internal/doubts.ts"

describe("doubts", () => {
  it.effect("gives every claim a key of its own", () =>
    Effect.gen(function*() {
      const doubts = yield* Doubts.make
      const keys = yield* Effect.forEach([1, 2, 3], () => doubts.watch("w1", Effect.succeed))
      assert.strictEqual(new Set(keys).size, 3)
      const [other] = yield* Effect.forEach([1], () =>
        Effect.flatMap(Doubts.make, (two) => two.watch("w1", Effect.succeed)))
      assert.notInclude(keys, other)
    }))

  it.effect("doubts a claim that failed or was interrupted, of its worker only", () =>
    Effect.gen(function*() {
      const doubts = yield* Doubts.make
      const seen: Array<string> = []
      yield* doubts.watch("w1", (key) => Effect.fail(seen.push(key))).pipe(Effect.ignore)
      const started = yield* Deferred.make<void>()
      const fiber = yield* doubts.watch("w1", (key) => {
        seen.push(key)
        return Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
      }).pipe(Effect.forkChild)
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      yield* doubts.watch("w2", () => Effect.fail("no")).pipe(Effect.ignore)
      assert.deepStrictEqual(yield* doubts.of("w1"), seen)
      assert.lengthOf(yield* doubts.of("w2"), 1)
      assert.deepStrictEqual(yield* doubts.of("w3"), [])
    }))

  it.effect("doubts no claim that succeeded", () =>
    Effect.gen(function*() {
      const doubts = yield* Doubts.make
      yield* doubts.watch("w1", () => Effect.succeed([]))
      assert.deepStrictEqual(yield* doubts.of("w1"), [])
    }))

  it.effect("stops doubting after a minute, in which the server may still have been at work", () =>
    Effect.gen(function*() {
      const doubts = yield* Doubts.make
      yield* doubts.watch("w1", () => Effect.fail("no")).pipe(Effect.ignore)
      yield* TestClock.adjust("60 seconds")
      assert.lengthOf(yield* doubts.of("w1"), 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* doubts.of("w1"), [])
    }))

  it.effect("keeps the newest thousand", () =>
    Effect.gen(function*() {
      const doubts = yield* Doubts.make
      const seen: Array<string> = []
      yield* Effect.forEach(Array.from({ length: 1200 }), () =>
        doubts.watch("w1", (key) => Effect.fail(seen.push(key))).pipe(Effect.ignore))
      assert.deepStrictEqual(yield* doubts.of("w1"), seen.slice(200))
    }))
})
