import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { Clock, Deferred, Effect, Ref } from "effect"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: {}, retry: RetryPolicy.fixed("1 hour") })

const recordOf = (id: Parameters<Queue.Queue["Service"]["get"]>[0]) => Queue.Queue.use((queue) => queue.get(id))

describe("timekeeper", () => {
  it.effect("interrupts each attempt at its own time", () =>
    Effect.gen(function*() {
      const ends = yield* Ref.make<ReadonlyArray<number>>([])
      yield* TestWorker.start(
        Work.toLayer(() =>
          Effect.never.pipe(
            Effect.onInterrupt(() =>
              Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(ends, (all) => [...all, now]))
            )
          )
        )
      )
      yield* pass(100)
      const start = yield* Clock.currentTimeMillis
      for (const timeout of [3_000, 1_000, 2_000]) yield* Work.enqueue({}, { timeout })
      yield* pass(4_000)
      const after = (yield* Ref.get(ends)).map((end) => end - start)
      assert.strictEqual(after.length, 3)
      // The clock of the test moves in steps of 200 ms.
      after.forEach((millis, index) => assert.closeTo(millis, (index + 1) * 1_000, 201))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F07: interrupts running jobs before the lease ends when no renewal arrives, and claims nothing", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const end = yield* Deferred.make<number>()
      const { worker } = yield* TestWorker.start(
        Work.toLayer(() =>
          Effect.never.pipe(
            Effect.onInterrupt(() => Effect.flatMap(Clock.currentTimeMillis, (now) => Deferred.succeed(end, now)))
          )
        )
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      // The renewal was sent at 0 or a little later; the lease is 12 seconds, the margin 2.
      storage.fault("renew", "fail", Infinity)
      yield* pass(9_000)
      assert.strictEqual((yield* worker.health).running, 1)
      yield* pass(1_200)
      assert.strictEqual((yield* worker.health).state, "fenced")
      assert.isAtMost(yield* Deferred.await(end), 10_500)
      const claims = storage.count("claim")
      yield* pass(30_000)
      assert.strictEqual(storage.count("claim"), claims)
      // Given back by the fence, without an attempt spent.
      const record = yield* recordOf(id)
      assert.strictEqual(record.state === "running" || record.failures > 0, false)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F07: reckons the lease from before the request, not from its answer", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      const latch = storage.hold("renew")
      yield* pass(6_500)
      // Sent between 3.2 and 4 seconds, answered at 6.5: the lease ends 12 seconds after it was sent.
      latch.openUnsafe()
      yield* settle
      const { leaseMillis } = yield* worker.health
      assert.isAtMost(leaseMillis, 10_000 - 2_400)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F20: settles what ended during an outage, once, when the storage is back before anyone took it", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const runs = yield* Ref.make(0)
      yield* TestWorker.start(
        Work.toLayer(() => Effect.andThen(Effect.sleep("2 seconds"), Ref.update(runs, (n) => n + 1))),
        { maintenance: false }
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      for (const method of ["claim", "renew", "settle"] as const) storage.fault(method, "fail", Infinity)
      yield* pass(120_000)
      storage.heal()
      yield* pass(5_000)
      assert.strictEqual((yield* recordOf(id)).state, "completed")
      assert.strictEqual(yield* Ref.get(runs), 1)
    }).pipe(Effect.provide(TestWorker.layer())))
})
