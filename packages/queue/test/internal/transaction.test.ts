import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { JobId } from "@millrace/storage/JobId"
import type { Settlement } from "@millrace/storage/Outcome"
import { Deferred, Effect, Ref, Schema } from "effect"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const Book = Job.make("Book", {
  payload: { entry: Schema.String },
  success: Schema.Struct({ id: Schema.Number }),
  error: Refused,
  retry: RetryPolicy.fixed("1 second", { maxAttempts: 5 })
})

const recordOf = (id: JobId) => Queue.Queue.use((queue) => queue.get(id))

const book = (entry: string) => Effect.as(TestStorage.write(entry), { id: entry.length })

const withTransactions = TestWorker.layer({ transactions: true, tells: true })

describe("Job.transactional", () => {
  it.effect("commits the effect and the completion together, and settles nothing again", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { worker } = yield* TestWorker.start(Book.toLayer(({ entry }) => Job.transactional(book(entry))))
      const { id } = yield* Book.enqueue({ entry: "abc" })
      yield* settle
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual(record.result, { id: 3 })
      assert.deepStrictEqual(storage.committed, ["abc"])
      assert.strictEqual(storage.count("settle"), 1)
      assert.strictEqual((yield* worker.health).running, 0)
    }).pipe(Effect.provide(withTransactions)))

  it.effect("rolls back when the effect fails, and retries the job", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { id } = yield* Book.enqueue({ entry: "abc" })
      yield* TestWorker.start(
        Book.toLayer(({ entry }, job) =>
          Job.transactional(
            Effect.tap(book(entry), () => job.attempt < 3 ? Effect.fail(new Refused()) : Effect.void)
          )
        )
      )
      yield* pass(6_000)
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "completed")
      assert.strictEqual(record.failures, 2)
      assert.deepStrictEqual(storage.committed, ["abc"])
    }).pipe(Effect.provide(withTransactions)))

  it.effect("ignores what the handler does after the commit", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(
        Book.toLayer(({ entry }, job) =>
          Effect.gen(function*() {
            yield* Job.transactional(book(entry))
            yield* job.progress(1)
            return yield* new Refused()
          })
        )
      )
      const { id } = yield* Book.enqueue({ entry: "abc" })
      yield* pass(10_000)
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual(storage.committed, ["abc"])
      assert.strictEqual(storage.count("report"), 0)
    }).pipe(Effect.provide(withTransactions)))

  for (const fault of ["lose", "fail", "conflict"] as const) {
    it.effect(`takes effect exactly once when the commit ${fault === "lose" ? "arrives but its answer does not" : `ends with ${fault}`}`, () =>
      Effect.gen(function*() {
        const storage = yield* TestStorage.TestStorage
        const commits = yield* TestStorage.Commits
        const runs = yield* Ref.make(0)
        commits.next = fault
        yield* TestWorker.start(
          Book.toLayer(({ entry }) => Effect.andThen(Ref.update(runs, (n) => n + 1), Job.transactional(book(entry))))
        )
        const { id } = yield* Book.enqueue({ entry: "abc" })
        yield* pass(10_000)
        const record = yield* recordOf(id)
        assert.strictEqual(record.state, "completed")
        assert.deepStrictEqual(record.result, { id: 3 })
        assert.deepStrictEqual(storage.committed, ["abc"])
        assert.strictEqual(yield* Ref.get(runs), fault === "lose" ? 1 : 2)
        // An outage costs no attempt, a conflict does.
        assert.strictEqual(record.failures, fault === "conflict" ? 1 : 0)
      }).pipe(Effect.provide(withTransactions)))
  }

  it.effect("settles an attempt of unknown commit apart from others, for it may have to wait", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const commits = yield* TestStorage.Commits
      const gate = yield* Deferred.make<void>()
      yield* TestWorker.start(
        Book.toLayer(({ entry }) =>
          Effect.andThen(
            Deferred.await(gate),
            entry === "tx" ? Job.transactional(book(entry)) : Effect.succeed({ id: 1 })
          )
        )
      )
      for (const entry of ["a", "b", "tx", "c", "d"]) yield* Book.enqueue({ entry })
      yield* settle
      commits.next = "fail"
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      const batches = storage.calls.filter(({ method }) => method === "settle").map(({ input }) =>
        (input as ReadonlyArray<Settlement>).map(({ outcome }) => outcome._tag)
      )
      assert.isTrue(batches.some((tags) => tags.join() === "Snoozed"))
      assert.isTrue(batches.every((tags) => !tags.includes("Snoozed") || tags.length === 1))
    }).pipe(Effect.provide(withTransactions)))

  it.effect("rolls back and stops the handler when the claim was lost meanwhile", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const gate = yield* Deferred.make<void>()
      const after = yield* Ref.make(0)
      const runs = yield* Ref.make(0)
      const { worker } = yield* TestWorker.start(
        Book.toLayer(({ entry }) =>
          Effect.gen(function*() {
            const run = yield* Ref.updateAndGet(runs, (n) => n + 1)
            const booked = yield* Job.transactional(
              Effect.andThen(run === 1 ? Deferred.await(gate) : Effect.void, book(entry))
            )
            yield* Ref.update(after, (n) => n + 1)
            return booked
          })
        ),
        { maintenance: false }
      )
      const { id } = yield* Book.enqueue({ entry: "abc" })
      yield* settle
      yield* storage.inner.renew({ _tag: "Leave", workerId: (yield* worker.health).workerId })
      yield* Deferred.succeed(gate, undefined)
      yield* pass(10_000)
      assert.deepStrictEqual(storage.committed, ["abc"])
      assert.strictEqual(yield* Ref.get(runs), 2)
      assert.strictEqual(yield* Ref.get(after), 1)
      assert.strictEqual((yield* recordOf(id)).state, "completed")
    }).pipe(Effect.provide(withTransactions)))

  it.effect("rolls back when the attempt is cancelled within the effect", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(
        Book.toLayer(({ entry }) => Job.transactional(Effect.tap(book(entry), () => Effect.never)))
      )
      const { id } = yield* Book.enqueue({ entry: "abc" })
      yield* settle
      yield* Queue.Queue.use((queue) => queue.cancel(id))
      yield* settle
      assert.strictEqual((yield* recordOf(id)).state, "cancelled")
      assert.deepStrictEqual(storage.committed, [])
    }).pipe(Effect.provide(withTransactions)))

  it.effect("sees a completion through to its end when the attempt is interrupted at that moment", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Book.toLayer(({ entry }) => Job.transactional(book(entry))))
      yield* settle
      const latch = storage.hold("settle")
      const { id } = yield* Book.enqueue({ entry: "abc" }, { timeout: "1 second" })
      yield* pass(3_000)
      latch.openUnsafe()
      yield* settle
      assert.strictEqual((yield* recordOf(id)).state, "completed")
      assert.deepStrictEqual(storage.committed, ["abc"])
    }).pipe(Effect.provide(withTransactions)))

  it.effect("rolls back a result that does not fit the job's schema", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(
        Book.toLayer(({ entry }) => Effect.as(Job.transactional(TestStorage.write(entry)), { id: 1 }))
      )
      const { id } = yield* Book.enqueue({ entry: "abc" }, { maxAttempts: 1 })
      yield* settle
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "dead")
      assert.include(record.error?.message, "result")
      assert.deepStrictEqual(storage.committed, [])
    }).pipe(Effect.provide(withTransactions)))

  it.effect("refuses a second transaction in one attempt", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(
        Book.toLayer(({ entry }) => Effect.andThen(Job.transactional(book(entry)), Job.transactional(book("again"))))
      )
      yield* Book.enqueue({ entry: "abc" })
      yield* pass(5_000)
      assert.deepStrictEqual(storage.committed, ["abc"])
    }).pipe(Effect.provide(withTransactions)))

  it.effect("writes what was reported before the completion", () =>
    Effect.gen(function*() {
      yield* TestWorker.start(
        Book.toLayer(({ entry }, job) => Effect.andThen(job.progress(0.9), Job.transactional(book(entry))))
      )
      const { id } = yield* Book.enqueue({ entry: "abc" })
      yield* settle
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "completed")
      assert.strictEqual(record.progress?.value, 0.9)
    }).pipe(Effect.provide(withTransactions)))

  it.effect("is a typed failure on a storage without transactions, and the job is dead at once", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make("")
      yield* TestWorker.start(
        Book.toLayer(({ entry }) =>
          Job.transactional(book(entry)).pipe(
            Effect.tapError((error) => Ref.set(seen, error._tag))
          )
        )
      )
      const { id } = yield* Book.enqueue({ entry: "abc" })
      yield* settle
      assert.strictEqual(yield* Ref.get(seen), "Unsupported")
      assert.strictEqual((yield* recordOf(id)).state, "dead")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("enqueues within the transaction of a handler on its fiber", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Next = Job.make("Next", { payload: {} })
      yield* TestWorker.start(
        Book.toLayer(({ entry }) => Job.transactional(Effect.andThen(Next.enqueue({}).pipe(Effect.orDie), book(entry))))
      )
      yield* Book.enqueue({ entry: "abc" })
      yield* settle
      assert.strictEqual(storage.count("insert"), 2)
      assert.deepStrictEqual(storage.committed, ["abc"])
    }).pipe(Effect.provide(withTransactions)))
})
