import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Promoter from "../../src/internal/promoter.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { settle } = TestWorker

const Work = Job.make("Work", { payload: {} })

describe("promoter", () => {
  it("goes on at once after a full batch, and else sleeps until the next job is due, at most about a second", () => {
    assert.strictEqual(Promoter.pauseAfter({ count: 1_000, queues: [], nextDueMillis: 0 }, false).millis, 0)
    assert.deepStrictEqual(Promoter.pauseAfter({ count: 3, queues: [], nextDueMillis: 140.2 }, false), {
      millis: 141,
      spread: false
    })
    assert.deepStrictEqual(Promoter.pauseAfter({ count: 0, queues: [], nextDueMillis: null }, false), {
      millis: 1_000,
      spread: true
    })
    assert.deepStrictEqual(Promoter.pauseAfter({ count: 0, queues: [], nextDueMillis: 1e9 }, false), {
      millis: 1_000,
      spread: true
    })
    // A spread pause could miss it by a fifth.
    assert.deepStrictEqual(Promoter.pauseAfter({ count: 0, queues: [], nextDueMillis: 1_199 }, false), {
      millis: 1_199,
      spread: false
    })
    // Left over by another worker that promotes at the same time: not at full speed.
    assert.strictEqual(Promoter.pauseAfter({ count: 5, queues: [], nextDueMillis: 0 }, false).millis, 20)
  })

  it("looks less often while the storage gives hints", () => {
    assert.deepStrictEqual(Promoter.pauseAfter({ count: 0, queues: [], nextDueMillis: null }, true), {
      millis: 8_000,
      spread: true
    })
    assert.deepStrictEqual(Promoter.pauseAfter({ count: 0, queues: [], nextDueMillis: 9_599 }, true), {
      millis: 9_599,
      spread: false
    })
  })

  it.effect("starts a delayed job when it is due, not a poll later", () =>
    Effect.gen(function*() {
      const starts = yield* Ref.make<ReadonlyArray<number>>([])
      yield* TestWorker.start(
        Work.toLayer(() => Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(starts, (all) => [...all, now])))
      )
      yield* settle
      const now = yield* Clock.currentTimeMillis
      yield* Work.enqueue({}, { delay: 3_333 })
      yield* TestWorker.passUntil(Effect.map(Ref.get(starts), (all) => all.length > 0), 10, 10_000)
      const [start = 0] = yield* Ref.get(starts)
      assert.isAtLeast(start - now, 3_333)
      assert.isAtMost(start - now, 3_363)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("hears of a job that is due earlier than the ones it knew", () =>
    Effect.gen(function*() {
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      yield* Work.enqueue({}, { delay: "1 hour" })
      yield* settle
      const { id } = yield* Work.enqueue({}, { delay: 50 })
      yield* TestClock.adjust("60 millis")
      yield* settle
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("moves 10,000 jobs that are due at the same moment without pause", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { concurrency: 1_000, perTenant: 10_000 })
      for (let chunk = 0; chunk < 10; chunk++) {
        yield* Work.enqueueAll(
          Array.from({ length: 1_000 }, () => ({ payload: {}, options: { delay: "5 seconds" as const } }))
        )
      }
      yield* TestClock.adjust("5 seconds")
      const none = Effect.map(
        storage.inner.list({ states: ["scheduled"], limit: 1 }),
        ({ items }) => items.length === 0
      )
      // Ten full batches; with a pause after each it would be eight seconds and more.
      assert.isAtMost(yield* TestWorker.passUntil(none, 10, 10_000), 1_500)
      assert.isTrue(yield* none)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("runs with maintenance only", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { maintenance: false })
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual([storage.count("promote"), storage.count("reclaim"), storage.count("prune")], [0, 0, 0])
    }).pipe(Effect.provide(TestWorker.layer())))
})
