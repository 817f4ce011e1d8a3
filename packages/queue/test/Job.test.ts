import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { DateTime, Deferred, Effect, Fiber, Layer, Ref, Schema } from "effect"
import * as Job from "../src/Job.ts"
import * as Queue from "../src/Queue.ts"
import { InvalidOption } from "../src/QueueError.ts"
import * as TestStorage from "./TestStorage.ts"
import * as TestWorker from "./TestWorker.ts"

class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", { box: Schema.String }) {}
class ProviderDown extends Schema.TaggedError<ProviderDown>()("ProviderDown", { retryAfterMillis: Schema.Number }) {}

const Send = Job.make("Send", {
  payload: { to: Schema.String },
  success: Schema.Struct({ at: Schema.DateTimeUtc, size: Schema.BigInt }),
  error: Schema.Union([MailboxFull, ProviderDown]),
  retry: RetryPolicy.never
})

const { settle } = TestWorker

describe("Job", () => {
  it("keeps what it was made of, with every default", () => {
    assert.strictEqual(Send.name, "Send")
    assert.strictEqual(Send.options.queue, "default")
    assert.strictEqual(Send.options.priority, 50)
    assert.strictEqual(Send.options.maxAttempts, 1)
    assert.strictEqual(Send.options.timeoutMillis, 900_000)
    assert.strictEqual(Send.options.version, 1)
    assert.strictEqual(Job.make("Plain", { payload: {} }).options.maxAttempts, 25)
  })

  it("refuses a definition that can not be, by its field", () => {
    const wrong: ReadonlyArray<readonly [string, () => unknown]> = [
      ["name", () => Job.make("", { payload: {} })],
      ["name", () => Job.make("a\nb", { payload: {} })],
      ["timeout", () => Job.make("A", { payload: {}, timeout: 0 })],
      ["queue", () => Job.make("A", { payload: {}, queue: "" })],
      ["priority", () => Job.make("A", { payload: {}, priority: 1_000 })],
      ["maxAttempts", () => Job.make("A", { payload: {}, maxAttempts: 0 })],
      ["version", () => Job.make("A", { payload: {}, version: 0 })],
      ["tags[0]", () => Job.make("A", { payload: {}, tags: [""] })]
    ]
    for (const [field, make] of wrong) {
      let error: unknown = null
      try {
        make()
      } catch (thrown) {
        error = thrown
      }
      assert.strictEqual(error instanceof InvalidOption ? error.field : "", field)
    }
  })

  it.effect("does nothing before its effect is run", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const one = Send.enqueue({ to: "ada" })
      const all = Send.enqueueAll([{ payload: { to: "ada" } }])
      assert.strictEqual(storage.count("insert"), 0)
      yield* one
      yield* one
      yield* all
      assert.strictEqual(storage.count("insert"), 3)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("takes a schema of any type as its payload", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<unknown>>([])
      const Numbers = Job.make("Numbers", { payload: Schema.Array(Schema.BigInt), success: Schema.String })
      yield* TestWorker.start(
        Numbers.toLayer((numbers) => Effect.as(Ref.set(seen, numbers), `${numbers.length}`))
      )
      const result = yield* Effect.forkChild(Numbers.execute([1n, 2n]))
      yield* settle
      assert.strictEqual(yield* Fiber.join(result), "2")
      assert.deepStrictEqual(yield* Ref.get(seen), [1n, 2n])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("stores many jobs in one statement, and none when one is refused", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const results = yield* Send.enqueueAll(
        Array.from(
          { length: 500 },
          (_, index) => ({ payload: { to: `u${index}` }, options: { tenant: `t${index % 3}` } })
        )
      )
      assert.strictEqual(new Set(results.map(({ id }) => id)).size, 500)
      assert.strictEqual(storage.count("insert"), 1)
      const error = yield* Effect.flip(Send.enqueueAll([
        { payload: { to: "ok" } },
        { payload: { to: "a\u0000" } }
      ]))
      assert.strictEqual(error._tag, "InvalidPayload")
      assert.strictEqual(storage.count("insert"), 1)
      assert.deepStrictEqual(yield* Send.enqueueAll([]), [])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("turns 100 concurrent enqueues into few statements", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const results = yield* Effect.all(
        Array.from({ length: 100 }, (_, index) => Send.enqueue({ to: `u${index}` })),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(results.map(({ id }) => id)).size, 100)
      assert.isAtMost(storage.count("insert"), 2)
    }).pipe(Effect.provide(TestWorker.layer())))

  describe("execute", () => {
    it.effect("returns the result with its types", () =>
      Effect.gen(function*() {
        yield* TestWorker.start(
          Send.toLayer(({ to }) => Effect.succeed({ at: DateTime.makeUnsafe(5), size: BigInt(to.length) }))
        )
        const fiber = yield* Effect.forkChild(Send.execute({ to: "ada" }))
        yield* settle
        const { at, size } = yield* Fiber.join(fiber)
        assert.strictEqual(DateTime.toEpochMillis(at), 5)
        assert.strictEqual(size, 3n)
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("fails with JobDead when the stored result does not fit the schema of this program", () =>
      Effect.gen(function*() {
        // Another release of the program, whose result is a number.
        const Other = Job.make("Send", { payload: { to: Schema.String }, success: Schema.Number })
        yield* TestWorker.start(Other.toLayer(() => Effect.succeed(3)))
        const fiber = yield* Effect.forkChild(Effect.flip(Send.execute({ to: "ada" })))
        yield* settle
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag === "JobDead" ? error.failure?.tag : "", "Undecodable")
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("fails with the typed error of the last attempt", () =>
      Effect.gen(function*() {
        yield* TestWorker.start(Send.toLayer(({ to }) => Effect.fail(new MailboxFull({ box: to }))))
        const fiber = yield* Effect.forkChild(Effect.flip(Send.execute({ to: "ada" })))
        yield* settle
        const error = yield* Fiber.join(fiber)
        assert.isTrue(error instanceof MailboxFull && error.box === "ada")
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("fails with JobDead when the job died otherwise", () =>
      Effect.gen(function*() {
        yield* TestWorker.start(Send.toLayer(() => Effect.die(new RangeError("far out"))))
        const fiber = yield* Effect.forkChild(Effect.flip(Send.execute({ to: "ada" })))
        yield* settle
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag === "JobDead" ? error.failure?.tag : "", "RangeError")
        assert.include(error.message, "far out")
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("fails with JobCancelled", () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.flip(Send.execute({ to: "ada" }, { unique: "one" })))
        yield* settle
        const { id } = yield* Send.enqueue({ to: "ada" }, { unique: "one" })
        yield* Queue.Queue.use((queue) => queue.cancel(id))
        yield* settle
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag === "JobCancelled" ? error.id : "", id)
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("joins the live job that holds its unique key", () =>
      Effect.gen(function*() {
        const runs = yield* Ref.make(0)
        const gate = yield* Deferred.make<void>()
        const Once = Job.make("Once", { payload: {}, success: Schema.Number, unique: () => "only" })
        yield* TestWorker.start(
          Once.toLayer(() => Effect.andThen(Deferred.await(gate), Ref.updateAndGet(runs, (n) => n + 1)))
        )
        const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(Once.execute({})))
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.deepStrictEqual(yield* Fiber.joinAll(fibers), [1, 1, 1])
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("fails before anything is stored when the payload is refused", () =>
      Effect.gen(function*() {
        const storage = yield* TestStorage.TestStorage
        const error = yield* Effect.flip(Send.execute({ to: "\ud800" }))
        assert.strictEqual(error._tag, "InvalidPayload")
        assert.strictEqual(storage.count("insert"), 0)
      }).pipe(Effect.provide(TestWorker.layer())))
  })

  it.effect("refuses a second handler of the same name in one worker", () =>
    Effect.gen(function*() {
      const twice = Layer.mergeAll(Send.toLayer(() => Effect.never), Send.toLayer(() => Effect.never))
      const exit = yield* Effect.exit(TestWorker.start(twice))
      assert.strictEqual(exit._tag, "Failure")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("dies when a snooze is out of range", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Job.snooze(-1))
      assert.isTrue(exit._tag === "Failure" && exit.cause.reasons[0]?._tag === "Die")
    }))
})
