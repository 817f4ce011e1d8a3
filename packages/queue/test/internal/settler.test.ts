import { assert, describe, it } from "@effect/vitest"
import type { Settlement } from "@millrace/storage/Outcome"
import { Deferred, Effect, Logger, Metric, Ref, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/Job.ts"
import * as Metrics from "../../src/Metrics.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: {} })
const many = (count: number) => Array.from({ length: count }, () => ({ payload: {} }))

const batches = (storage: TestStorage.TestStorage["Service"]) =>
  storage.calls.filter(({ method }) => method === "settle").map(({ input }) => input as ReadonlyArray<Settlement>)

const states = Effect.map(
  Queue.Queue.use((queue) => queue.list({ limit: 1_000 })),
  ({ items }) => items.map(({ state }) => state)
)

describe("settler", () => {
  it.effect("writes what arrived during a write in the next one, at most 500 at a time", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      yield* TestWorker.start(Work.toLayer(() => Deferred.await(gate)), { concurrency: 2_000, perTenant: 2_000 })
      yield* Work.enqueueAll(many(1_000))
      yield* Work.enqueueAll(many(1_000))
      yield* settle
      const latch = storage.hold("settle")
      yield* Deferred.succeed(gate, undefined)
      yield* pass(100)
      // Two settlers, one write each in flight.
      assert.strictEqual(batches(storage).length, 2)
      latch.openUnsafe()
      yield* settle
      const sizes = batches(storage).map(({ length }) => length)
      assert.strictEqual(sizes.reduce((sum, size) => sum + size, 0), 2_000)
      assert.isAtMost(Math.max(...sizes), 500)
      assert.isAtMost(sizes.length, 8)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("repeats a failed write with the same tokens and outcomes until it is answered", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const runs = yield* Ref.make(0)
      yield* TestWorker.start(Work.toLayer(() => Ref.update(runs, (n) => n + 1)))
      yield* settle
      storage.fault("settle", "fail", 4)
      const { id } = yield* Work.enqueue({})
      yield* pass(8_000)
      const written = storage.settlements()
      assert.strictEqual(written.length, 5)
      for (const settlement of written) assert.deepStrictEqual(settlement, written[0])
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "completed")
      assert.strictEqual(yield* Ref.get(runs), 1)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("counts a job once when a write took effect and its answer was lost", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const runs = yield* Ref.make(0)
      yield* TestWorker.start(Work.toLayer(() => Ref.update(runs, (n) => n + 1)))
      yield* settle
      storage.fault("settle", "lose", 1)
      const { id } = yield* Work.enqueue({})
      yield* pass(3_000)
      const history = yield* Queue.Queue.use((queue) => queue.history(id))
      assert.deepStrictEqual(history.map(({ outcome }) => outcome), ["completed"])
      assert.strictEqual(yield* Ref.get(runs), 1)
      assert.strictEqual(storage.count("settle"), 2)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("gives up a write that is not answered, and repeats it", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      storage.fault("settle", "hang", 1)
      yield* Work.enqueue({})
      yield* pass(12_000)
      assert.deepStrictEqual(yield* states, ["completed"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("counts and reports outcomes of claims that were lost", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => {
        lines.push(String(message))
      })
      const gate = yield* Deferred.make<void>()
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Deferred.await(gate))).pipe(
        Effect.provideService(Logger.CurrentLoggers, new Set([logger]))
      )
      const before = (yield* Metric.value(Metrics.leaseLost)).count
      yield* Work.enqueue({})
      yield* settle
      // Another worker has it before this one hears of anything.
      yield* storage.inner.renew({ _tag: "Leave", workerId: (yield* worker.health).workerId })
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual((yield* Metric.value(Metrics.leaseLost)).count, before + 1)
      assert.isTrue(lines.some((line) => line.includes("claim was lost")))
      assert.strictEqual((yield* worker.health).settling, 0)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("writes nothing of a registration that is lost", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      storage.fault("settle", "fail", Infinity)
      yield* Work.enqueue({})
      yield* pass(1_000)
      const { workerId } = yield* worker.health
      yield* storage.inner.renew({ _tag: "Leave", workerId })
      yield* pass(5_000)
      assert.notStrictEqual((yield* worker.health).workerId, workerId)
      const before = storage.settlements().filter(({ token }) => token === 1).length
      storage.heal()
      yield* pass(5_000)
      assert.strictEqual(storage.settlements().filter(({ token }) => token === 1).length, before)
      assert.deepStrictEqual(yield* states, ["completed"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("settles the one outcome that the storage refuses as dead, and all others as they are", () =>
    Effect.gen(function*() {
      const Text = Job.make("Text", { payload: { text: Schema.String }, success: Schema.String })
      const gate = yield* Deferred.make<void>()
      yield* TestWorker.start(Text.toLayer(({ text }) => Effect.as(Deferred.await(gate), text)))
      for (const text of ["a", "refuse", "b"]) yield* Text.enqueue({ text })
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* pass(1_000)
      const { items } = yield* Queue.Queue.use((queue) => queue.list({}))
      const byText = new Map(items.map(({ error, payload, state }) => [
        (payload as { readonly text: string }).text,
        [state, error?.tag]
      ]))
      assert.deepStrictEqual(byText.get("a"), ["completed", undefined])
      assert.deepStrictEqual(byText.get("b"), ["completed", undefined])
      assert.deepStrictEqual(byText.get("refuse"), ["dead", "OutcomeRefused"])
    }).pipe(Effect.provide(TestWorker.layer({ refusesResult: "refuse" }))))

  it.effect("makes the worker claim less while outcomes pile up, and go on afterwards", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { concurrency: 1_000, perTenant: 10_000 })
      yield* settle
      storage.fault("settle", "fail", Infinity)
      for (let chunk = 0; chunk < 8; chunk++) yield* Work.enqueueAll(many(1_000))
      yield* pass(5_000)
      const claimed = storage.calls.filter(({ method }) => method === "claim").length
      const running = yield* Effect.map(storage.inner.list({ states: ["available"], limit: 1_000 }), ({ items }) =>
        items.length)
      assert.strictEqual(running, 1_000)
      assert.isAtLeast(claimed, 5)
      storage.heal()
      yield* TestClock.adjust("20 seconds")
      yield* settle
      const left = yield* storage.inner.list({ states: ["available", "running"], limit: 10 })
      assert.strictEqual(left.items.length, 0)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("counts outcomes and the sizes of its writes", () =>
    Effect.gen(function*() {
      const Fails = Job.make("Fails", { payload: {}, maxAttempts: 1 })
      const value = Effect.gen(function*() {
        return {
          completed: (yield* Metric.value(Metrics.completed)).count,
          failed: (yield* Metric.value(Metrics.failed)).count,
          dead: (yield* Metric.value(Metrics.dead)).count,
          claimed: (yield* Metric.value(Metrics.claimed)).count
        }
      })
      const before = yield* value
      yield* TestWorker.start(Fails.toLayer(() => Effect.die("no")))
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* Fails.enqueue({})
      yield* Work.enqueueAll(many(3))
      yield* pass(2_000)
      const after = yield* value
      assert.strictEqual(after.completed - before.completed, 3)
      assert.strictEqual(after.failed - before.failed, 1)
      assert.strictEqual(after.dead - before.dead, 1)
      assert.strictEqual(after.claimed - before.claimed, 4)
    }).pipe(Effect.provide(TestWorker.layer())))
})
