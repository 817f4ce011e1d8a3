/**
 * Promotion: when a job is due, in which order, and what is due next.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("promote", () => {
    test("finds nothing in an empty storage", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* Steps.promote(), { count: 0, queues: [], nextDueMillis: null })
      }))

    test("makes a job available at the instant it is due, not before", () =>
      Effect.gen(function*() {
        const id = yield* Steps.insertOne({ delayMillis: 1000 })
        yield* TestClock.adjust(999)
        assert.deepStrictEqual(yield* Steps.promote(), { count: 0, queues: [], nextDueMillis: 1 })
        assert.strictEqual((yield* Steps.get(id)).state, "scheduled")
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(yield* Steps.promote(), { count: 1, queues: ["default"], nextDueMillis: null })
        assert.strictEqual((yield* Steps.get(id)).state, "available")
        assert.deepStrictEqual(yield* Steps.promote(), { count: 0, queues: [], nextDueMillis: null })
      }))

    test("promotes what is scheduled, retryable and snoozed alike", () =>
      Effect.gen(function*() {
        yield* Steps.register()
        yield* Steps.insert({}, {}, { delayMillis: 1000 })
        yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.retried(1000))
        yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.snoozed(1000))
        yield* TestClock.adjust(1000)
        assert.strictEqual((yield* Steps.promote()).count, 3)
        assert.lengthOf(yield* Steps.claim(), 3)
      }))

    test("takes the longest due first, at most as many as asked for", () =>
      Effect.gen(function*() {
        yield* Steps.register()
        yield* Steps.insert(...[5, 1, 4, 2, 3].map((seconds) => ({ delayMillis: seconds * 1000, payload: seconds })))
        yield* TestClock.adjust(4000)
        assert.deepStrictEqual(yield* Steps.promote(2), { count: 2, queues: ["default"], nextDueMillis: 0 })
        assert.deepStrictEqual(yield* Steps.promote(3), { count: 2, queues: ["default"], nextDueMillis: 1000 })
        const claims = yield* Steps.claim()
        assert.deepStrictEqual(claims.map((claim) => claim.payload), [1, 2, 3, 4])
      }))

    test("names every queue that got jobs, once", () =>
      Effect.gen(function*() {
        yield* Steps.insert(
          ...["b", "a", "b", "c"].map((queue) => ({ queue, delayMillis: 1 })),
          { queue: "later", delayMillis: 60_000 }
        )
        yield* TestClock.adjust(1)
        const promoted = yield* Steps.promote()
        assert.deepStrictEqual(promoted.queues.toSorted(), ["a", "b", "c"])
        assert.strictEqual(promoted.nextDueMillis, 59_999)
      }))

    test("promotes into paused queues", () =>
      Effect.gen(function*() {
        yield* Steps.insertOne({ delayMillis: 1 })
        yield* Steps.control("PauseQueue")
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* Steps.promote()).count, 1)
      }))

    test("keeps every field of a job that waits and comes back", () =>
      Effect.gen(function*() {
        const job = Fixture.newJob({
          tenant: "acme",
          priority: 3,
          version: 2,
          payload: [{ a: null }],
          timeoutMillis: 1,
          retry: [1],
          unique: Fixture.unique("k"),
          tags: ["t"],
          delayMillis: 10
        })
        const id = yield* Steps.insertOne(job)
        yield* TestClock.adjust(10)
        yield* Steps.promote()
        const { debounce: _, delayMillis: __, limits, runAt: ___, ttlMillis: ____, unique, ...fields } = job
        const uniqueKey = unique?.key ?? null
        assert.deepInclude(yield* Steps.get(id), { ...fields, uniqueKey, state: "available" })
        yield* Steps.register()
        const claim = yield* Steps.claimOne()
        assert.deepInclude(claim, { ...fields, limits, uniqueKey, createdAtMillis: Fixture.startMillis })
      }))

    test("moves ten thousand jobs in batches", () =>
      Effect.gen(function*() {
        for (let n = 0; n < 10; n++) {
          yield* Steps.insert(...Array.from({ length: 1000 }, (_, k) => ({ delayMillis: 1 + (k * 7) % 1000 })))
        }
        yield* TestClock.adjust(1000)
        for (let n = 0; n < 10; n++) assert.strictEqual((yield* Steps.promote(1000)).count, 1000)
        assert.deepStrictEqual(yield* Steps.promote(1000), { count: 0, queues: [], nextDueMillis: null })
      }))
  })
}
