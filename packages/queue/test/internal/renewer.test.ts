import { assert, describe, it } from "@effect/vitest"
import { Heart } from "@millrace/storage"
import type { RenewRequest } from "@millrace/storage/WorkerRecord"
import { Clock, Deferred, Effect, Fiber, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Renewer from "../../src/internal/renewer.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestHeart from "../TestHeart.ts"
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

  it.effect("F02: interrupts everything when the registration is lost, and goes on under a fresh id", () =>
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

  it.effect("F25: lets jobs go that a failed claim may have lent to nobody", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      const before = (yield* worker.health).workerId
      storage.fault("claim", "lose", 1)
      const latch = storage.hold("renew")
      const { id } = yield* Work.enqueue({})
      yield* settle
      // The storage thinks that the worker runs it; the worker never heard of it.
      assert.strictEqual((yield* recordOf(id)).state, "running")
      latch.openUnsafe()
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

  it.effect("F02: does not run what a claim brings whose registration was lost meanwhile", () =>
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

  it.effect("F04: never registers under an id that it used before", () =>
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

  describe("with a heart", () => {
    const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

    /** Lets the heart of a worker beat every three seconds. */
    const beating = (heart: TestHeart.TestHeart, workerId: string) =>
      Effect.forkScoped(Effect.forever(Effect.gen(function*() {
        const { inner } = yield* TestStorage.TestStorage
        yield* inner.renew({ _tag: "Renew", workerId, leaseMillis: 12_000 })
        heart.beat(workerId, yield* monotonicMillis)
        yield* Effect.sleep("3 seconds")
      })))

    const withHeart = Effect.fnUntraced(function*() {
      const heart = TestHeart.make()
      const storage = yield* TestStorage.TestStorage
      const interrupted = yield* Ref.make(0)
      const { stop, worker } = yield* TestWorker.start(
        Work.toLayer(() => Effect.never.pipe(Effect.onInterrupt(() => Ref.update(interrupted, (n) => n + 1))))
      ).pipe(Effect.provideService(Heart.Heart, heart.service))
      const { id } = yield* Work.enqueue({})
      yield* settle
      const { workerId } = yield* worker.health
      return { heart, storage, interrupted, worker, workerId, id, stop }
    })

    it.effect("F06: leaves the renewals to the heart while that beats", () =>
      Effect.gen(function*() {
        const { heart, interrupted, storage, worker, workerId } = yield* withHeart()
        assert.deepStrictEqual([...heart.kept.keys()], [workerId])
        assert.deepInclude(heart.kept.get(workerId), {
          leaseMillis: 12_000,
          everyMillis: 4_000,
          standstillMillis: 300_000
        })
        yield* beating(heart, workerId)
        yield* settle
        const before = requests(storage).length
        yield* pass(60_000)
        assert.strictEqual(requests(storage).length, before)
        assert.strictEqual((yield* worker.health).state, "running")
        assert.strictEqual(yield* Ref.get(interrupted), 0)
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("F06: believes a beat of which it has not heard before it interrupts anything", () =>
      Effect.gen(function*() {
        const { heart, interrupted, storage, workerId } = yield* withHeart()
        // Nothing is heard, and the renewer itself gets no answer: only what the heart wrote down counts.
        storage.fault("renew", "fail", Infinity)
        yield* beating(heart, workerId)
        yield* pass(60_000)
        assert.strictEqual(yield* Ref.get(interrupted), 0)
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("F07: takes over when the heart is silent for half a lease, and loses nothing", () =>
      Effect.gen(function*() {
        const { interrupted, storage, worker } = yield* withHeart()
        const before = requests(storage).length
        yield* pass(60_000)
        assert.isAtLeast(requests(storage).length - before, 9)
        assert.strictEqual((yield* worker.health).state, "running")
        assert.strictEqual(yield* Ref.get(interrupted), 0)
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("F07: interrupts its handlers before the lease ends when neither heart nor renewer reach the storage", () =>
      Effect.gen(function*() {
        const { interrupted, storage, worker, workerId } = yield* withHeart()
        storage.fault("renew", "fail", Infinity)
        yield* pass(9_500)
        assert.strictEqual(yield* Ref.get(interrupted), 0)
        yield* pass(700)
        assert.strictEqual(yield* Ref.get(interrupted), 1)
        assert.strictEqual((yield* worker.health).state, "fenced")
        const { workers } = yield* storage.inner.overview
        assert.deepStrictEqual(workers.map(({ id }) => id), [workerId])
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("hears from the heart of cancellations, and of a lost registration, which it replaces at once", () =>
      Effect.gen(function*() {
        const { heart, id, interrupted, storage, worker, workerId } = yield* withHeart()
        yield* beating(heart, workerId)
        const now = yield* monotonicMillis
        heart.kept.get(workerId)?.heard(
          { _tag: "Renewed", cancellations: [{ id, token: 1, reason: "enough" }], suspects: false },
          now
        )
        yield* settle
        assert.strictEqual(yield* Ref.get(interrupted), 1)
        assert.strictEqual((yield* recordOf(id)).state, "cancelled")
        yield* forget(storage, workerId)
        heart.kept.get(workerId)?.heard({ _tag: "Lost" }, now)
        yield* settle
        const { state, workerId: next } = yield* worker.health
        assert.strictEqual(state, "running")
        assert.notStrictEqual(next, workerId)
        assert.deepStrictEqual([...heart.kept.keys()], [next])
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("tells the heart that it lives, and takes its registration back when it leaves", () =>
      Effect.gen(function*() {
        const { heart, stop, workerId } = yield* withHeart()
        yield* beating(heart, workerId)
        const before = heart.signs()
        yield* pass(20_000)
        assert.isAtLeast(heart.signs() - before, 18)
        const fiber = yield* Effect.forkChild(stop)
        yield* pass(12_000)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual([...heart.kept.keys()], [])
      }).pipe(Effect.provide(TestWorker.layer())))
  })
})
