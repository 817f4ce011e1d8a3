import { assert, describe, it } from "@effect/vitest"
import type { ClaimOptions } from "@millrace/storage/Claim"
import { Deferred, Effect, Metric } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/Job.ts"
import * as Metrics from "../../src/Metrics.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: {} })
const many = (count: number) => Array.from({ length: count }, () => ({ payload: {} }))

const claims = (storage: TestStorage.TestStorage["Service"]) =>
  storage.calls.filter(({ method }) => method === "claim").map(({ input }) => input as ClaimOptions)

describe("claimer", () => {
  it.effect("asks for the free slots only, of the names with handlers, within its share per tenant", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* Work.enqueueAll(many(2))
      yield* TestWorker.start(Work.toLayer(() => Effect.never), { concurrency: 5, perTenant: 3 })
      yield* pass(3_000)
      const [first, second] = claims(storage)
      assert.deepStrictEqual([first?.limit, first?.handles.map(({ name }) => name), first?.perTenant], [5, ["Work"], 3])
      assert.strictEqual(second?.limit, 3)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("asks nothing while all slots are taken", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* Work.enqueueAll(many(20))
      yield* TestWorker.start(Work.toLayer(() => Effect.never), { concurrency: 5 })
      yield* pass(2_000)
      const before = storage.count("claim")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(storage.count("claim"), before)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("looks about once a second when there is nothing to do", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      const before = storage.count("claim")
      yield* TestClock.adjust("60 seconds")
      assert.isAtLeast(storage.count("claim") - before, 49)
      assert.isAtMost(storage.count("claim") - before, 76)
    }).pipe(Effect.provide(TestWorker.layer({ events: false }))))

  it.effect("finds work by looking when hints are lost, within 1.2 seconds", () =>
    Effect.gen(function*() {
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* pass(3_000)
      const { id } = yield* Work.enqueue({})
      yield* TestClock.adjust("1200 millis")
      yield* settle
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer({ events: false }))))

  it.effect("goes on at once while there is work, without waiting for the next look", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* Work.enqueueAll(many(300))
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { concurrency: 10, pollInterval: "1 hour" })
      yield* settle
      const { items } = yield* storage.inner.list({ states: ["completed"], limit: 1_000 })
      assert.strictEqual(items.length, 300)
    }).pipe(Effect.provide(TestWorker.layer({ events: false }))))

  it.effect("claims for each of its queues by itself", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      yield* TestWorker.start(Work.toLayer(() => Deferred.await(gate)), {
        queues: { a: { concurrency: 1 }, b: { concurrency: 2 } }
      })
      for (const queue of ["a", "b"]) {
        yield* Work.enqueueAll(many(5).map((job) => ({ ...job, options: { queue } })))
      }
      yield* settle
      const { items } = yield* storage.inner.list({ states: ["running"], limit: 100 })
      assert.deepStrictEqual(items.map(({ queue }) => queue).toSorted(), ["a", "b", "b"])
      yield* Deferred.succeed(gate, undefined)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("claims ahead when jobs are short, never when they are long", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Long = Job.make("Long", { payload: {} })
      yield* Work.enqueueAll(many(1_000))
      yield* TestWorker.start(Work.toLayer(() => Effect.sleep("5 millis")), { concurrency: 10 })
      for (let step = 0; step < 400; step++) yield* TestClock.adjust("5 millis")
      // 10 slots of 5 ms are 2 a millisecond: 200 in the next tenth of a second.
      assert.isAtLeast(Math.max(...claims(storage).map(({ limit }) => limit)), 50)
      assert.isAtMost(Math.max(...claims(storage).map(({ limit }) => limit)), 300)
      const before = storage.calls.length
      yield* TestWorker.start(Long.toLayer(() => Effect.sleep("2 seconds")), { concurrency: 10 })
      yield* Long.enqueueAll(many(100))
      yield* pass(20_000)
      const long = storage.calls.slice(before).filter(({ input, method }) =>
        method === "claim" && (input as ClaimOptions).handles.some(({ name }) => name === "Long")
      )
      assert.isAtMost(Math.max(...long.map(({ input }) => (input as ClaimOptions).limit)), 11)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("gives claims back that found no slot in time", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      let calls = 0
      // Short jobs at first, so that many are claimed ahead; then they hang.
      yield* Work.enqueueAll(many(1_000))
      const { worker } = yield* TestWorker.start(
        Work.toLayer(() => Effect.suspend(() => ++calls < 400 ? Effect.sleep("5 millis") : Deferred.await(gate))),
        { concurrency: 10 }
      )
      for (let step = 0; step < 250; step++) yield* TestClock.adjust("5 millis")
      assert.isAtLeast((yield* worker.health).buffered, 10)
      yield* pass(3_000)
      assert.strictEqual((yield* worker.health).buffered, 0)
      const { items } = yield* storage.inner.list({ states: ["running"], limit: 1_000 })
      assert.strictEqual(items.length, 10)
      yield* Deferred.succeed(gate, undefined)
      yield* pass(5_000)
      const { items: done } = yield* storage.inner.list({ states: ["completed"], limit: 1_000 })
      assert.strictEqual(done.length, 1_000)
      assert.isTrue(done.every(({ attempt, failures }) => attempt === 1 && failures === 0))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("records the sizes of its claims", () =>
    Effect.gen(function*() {
      const before = yield* Metric.value(Metrics.claimBatch)
      yield* Work.enqueueAll(many(4))
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      const after = yield* Metric.value(Metrics.claimBatch)
      assert.strictEqual(after.sum - before.sum, 4)
    }).pipe(Effect.provide(TestWorker.layer())))
})
