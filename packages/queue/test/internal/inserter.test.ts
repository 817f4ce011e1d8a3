import { assert, describe, it } from "@effect/vitest"
import type { NewJob } from "@millrace/storage/NewJob"
import { Storage } from "@millrace/storage/Storage"
import { Effect, Exit, Fiber, Latch, Result, Scope } from "effect"
import * as Inserter from "../../src/internal/inserter.ts"
import * as NewJobs from "../../src/internal/newJob.ts"
import * as TestStorage from "../TestStorage.ts"
import { settle } from "../TestWorker.ts"

const job = (name: string): NewJob => Result.getOrThrow(NewJobs.fromUnknown(name, {}, {}))

const sizes = (storage: TestStorage.TestStorage["Service"]) =>
  storage.calls.filter(({ method }) => method === "insert").map(({ input }) => (input as ReadonlyArray<NewJob>).length)

const make = Effect.gen(function*() {
  const inserter = yield* Inserter.make(yield* Storage)
  return { inserter, storage: yield* TestStorage.TestStorage }
})

const forkAll = <A, E>(calls: ReadonlyArray<Effect.Effect<A, E>>) =>
  Effect.forEach(calls, (call) => Effect.forkChild(call))

describe("inserter", () => {
  it.effect("stores a lone job at once, and what comes meanwhile in one statement", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      const latch = storage.hold("insert")
      const first = yield* Effect.forkChild(inserter.insert([job("A")]))
      yield* settle
      const others = yield* forkAll(Array.from({ length: 50 }, (_, index) => inserter.insert([job(`B${index}`)])))
      yield* settle
      assert.deepStrictEqual(sizes(storage), [1])
      latch.openUnsafe()
      const [result] = yield* Fiber.join(first)
      assert.strictEqual(result?._tag, "Enqueued")
      const results = yield* Fiber.joinAll(others)
      assert.deepStrictEqual(sizes(storage), [1, 50])
      const records = yield* storage.inner.list({ limit: 100 })
      // Each caller got the id of its own job.
      results.forEach(([result], index) =>
        assert.strictEqual(records.items.find(({ id }) => id === result?.id)?.name, `B${index}`)
      )
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("never puts more than 1,000 jobs into a statement", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      const latch = storage.hold("insert")
      const fibers = yield* forkAll(Array.from({ length: 2_500 }, () => inserter.insert([job("A")])))
      yield* settle
      latch.openUnsafe()
      yield* Fiber.joinAll(fibers)
      assert.isAtMost(Math.max(...sizes(storage)), 1_000)
      assert.isAtMost(sizes(storage).length, 4)
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("keeps up nobody else for a job whose key somebody holds", () =>
    Effect.gen(function*() {
      const storage = yield* Storage
      const freed = Latch.makeUnsafe(false)
      const inserter = yield* Inserter.make({
        ...storage,
        insert: (jobs) =>
          jobs.some(({ unique }) => unique !== null)
            ? Effect.andThen(freed.await, storage.insert(jobs))
            : storage.insert(jobs)
      })
      const keyed = Result.getOrThrow(NewJobs.fromUnknown("keyed", {}, { unique: "k" }))
      const waiting = yield* Effect.forkChild(inserter.insert([keyed]))
      yield* settle
      assert.lengthOf(yield* inserter.insert([job("plain")]), 1)
      freed.openUnsafe()
      assert.lengthOf(yield* Fiber.join(waiting), 1)
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("lets one refused job fail alone", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      const latch = storage.hold("insert")
      yield* Effect.forkChild(inserter.insert([job("first")]))
      yield* settle
      const bad = { ...job("bad"), priority: 1_000 }
      const fibers = yield* forkAll([job("a"), bad, job("b")].map((each) => Effect.exit(inserter.insert([each]))))
      yield* settle
      latch.openUnsafe()
      const exits = yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
      const { items } = yield* storage.inner.list({})
      assert.deepStrictEqual(items.map(({ name }) => name).toSorted(), ["a", "b", "first"])
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("tells every caller of a statement that failed", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      storage.fault("insert", "fail", 1)
      const error = yield* Effect.flip(inserter.insert([job("A")]))
      assert.strictEqual(error.reason._tag, "Unavailable")
      storage.fault("insert", "die", 1)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(inserter.insert([job("A")]))))
      // And goes on.
      assert.strictEqual((yield* inserter.insert([job("A")])).length, 1)
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("stores nothing of a caller that was interrupted in the line", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      const latch = storage.hold("insert")
      const first = yield* Effect.forkChild(inserter.insert([job("first")]))
      yield* settle
      const gone = yield* Effect.forkChild(inserter.insert([job("gone")]))
      yield* settle
      yield* Fiber.interrupt(gone)
      latch.openUnsafe()
      yield* Fiber.join(first)
      yield* settle
      assert.deepStrictEqual(sizes(storage), [1])
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("stores several jobs in a statement of their own", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      yield* inserter.insert([job("a"), job("b")])
      assert.deepStrictEqual(sizes(storage), [2])
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("stores on the caller's fiber inside a transaction, so that it is rolled back with it", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      const seen: Array<boolean> = []
      const inner = yield* Storage
      const watched = yield* Inserter.make({
        ...inner,
        insert: (jobs) =>
          Effect.andThen(
            Effect.map(TestStorage.Transaction, (transaction) => seen.push(transaction !== null)),
            inner.insert(jobs)
          )
      })
      const { transaction } = inner.capabilities
      if (transaction === null) return assert.fail("the test's storage has transactions")
      yield* transaction(watched.insert([job("inside")]))
      yield* watched.insert([job("outside")])
      assert.deepStrictEqual(seen, [true, false])
      assert.isDefined(inserter)
      assert.strictEqual(storage.count("insert"), 2)
    }).pipe(Effect.provide(TestStorage.layer({ transactions: true, tells: true }))))

  it.effect("shares nothing when the driver can not tell who is in a transaction", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      const latch = storage.hold("insert")
      const fibers = yield* forkAll([job("a"), job("b"), job("c")].map((each) => inserter.insert([each])))
      yield* settle
      assert.deepStrictEqual(sizes(storage), [1, 1, 1])
      latch.openUnsafe()
      yield* Fiber.joinAll(fibers)
    }).pipe(Effect.provide(TestStorage.layer({ transactions: true }))))

  it.effect("makes callers wait beyond 10,000 in line", () =>
    Effect.gen(function*() {
      const { inserter, storage } = yield* make
      const latch = storage.hold("insert")
      const fibers = yield* forkAll(Array.from({ length: 11_500 }, () => inserter.insert([job("A")])))
      yield* settle
      latch.openUnsafe()
      yield* Fiber.joinAll(fibers)
      const { items } = yield* storage.inner.list({ limit: 1 })
      assert.strictEqual(items[0]?.id, "11500")
    }).pipe(Effect.provide(TestStorage.layer())))

  it.effect("interrupts those in line when it is closed", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const scope = yield* Scope.make()
      const inserter = yield* Scope.provide(Inserter.make(yield* Storage), scope)
      const latch = storage.hold("insert")
      const first = yield* Effect.forkChild(inserter.insert([job("first")]))
      yield* settle
      const waiting = yield* Effect.forkChild(inserter.insert([job("waiting")]))
      yield* settle
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* settle
      assert.isTrue(Exit.isFailure(yield* Fiber.await(waiting)))
      latch.openUnsafe()
      assert.strictEqual((yield* Fiber.join(first)).length, 1)
      yield* Fiber.join(closing)
    }).pipe(Effect.provide(TestStorage.layer())))
})
