import { assert, describe, it } from "@effect/vitest"
import * as JobId from "@millrace/storage/JobId"
import { DateTime, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../src/Job.ts"
import * as JobRegistry from "../src/JobRegistry.ts"
import * as Queue from "../src/Queue.ts"
import * as TestStorage from "./TestStorage.ts"
import * as TestWorker from "./TestWorker.ts"

const Send = Job.make("Send", { payload: { to: Schema.String }, queue: "mail", priority: "low" })

const withRegistry = (options?: { readonly strict?: boolean }) =>
  Queue.layer.pipe(Layer.provide(JobRegistry.layer([Send], options)), Layer.provideMerge(TestStorage.layer()))

describe("Queue", () => {
  it.effect("enqueues by name with the defaults and the validation of the registered definition", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* queue.enqueueEncoded({ name: "Send", payload: { to: "ada" }, tenant: "shop" })
      const record = yield* queue.get(id)
      assert.strictEqual(record.queue, "mail")
      assert.strictEqual(record.priority, 70)
      assert.strictEqual(record.tenant, "shop")
      const error = yield* Effect.flip(queue.enqueueEncoded({ name: "Send", payload: { to: 3 } }))
      assert.strictEqual(error._tag === "InvalidPayload" ? error.field : "", "$.to")
    }).pipe(Effect.provide(withRegistry())))

  it.effect("refuses an unknown name when the registry is strict, and says what is known", () =>
    Effect.gen(function*() {
      const strict = yield* Effect.flip(
        Queue.Queue.use((queue) => queue.enqueueEncoded({ name: "Other", payload: {} }))
      )
      assert.deepStrictEqual(strict._tag === "UnknownJob" ? strict.known : [], ["Send"])
    }).pipe(Effect.provide(withRegistry({ strict: true }))))

  it.effect("takes any JSON for an unknown name", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* queue.enqueueEncoded({ name: "Other", payload: [1, null] })
      assert.deepStrictEqual((yield* queue.get(id)).payload, [1, null])
      const error = yield* Effect.flip(queue.enqueueEncoded({ name: "Other", payload: "a\u0000" }))
      assert.strictEqual(error._tag, "InvalidPayload")
    }).pipe(Effect.provide(withRegistry())))

  it.effect("stores none of many requests when one is refused", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      yield* Effect.flip(queue.enqueueAllEncoded([
        { name: "Send", payload: { to: "ada" } },
        { name: "Send", payload: { to: "bob" }, delay: -1 }
      ]))
      assert.strictEqual((yield* queue.list({})).items.length, 0)
      const results = yield* queue.enqueueAllEncoded(
        Array.from({ length: 2_500 }, () => ({ name: "Send", payload: { to: "ada" } }))
      )
      assert.strictEqual(results.length, 2_500)
      const storage = yield* TestStorage.TestStorage
      assert.strictEqual(storage.count("insert"), 3)
    }).pipe(Effect.provide(withRegistry())))

  it.effect("answers Duplicate with the id of the live job that holds the key", () =>
    Effect.gen(function*() {
      const first = yield* Send.enqueue({ to: "ada" }, { unique: "k" })
      const second = yield* Send.enqueue({ to: "bob" }, { unique: "k" })
      assert.strictEqual(first._tag, "Enqueued")
      assert.deepStrictEqual(second, { _tag: "Duplicate", id: first.id })
      assert.strictEqual((yield* Send.enqueue({ to: "ada" }, { unique: "k", tenant: "t" }))._tag, "Enqueued")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("names the job that does not exist", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const id = JobId.makeUnsafe(404)
      const asked = [
        Effect.flip(queue.get(id)),
        Effect.flip(queue.history(id)),
        Effect.flip(queue.cancel(id)),
        Effect.flip(queue.retry(id)),
        Effect.flip(queue.remove(id))
      ]
      for (const error of yield* Effect.all(asked)) {
        assert.strictEqual(error._tag === "JobNotFound" ? error.id : "", "404")
        assert.include(error.message, "404")
      }
      assert.deepStrictEqual(yield* queue.transition([id], { _tag: "Retry" }), [])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("cancels, redrives and removes, and refuses what the state does not allow", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* Send.enqueue({ to: "ada" })
      const refused = yield* Effect.flip(queue.retry(id))
      assert.deepStrictEqual(
        refused._tag === "IllegalTransition" ? [refused.state, refused.action] : [],
        ["available", "retry"]
      )
      assert.deepStrictEqual(yield* queue.cancel(id), { id, from: "available", to: "cancelled" })
      assert.strictEqual((yield* Effect.flip(queue.cancel(id)))._tag, "IllegalTransition")
      assert.strictEqual((yield* queue.retry(id)).to, "available")
      assert.strictEqual((yield* queue.remove(id)).to, "removed")
      assert.strictEqual((yield* Effect.flip(queue.get(id)))._tag, "JobNotFound")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("promotes a job that waits for its time, and no other", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* Send.enqueue({ to: "ada" }, { delay: "1 hour" })
      assert.deepStrictEqual(yield* queue.promote(id), { id, from: "scheduled", to: "available" })
      yield* queue.cancel(id)
      const refused = yield* Effect.flip(queue.promote(id))
      assert.deepInclude(refused, { _tag: "IllegalTransition", state: "cancelled", action: "promote" })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("changes priority, time and tags of a job that waits, and of no other", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* Send.enqueue({ to: "ada" }, { delay: "1 hour" })
      const changed = yield* queue.change(id, { priority: "urgent", delay: "10 seconds", tags: ["soon"] })
      assert.deepStrictEqual(changed, { id, from: "scheduled", to: "scheduled" })
      assert.deepInclude(yield* queue.get(id), { priority: 10, tags: ["soon"], runAt: DateTime.makeUnsafe(10_000) })
      const refused = yield* Effect.flip(queue.change(id, { delay: "1 second", runAt: "2027-01-01T00:00:00Z" }))
      assert.deepInclude(refused, { _tag: "InvalidOption", field: "delay" })
      assert.deepInclude(yield* Effect.flip(queue.change(id, { priority: 101 })), { field: "priority" })
      assert.deepInclude(yield* Effect.flip(queue.change(id, { tags: [""] })), { field: "tags[0]" })
      yield* TestWorker.start(Send.toLayer(() => Effect.void), { queues: ["mail"] })
      yield* TestClock.adjust("11 seconds")
      yield* TestWorker.settle
      assert.deepInclude(
        yield* Effect.flip(queue.change(id, { priority: "low" })),
        { _tag: "IllegalTransition", state: "completed", action: "change" }
      )
      yield* queue.remove(id)
      assert.deepInclude(yield* Effect.flip(queue.change(id, {})), { _tag: "JobNotFound", id })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("runs a scheduled job now when it is retried", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* Send.enqueue({ to: "ada" }, { delay: "1 day" })
      assert.strictEqual((yield* queue.get(id)).state, "scheduled")
      assert.deepStrictEqual(yield* queue.retry(id), { id, from: "scheduled", to: "available" })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("pauses a queue for every worker, and resumes it", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      yield* TestWorker.start(Send.toLayer(() => Effect.void), { queues: ["mail"] })
      yield* queue.pause("mail")
      const { id } = yield* Send.enqueue({ to: "ada" })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* queue.get(id)).state, "available")
      assert.isTrue((yield* queue.overview).queues.some((each) => each.queue === "mail" && each.paused))
      yield* queue.resume("mail")
      yield* TestWorker.settle
      assert.strictEqual((yield* queue.get(id)).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("lists the attempts of a job that has none", () =>
    Effect.gen(function*() {
      const { id } = yield* Send.enqueue({ to: "ada" })
      assert.deepStrictEqual(yield* Queue.Queue.use((queue) => queue.history(id)), [])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("sanitises the reason of a cancel", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { id } = yield* Send.enqueue({ to: "ada" })
      yield* Queue.Queue.use((queue) => queue.cancel(id, `a\u0000${"x".repeat(100_000)}`))
      const call = storage.calls.find(({ method }) => method === "transition")
      const reason = (call?.input as { readonly action: { readonly reason: string } } | undefined)?.action.reason ?? ""
      assert.isAtMost(reason.length, 8_192)
      assert.isTrue(reason.startsWith("a\ufffdx"))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("explains a job, and lists what its handler wrote", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* Send.enqueue({ to: "ada" })
      assert.deepStrictEqual((yield* queue.explain(id)).reasons, [
        { _tag: "NoWorker", name: "Send", version: 1, reason: "none" }
      ])
      assert.deepStrictEqual(yield* queue.logs(id), [])
      yield* TestWorker.start(Send.toLayer(({ to }, job) => job.log(`to ${to}`, "Warn")), { queues: ["mail"] })
      yield* TestWorker.settle
      assert.deepStrictEqual((yield* queue.explain(id)).reasons, [{ _tag: "Finished", state: "completed" }])
      assert.deepStrictEqual((yield* queue.logs(id)).map(({ level, message }) => [level, message]), [[
        "Warn",
        "to ada"
      ]])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("fails to explain a job that does not exist", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const missing = JobId.makeUnsafe(404)
      assert.strictEqual((yield* Effect.flip(queue.explain(missing)))._tag, "JobNotFound")
      assert.strictEqual((yield* Effect.flip(queue.logs(missing)))._tag, "JobNotFound")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("lists limits and tenants", () =>
    Effect.gen(function*() {
      const { admission } = yield* Queue.Queue
      yield* Send.enqueueAll(["a", "b", "a"].map((tenant) => ({ payload: { to: "ada" }, options: { tenant } })))
      yield* admission.setWeight("b", 3)
      const tenants = yield* admission.tenants()
      assert.deepStrictEqual(tenants.map(({ available, tenant, weights }) => [tenant, available, weights]), [
        ["a", 2, []],
        ["b", 1, [{ queue: null, weight: 3 }]]
      ])
      assert.deepStrictEqual((yield* admission.tenants({ after: "a" })).map(({ tenant }) => tenant), ["b"])
      assert.deepStrictEqual(yield* admission.limits, [])
    }).pipe(Effect.provide(TestWorker.layer())))
})
