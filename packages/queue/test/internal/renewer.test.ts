import { assert, describe, it } from "@effect/vitest"
import type { RenewRequest } from "@millrace/storage/WorkerRecord"
import { Deferred, Effect, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Renewer from "../../src/internal/renewer.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: {} })

const recordOf = (id: Parameters<Queue.Queue["Service"]["get"]>[0]) => Queue.Queue.use((queue) => queue.get(id))

const requests = (storage: TestStorage.TestStorage["Service"]) =>
  storage.calls.filter(({ method }) => method === "renew").map(({ input }) => input as RenewRequest)

/** What happens in the storage when a worker's lease has ended, whatever that worker thinks. */
const forget = (storage: TestStorage.TestStorage["Service"], workerId: string) =>
  storage.inner.renew({ _tag: "Leave", workerId })

describe("renewer", () => {
  it("renews after a third of the lease, or up to a fifth earlier", () => {
    assert.strictEqual(Renewer.pauseMillis(12_000, 0), 4_000)
    assert.strictEqual(Renewer.pauseMillis(12_000, 1), 3_200)
  })

  it.effect("registers with queues, names and slots, and tells when the names change", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void), {
        queues: { a: { concurrency: 2 }, b: { concurrency: 3 } }
      })
      yield* settle
      const { workers: [worker] } = yield* storage.inner.overview
      assert.deepStrictEqual(worker?.info.queues, ["a", "b"])
      assert.deepStrictEqual(worker?.info.names, ["Work"])
      assert.strictEqual(worker?.info.concurrency, 5)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("sends one renewal per third of a lease, however many jobs run", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.never), { concurrency: 50 })
      yield* Work.enqueueAll(Array.from({ length: 50 }, () => ({ payload: {} })))
      yield* pass(1_000)
      const before = requests(storage).length
      yield* TestClock.adjust("60 seconds")
      const sent = requests(storage).length - before
      assert.isAtLeast(sent, 15)
      assert.isAtMost(sent, 19)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("interrupts everything when the registration is lost, and goes on under a fresh id", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const interrupted = yield* Ref.make(0)
      const starts = yield* Ref.make(0)
      const { worker } = yield* TestWorker.start(
        Work.toLayer(() =>
          Effect.gen(function*() {
            if ((yield* Ref.updateAndGet(starts, (n) => n + 1)) > 1) return
            return yield* Effect.never.pipe(Effect.onInterrupt(() => Ref.update(interrupted, (n) => n + 1)))
          })
        )
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      const first = (yield* worker.health).workerId
      yield* forget(storage, first)
      yield* pass(5_000)
      assert.strictEqual(yield* Ref.get(interrupted), 1)
      const { state, workerId } = yield* worker.health
      assert.strictEqual(state, "running")
      assert.notStrictEqual(workerId, first)
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "completed")
      assert.strictEqual(record.workerId, workerId)
      // Nothing was settled with the lost claim.
      assert.deepStrictEqual(storage.settlements().map(({ token }) => token), [2])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("goes on with its jobs when some renewals fail", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Deferred.await(gate)))
      const { id } = yield* Work.enqueue({})
      yield* pass(1_000)
      storage.fault("renew", "fail", 6)
      yield* pass(20_000)
      assert.strictEqual((yield* worker.health).state, "running")
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual((yield* recordOf(id)).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("lets jobs go that a failed claim may have lent to nobody", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      const before = (yield* worker.health).workerId
      storage.fault("claim", "lose", 1)
      const { id } = yield* Work.enqueue({})
      yield* settle
      // The storage thinks that the worker runs it; the worker never heard of it.
      assert.strictEqual((yield* recordOf(id)).state, "running")
      yield* pass(10_000)
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual([record.failures, record.crashes], [0, 0])
      assert.notStrictEqual((yield* worker.health).workerId, before)
      const { workers } = yield* storage.inner.overview
      assert.strictEqual(workers.length, 1)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("keeps the claims of a replaced registration alive until they are settled", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      const Long = Job.make("Long", { payload: {} })
      const { worker } = yield* TestWorker.start(Long.toLayer(() => Deferred.await(gate)))
      const { id } = yield* Long.enqueue({})
      yield* settle
      storage.fault("claim", "fail", 1)
      yield* pass(60_000)
      assert.strictEqual((yield* storage.inner.overview).workers.length, 2)
      assert.strictEqual((yield* recordOf(id)).state, "running")
      assert.strictEqual((yield* worker.health).running, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* pass(10_000)
      assert.strictEqual((yield* recordOf(id)).state, "completed")
      assert.strictEqual((yield* storage.inner.overview).workers.length, 1)
      assert.strictEqual((yield* recordOf(id)).attempt, 1)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("does not run what a claim brings whose registration was lost meanwhile", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const tokens = yield* Ref.make<ReadonlyArray<number>>([])
      const { worker } = yield* TestWorker.start(
        Work.toLayer((_, job) => Ref.update(tokens, (all) => [...all, job.token]))
      )
      yield* settle
      const latch = storage.holdAnswers("claim")
      yield* Work.enqueue({})
      yield* settle
      yield* forget(storage, (yield* worker.health).workerId)
      yield* pass(5_000)
      latch.openUnsafe()
      yield* pass(5_000)
      assert.deepStrictEqual(yield* Ref.get(tokens), [2])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("does not bring a lost registration back to life when the names change", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Other = Job.make("Other", { payload: {} })
      const { register, worker } = yield* TestWorker.start(Work.toLayer(() => Effect.never))
      yield* Work.enqueue({})
      yield* settle
      const { workerId } = yield* worker.health
      yield* forget(storage, workerId)
      yield* register(Other.toLayer(() => Effect.void))
      yield* pass(1_000)
      assert.notStrictEqual((yield* worker.health).workerId, workerId)
      const { workers } = yield* storage.inner.overview
      assert.deepStrictEqual(workers.map(({ id, info }) => [id === workerId, info.names]), [[false, ["Work", "Other"]]])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("cancels the attempt that the storage means, not an older one of the same job", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      const { worker } = yield* TestWorker.start(
        Work.toLayer((_, job) => job.token === 1 ? Effect.uninterruptible(Deferred.await(gate)) : Effect.never)
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      yield* forget(storage, (yield* worker.health).workerId)
      yield* pass(5_000)
      // The first attempt ignores its interruption; the second runs beside it.
      assert.strictEqual((yield* worker.health).running, 2)
      yield* Queue.Queue.use((queue) => queue.cancel(id))
      yield* pass(5_000)
      assert.strictEqual((yield* recordOf(id)).state, "cancelled")
      yield* Deferred.succeed(gate, undefined)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("never registers under an id that it used before", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      for (let time = 0; time < 3; time++) {
        yield* forget(storage, (yield* worker.health).workerId)
        yield* pass(5_000)
      }
      const ids = requests(storage).flatMap((request) => request._tag === "Register" ? [request.workerId] : [])
      assert.isAtLeast(new Set(ids).size, 4)
      assert.isTrue(ids.every((id) => id.startsWith(`${worker.id}/`)))
    }).pipe(Effect.provide(TestWorker.layer())))
})
