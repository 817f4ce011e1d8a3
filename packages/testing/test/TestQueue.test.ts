import { assert, describe, it } from "@effect/vitest"
import { Job, Queue } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as TestQueue from "../src/TestQueue.ts"

const Mail = Job.make("Mail", {
  payload: { to: Schema.String, copies: Schema.Int },
  success: Schema.String
})
class Down extends Schema.TaggedError<Down>()("Down", {}) {}
const Call = Job.make("Call", {
  payload: { times: Schema.Int },
  success: Schema.Int,
  error: Down,
  retry: RetryPolicy.fixed("1 hour", { maxAttempts: 4 })
})

const Live = Layer.mergeAll(
  Mail.toLayer(({ to }) => Effect.succeed(`sent to ${to}`)),
  Call.toLayer(({ times }, { attempt }) => attempt > times ? Effect.succeed(attempt) : Effect.fail(new Down()))
).pipe(Layer.provideMerge(TestQueue.layer()))

/** Nobody handles anything: jobs stay where they were put. */
const Idle = TestQueue.layer()

describe("TestQueue", () => {
  it.effect("finds enqueued jobs by what is expected of them", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      yield* Mail.enqueue({ to: "ada", copies: 1 }, { tenant: "shop", priority: "high", tags: ["a", "b"] })
      yield* Mail.enqueue({ to: "bob", copies: 2 })
      const found = yield* test.assertEnqueued(Mail, {
        payload: { to: "ada" },
        tenant: "shop",
        priority: 30,
        tags: ["b"]
      })
      assert.deepStrictEqual(found.payload, { to: "ada", copies: 1 })
      assert.strictEqual((yield* test.jobs(Mail)).length, 2)
      assert.strictEqual((yield* test.jobs(Mail, { payload: { copies: 2 }, state: "available" })).length, 1)
      yield* test.refuteEnqueued(Mail, { payload: { to: "cid" } })
      yield* test.refuteEnqueued(Call)
    }).pipe(Effect.provide(Idle)))

  it.effect("tells what is there when the expected job is not, and when one is that should not be", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      const none = yield* Effect.flip(test.assertEnqueued(Mail))
      assert.match(none.message, /Expected a job of Mail; there is none/)
      yield* Mail.enqueue({ to: "ada", copies: 1 })
      const other = yield* Effect.flip(test.assertEnqueued(Mail, { payload: { to: "bob" } }))
      assert.match(other.message, /Expected a job with .*bob.* of Mail; there are:\n.*ada/)
      const unwanted = yield* Effect.flip(test.refuteEnqueued(Mail))
      assert.match(unwanted.message, /Expected no job of Mail; there are/)
    }).pipe(Effect.provide(Idle)))

  it.effect("runs a job after those that it waits for, however long they take, and leaves one that waits for ever", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      const call = yield* Call.enqueue({ times: 0 }, { delay: "1 hour" })
      const stuck = yield* Call.enqueue({ times: 9 }, { delay: "30 minutes", queue: "nobody" })
      yield* Mail.enqueue({ to: "bob", copies: 1 }, { parents: [stuck.id] })
      assert.strictEqual(yield* test.perform(Mail, { to: "ada", copies: 1 }, { parents: [call.id] }), "sent to ada")
      yield* test.assertEnqueued(Call, { state: "completed" })
      yield* test.assertEnqueued(Mail, { payload: { to: "bob" }, state: "pending" })
      yield* test.advance("1 hour")
      yield* test.assertEnqueued(Mail, { payload: { to: "bob" }, state: "pending" })
    }).pipe(Effect.provide(Live)))

  it.effect("runs what is due, and leaves what is not", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      yield* Mail.enqueue({ to: "ada", copies: 1 })
      yield* Mail.enqueue({ to: "bob", copies: 1 }, { delay: "10 minutes" })
      assert.strictEqual(yield* test.runDue, 1)
      assert.strictEqual(yield* test.runDue, 0)
      yield* test.assertEnqueued(Mail, { payload: { to: "ada" }, state: "completed" })
      yield* test.assertEnqueued(Mail, { payload: { to: "bob" }, state: "scheduled" })
      yield* test.advance("10 minutes")
      yield* test.assertEnqueued(Mail, { payload: { to: "bob" }, state: "completed" })
    }).pipe(Effect.provide(Live)))

  it.effect("performs a job through its retries and answers its result", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      const queue = yield* Queue.Queue
      assert.strictEqual(yield* test.perform(Call, { times: 2 }), 3)
      const [record] = yield* test.jobs(Call)
      if (record === undefined) return assert.fail("no job")
      const outcomes = (yield* queue.history(record.id)).map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, ["failed", "failed", "completed"])
      const now = yield* TestClock.testClockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe()))
      assert.isAtLeast(now, 2 * 3_600_000)
    }).pipe(Effect.provide(Live)))

  it.effect("performs a job that gives up and answers its typed error", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      const error = yield* Effect.flip(test.perform(Call, { times: 9 }))
      assert.strictEqual(error._tag, "Down")
    }).pipe(Effect.provide(Live)))
})
