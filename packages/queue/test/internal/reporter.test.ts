import { assert, describe, it } from "@effect/vitest"
import type { Report } from "@millrace/storage/Outcome"
import { Deferred, Effect, Exit, Ref } from "effect"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: {}, maxAttempts: 1 })

const reports = (storage: TestStorage.TestStorage["Service"]) =>
  storage.calls.filter(({ method }) => method === "report").map(({ input }) => input as ReadonlyArray<Report>)

describe("reporter", () => {
  it.effect("writes only the newest of the progress that came during a write, and every log line", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      yield* TestWorker.start(
        Work.toLayer((_, job) =>
          Effect.gen(function*() {
            yield* job.progress(0.1)
            yield* Deferred.await(gate)
            for (let percent = 11; percent <= 90; percent++) yield* job.progress(percent / 100, `at ${percent}`)
            yield* job.log("one")
            yield* job.log("two", "Warn")
          })
        )
      )
      const latch = storage.hold("report")
      const { id } = yield* Work.enqueue({})
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      latch.openUnsafe()
      yield* settle
      const [first = [], ...rest] = reports(storage)
      assert.strictEqual(first.length, 1)
      assert.deepStrictEqual(rest.flat().map(({ log, progress }) => [progress, log?.message]), [
        [0.9, undefined],
        [undefined, "one"],
        [undefined, "two"]
      ])
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.deepStrictEqual(record.progress, { value: 0.9, note: "at 90" })
      assert.strictEqual(record.state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("settles an attempt after its last report, also when the report has to be repeated", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer((_, job) => job.progress(1, "done")))
      yield* settle
      storage.fault("report", "fail", 3)
      const { id } = yield* Work.enqueue({})
      yield* pass(5_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual(record.progress, { value: 1, note: "done" })
      const order = storage.calls.map(({ method }) => method).filter((method) =>
        method === "report" || method === "settle"
      )
      assert.deepStrictEqual(order, ["report", "report", "report", "report", "settle"])
      assert.isTrue(storage.settlements()[0]?.hasReport)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("sanitises and bounds whatever a handler says", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(
        Work.toLayer((_, job) =>
          Effect.gen(function*() {
            yield* job.progress(Number.NaN, "\ud800".repeat(10))
            yield* job.log(`a\u0000${"x".repeat(100_000)}`)
            yield* job.progress(7)
            yield* job.log("y")
            yield* job.progress(-7)
            yield* job.log(undefined as never)
            yield* job.checkpoint({ text: "a\u0000" })
          })
        )
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      const all = reports(storage).flat()
      assert.deepStrictEqual(all.flatMap(({ progress }) => progress === undefined ? [] : [progress]), [0, 1, 0])
      assert.isAtMost(Math.max(...all.map(({ log }) => log?.message.length ?? 0)), 8_192)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual(record.checkpoint, { text: "a\ufffd" })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("fails the attempt, not the worker, for a checkpoint that can not be stored", () =>
    Effect.gen(function*() {
      let deep: unknown = 1
      for (let level = 0; level < 5_000; level++) deep = [deep]
      yield* TestWorker.start(Work.toLayer((_, job) => job.checkpoint(deep as never)))
      const { id } = yield* Work.enqueue({})
      yield* settle
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.error?.tag, "InvalidOption")
      assert.include(record.error?.message, "checkpoint")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("leaves out a report that the storage refuses, and keeps the others", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer((_, job) => Effect.andThen(job.log("a"), job.checkpoint({ row: 1 }))))
      yield* settle
      storage.fault("report", "invalid", 2)
      const { id } = yield* Work.enqueue({})
      yield* pass(1_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual(record.checkpoint, { row: 1 })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("interrupts a handler whose claim is lost, when it reports", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const exit = yield* Ref.make<Exit.Exit<unknown> | null>(null)
      const gate = yield* Deferred.make<void>()
      const { worker } = yield* TestWorker.start(
        Work.toLayer((_, job) =>
          Effect.gen(function*() {
            yield* Deferred.await(gate)
            yield* job.progress(0.5)
            return yield* Effect.never
          }).pipe(Effect.onExit((end) => Ref.set(exit, end)))
        )
      )
      yield* Work.enqueue({})
      yield* settle
      yield* storage.inner.renew({ _tag: "Leave", workerId: (yield* worker.health).workerId })
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      const end = yield* Ref.get(exit)
      assert.isTrue(end !== null && Exit.isFailure(end))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("makes handlers wait when 1,000 reports are in line", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const said = yield* Ref.make(0)
      yield* TestWorker.start(
        Work.toLayer((_, job) =>
          Effect.forEach(
            Array.from({ length: 5_000 }),
            () => Effect.andThen(job.log("line"), Ref.update(said, (n) => n + 1)),
            { discard: true }
          )
        )
      )
      const latch = storage.hold("report")
      const { id } = yield* Work.enqueue({})
      yield* settle
      assert.isAtMost(yield* Ref.get(said), 1_600)
      latch.openUnsafe()
      yield* pass(1_000)
      assert.strictEqual(yield* Ref.get(said), 5_000)
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))
})
