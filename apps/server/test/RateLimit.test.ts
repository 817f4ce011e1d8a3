import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as RateLimit from "../src/RateLimit.ts"

describe("RateLimit", () => {
  it.effect("lets a burst pass, then as many as the rate, and says how long to wait", () =>
    Effect.gen(function*() {
      const { take } = RateLimit.make({ perSecond: 0.5, burst: 3 })
      const answers = yield* Effect.all(Array.from({ length: 5 }, () => take("a")))
      assert.deepStrictEqual(answers, [0, 0, 0, 2, 2])
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* take("a"), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* take("a"), 0)
      assert.strictEqual(yield* take("a"), 2)
    }))

  it.effect("keeps callers apart, and fills no bucket beyond its burst", () =>
    Effect.gen(function*() {
      const { take } = RateLimit.make({ perSecond: 100, burst: 1 })
      assert.strictEqual(yield* take("a"), 0)
      assert.strictEqual(yield* take("b"), 0)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([yield* take("a"), yield* take("a")], [0, 1])
    }))

  it.effect("looks without spending, and spends nothing on a refusal", () =>
    Effect.gen(function*() {
      const { look, take } = RateLimit.make({ perSecond: 1, burst: 1 })
      assert.deepStrictEqual([yield* look("a"), yield* look("a"), yield* take("a")], [0, 0, 0])
      assert.deepStrictEqual([yield* look("a"), yield* take("a"), yield* take("a")], [1, 1, 1])
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* take("a"), 0)
    }))

  it.effect("remembers a bounded number of callers", () =>
    Effect.gen(function*() {
      const { take } = RateLimit.make({ perSecond: 0.001, burst: 1 })
      yield* take("first")
      yield* Effect.forEach(Array.from({ length: 10_000 }, (_, index) => `c${index}`), take, { discard: true })
      assert.strictEqual(yield* take("first"), 0)
      assert.isAbove(yield* take("c9999"), 0)
    }))
})
