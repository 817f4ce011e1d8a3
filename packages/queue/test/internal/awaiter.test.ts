import { assert, describe, it } from "@effect/vitest"
import * as JobId from "@millrace/storage/JobId"
import { Storage } from "@millrace/storage/Storage"
import { Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { settle } = TestWorker

const Some = Job.make("Some", { payload: {} })

const waitFor = (id: JobId.JobId) => Queue.Queue.use((queue) => queue.awaitFinished(id))

describe("awaiter", () => {
  it.effect("answers at once when a hint names the job", () =>
    Effect.gen(function*() {
      const { id } = yield* Some.enqueue({})
      const fiber = yield* Effect.forkChild(waitFor(id))
      yield* TestClock.adjust("10 seconds")
      yield* Queue.Queue.use((queue) => queue.cancel(id))
      yield* settle
      assert.strictEqual((yield* Fiber.join(fiber)).state, "cancelled")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("finds out by looking, at most a second later, when hints are lost", () =>
    Effect.gen(function*() {
      const { id } = yield* Some.enqueue({})
      const fiber = yield* Effect.forkChild(waitFor(id))
      yield* TestClock.adjust("10 seconds")
      yield* Queue.Queue.use((queue) => queue.cancel(id))
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(fiber.pollUnsafe()?._tag, "Success")
    }).pipe(Effect.provide(TestWorker.layer({ events: false }))))

  it.effect("looks seldom, and once for all callers", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const ids = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.map(Some.enqueue({}), ({ id }) => id))
      yield* Effect.forEach(ids, (id) => Effect.forkChild(waitFor(id)))
      yield* TestClock.adjust("20 seconds")
      yield* settle
      assert.isAtMost(storage.count("list"), 30)
      assert.isAtLeast(storage.count("list"), 15)
    }).pipe(Effect.provide(TestWorker.layer({ events: false }))))

  it.effect("looks outside of the transaction in which it was asked first", () =>
    Effect.gen(function*() {
      const seen: Array<boolean> = []
      const inner = yield* Storage
      const watched = Storage.of({
        ...inner,
        list: (query) =>
          Effect.andThen(
            Effect.map(TestStorage.Transaction, (transaction) => void seen.push(transaction !== null)),
            inner.list(query)
          )
      })
      const { id } = yield* Some.enqueue({})
      const record = yield* Effect.gen(function*() {
        const waiting = yield* Effect.forkChild(
          Effect.provideService(waitFor(id), TestStorage.Transaction, { writes: [], settles: [] })
        )
        yield* TestClock.adjust("1 second")
        yield* Queue.Queue.use((queue) => queue.cancel(id))
        yield* TestClock.adjust("1 second")
        return yield* Fiber.join(waiting)
      }).pipe(Effect.provide(Layer.provide(Layer.fresh(Queue.layer), Layer.succeed(Storage, watched))))
      assert.strictEqual(record.state, "cancelled")
      assert.isNotEmpty(seen)
      assert.notInclude(seen, true)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("notices a job that was removed, and one that never was", () =>
    Effect.gen(function*() {
      const { id } = yield* Some.enqueue({})
      const removed = yield* Effect.forkChild(Effect.exit(waitFor(id)))
      const never = yield* Effect.forkChild(Effect.exit(waitFor(JobId.makeUnsafe(99))))
      yield* TestClock.adjust("1 second")
      yield* Queue.Queue.use((queue) => queue.remove(id))
      yield* TestClock.adjust("20 seconds")
      yield* settle
      assert.isTrue(Exit.isFailure(yield* Fiber.join(removed)))
      assert.isTrue(Exit.isFailure(yield* Fiber.join(never)))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("waits through an outage, and fails on an error that no waiting helps", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { id } = yield* Some.enqueue({})
      const fiber = yield* Effect.forkChild(Effect.exit(waitFor(id)))
      yield* settle
      storage.fault("list", "fail", Infinity)
      yield* TestClock.adjust("1 minute")
      yield* settle
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      storage.heal()
      yield* Queue.Queue.use((queue) => queue.cancel(id))
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
      const other = yield* Some.enqueue({})
      storage.fault("list", "invalid", Infinity)
      const refused = yield* Effect.forkChild(Effect.exit(waitFor(other.id)))
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.isTrue(Exit.isFailure(yield* Fiber.join(refused)))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("stops looking when nobody waits any more", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { id } = yield* Some.enqueue({})
      const fiber = yield* Effect.forkChild(waitFor(id))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("2 seconds")
      const before = storage.count("list")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(storage.count("list"), before)
    }).pipe(Effect.provide(TestWorker.layer({ events: false }))))
})
