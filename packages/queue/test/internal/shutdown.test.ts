import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Defaults from "../../src/Defaults.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: {} })

const recordOf = (id: Parameters<Queue.Queue["Service"]["get"]>[0]) => Queue.Queue.use((queue) => queue.get(id))

/** Stops a worker and lets so much time pass; tells whether it has stopped. */
const stopWithin = (started: TestWorker.Started, millis: number) =>
  Effect.gen(function*() {
    const stopping = yield* Effect.forkDetach(started.stop)
    yield* settle
    yield* pass(millis)
    return stopping.pollUnsafe() !== undefined
  })

describe("shutdown", () => {
  it.effect("stops at once when nothing runs, and leaves", () =>
    Effect.gen(function*() {
      const started = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* settle
      assert.isTrue(yield* stopWithin(started, 0))
      const { workers } = yield* Queue.Queue.use((queue) => queue.overview)
      assert.deepStrictEqual(workers, [])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F14: lets running jobs end within the grace time and writes their outcomes", () =>
    Effect.gen(function*() {
      const started = yield* TestWorker.start(Work.toLayer(() => Effect.sleep("8 seconds")))
      const { id } = yield* Work.enqueue({})
      yield* settle
      assert.isFalse(yield* stopWithin(started, 7_000))
      const late = yield* Work.enqueue({})
      yield* pass(2_000)
      assert.strictEqual((yield* recordOf(id)).state, "completed")
      assert.strictEqual((yield* recordOf(late.id)).state, "available")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F14: interrupts the rest after the grace time and gives it back without an attempt spent", () =>
    Effect.gen(function*() {
      const finalized = yield* Ref.make(0)
      const started = yield* TestWorker.start(
        Work.toLayer(() => Effect.never.pipe(Effect.onInterrupt(() => Ref.update(finalized, (n) => n + 1)))),
        { graceDuration: "5 seconds" }
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      assert.isFalse(yield* stopWithin(started, 4_500))
      yield* pass(1_000)
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "available")
      assert.deepStrictEqual([record.attempt, record.failures, record.crashes], [0, 0, 0])
      assert.strictEqual(yield* Ref.get(finalized), 1)
      const history = yield* Queue.Queue.use((queue) => queue.history(id))
      assert.deepStrictEqual(history.map(({ outcome }) => outcome), ["released"])
      const { workers } = yield* Queue.Queue.use((queue) => queue.overview)
      assert.deepStrictEqual(workers, [])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F17: gives claims that wait for a slot back at once", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      const started = yield* TestWorker.start(
        Work.toLayer(() => Deferred.await(gate)),
        { concurrency: 1, graceDuration: "5 seconds" }
      )
      yield* settle
      // A claim that is under way when the worker stops.
      const latch = storage.hold("claim")
      const { id } = yield* Work.enqueue({})
      yield* settle
      const stopping = yield* Effect.forkDetach(started.stop)
      yield* settle
      latch.openUnsafe()
      yield* settle
      assert.strictEqual((yield* recordOf(id)).state, "available")
      yield* pass(1_000)
      yield* Fiber.join(stopping)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F15: ends within the grace time and a second when the storage does not answer", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const started = yield* TestWorker.start(Work.toLayer(() => Effect.void), { graceDuration: "2 seconds" })
      yield* settle
      for (const method of ["claim", "renew", "settle", "promote", "reclaim"] as const) {
        storage.fault(method, "hang", Infinity)
      }
      yield* Work.enqueue({})
      yield* pass(1_000)
      assert.isTrue(yield* stopWithin(started, 2_000 + Defaults.shutdownMarginMillis))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F11: does not wait longer for a handler that ignores interruption, and keeps its lease to the end", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const started = yield* TestWorker.start(
        Work.toLayer(() => Effect.uninterruptible(Deferred.await(gate))),
        { graceDuration: "2 seconds" }
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      assert.isTrue(yield* stopWithin(started, 2_000 + Defaults.shutdownMarginMillis))
      // It may still be running: no other worker gets the job before the lease has lapsed.
      assert.strictEqual((yield* recordOf(id)).state, "running")
      yield* Deferred.succeed(gate, undefined)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("keeps the services of a handler open until its attempts have ended", () =>
    Effect.gen(function*() {
      class Mailer extends Context.Service<Mailer, { readonly isOpen: () => boolean }>()("test/Mailer") {}
      const seen = yield* Ref.make<ReadonlyArray<boolean>>([])
      const mailer = Layer.effect(
        Mailer,
        Effect.gen(function*() {
          let open = true
          yield* Effect.addFinalizer(() => Effect.sync(() => open = false))
          return { isOpen: () => open }
        })
      )
      const started = yield* TestWorker.start(
        Work.toLayer(() =>
          Effect.gen(function*() {
            const { isOpen } = yield* Mailer
            yield* Effect.sleep("3 seconds")
            yield* Ref.update(seen, (all) => [...all, isOpen()])
          })
        ).pipe(Layer.provide(mailer))
      )
      const { id } = yield* Work.enqueue({})
      yield* settle
      assert.isFalse(yield* stopWithin(started, 2_000))
      yield* pass(2_000)
      assert.deepStrictEqual(yield* Ref.get(seen), [true])
      assert.strictEqual((yield* recordOf(id)).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("shares one grace time between handlers that are closed one after the other", () =>
    Effect.gen(function*() {
      const Other = Job.make("Other", { payload: {} })
      // Other's layer is built on Work's, so they close one after the other.
      const handlers = Other.toLayer(() => Effect.never).pipe(
        Layer.provideMerge(Layer.effectDiscard(Effect.void)),
        Layer.provideMerge(Work.toLayer(() => Effect.never))
      )
      const started = yield* TestWorker.start(handlers, { graceDuration: "3 seconds" })
      yield* Work.enqueue({})
      yield* Other.enqueue({})
      yield* settle
      assert.strictEqual((yield* started.worker.health).running, 2)
      assert.isTrue(yield* stopWithin(started, 3_000 + Defaults.shutdownMarginMillis))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F18: flushes outcomes that wait for a slow storage", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const started = yield* TestWorker.start(Work.toLayer(() => Effect.void), { graceDuration: "2 seconds" })
      yield* settle
      const latch = storage.hold("settle")
      const { id } = yield* Work.enqueue({})
      yield* settle
      const stopping = yield* Effect.forkDetach(started.stop)
      yield* pass(200)
      assert.strictEqual(stopping.pollUnsafe(), undefined)
      latch.openUnsafe()
      yield* settle
      yield* Fiber.join(stopping)
      assert.strictEqual((yield* recordOf(id)).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F15: stops twice as well as once, and before it was registered", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      storage.fault("renew", "fail", Infinity)
      const started = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* pass(100)
      assert.strictEqual((yield* started.worker.health).state, "starting")
      assert.isTrue(yield* stopWithin(started, 500))
      assert.isTrue(yield* stopWithin(started, 0))
      const before = storage.calls.length
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(storage.calls.length, before)
    }).pipe(Effect.provide(TestWorker.layer())))
})
