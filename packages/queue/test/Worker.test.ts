import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { JobId } from "@millrace/storage/JobId"
import { Deferred, Effect, Fiber, Layer, Option, Ref, Schema } from "effect"
import * as CurrentJob from "../src/CurrentJob.ts"
import * as Job from "../src/Job.ts"
import * as Queue from "../src/Queue.ts"
import * as TestStorage from "./TestStorage.ts"
import * as TestWorker from "./TestWorker.ts"

class Flaky extends Schema.TaggedError<Flaky>()("Flaky", { n: Schema.Number }) {}

const stateOf = (id: JobId) => Effect.map(Queue.Queue.use((queue) => queue.get(id)), ({ state }) => state)

const outcomesOf = (id: JobId) =>
  Effect.map(Queue.Queue.use((queue) => queue.history(id)), (attempts) => attempts.map(({ outcome }) => outcome))

const { pass, settle } = TestWorker

describe("Worker", () => {
  it.effect("runs a job that is enqueued and completes it with the encoded result", () =>
    Effect.gen(function*() {
      const Add = Job.make("Add", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number })
      yield* TestWorker.start(Add.toLayer(({ a, b }) => Effect.succeed(a + b)))
      const { id } = yield* Add.enqueue({ a: 1, b: 2 })
      yield* settle
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "completed")
      assert.strictEqual(record.result, 3)
      assert.deepStrictEqual(yield* outcomesOf(id), ["completed"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("retries a failing job with the delays of its policy, and gives up after its last attempt", () =>
    Effect.gen(function*() {
      const starts = yield* Ref.make<ReadonlyArray<number>>([])
      const Fails = Job.make("Fails", {
        payload: {},
        error: Flaky,
        retry: RetryPolicy.table(["1 second", "5 seconds"])
      })
      yield* TestWorker.start(
        Fails.toLayer((_, job) =>
          Effect.gen(function*() {
            const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
            yield* Ref.update(starts, (all) => [...all, now])
            return yield* new Flaky({ n: job.attempt })
          })
        )
      )
      const { id } = yield* Fails.enqueue({}, { maxAttempts: 3 })
      yield* settle
      assert.strictEqual(yield* stateOf(id), "retryable")
      yield* pass(20_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "dead")
      assert.deepStrictEqual(record.error?.data, { _tag: "Flaky", n: 3 })
      assert.deepStrictEqual(yield* outcomesOf(id), ["failed", "failed", "failed"])
      const [first = 0, second = 0, third = 0] = yield* Ref.get(starts)
      // The clock of the test moves in steps of a second.
      for (const [waited, delay] of [[second - first, 1_000], [third - second, 5_000]] as const) {
        assert.isAtLeast(waited, delay)
        assert.isAtMost(waited, delay + 1_000)
      }
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("snoozes without an attempt spent, cancels and kills on the handler's word", () =>
    Effect.gen(function*() {
      const Signals = Job.make("Signals", { payload: { do: Schema.Literals(["snooze", "cancel", "dead"]) } })
      const snoozes = yield* Ref.make(0)
      yield* TestWorker.start(
        Signals.toLayer((payload) =>
          Effect.gen(function*() {
            if (payload.do === "cancel") return yield* Job.cancel("not needed")
            if (payload.do === "dead") return yield* Job.dead("no hope")
            if ((yield* Ref.getAndUpdate(snoozes, (n) => n + 1)) < 2) return yield* Job.snooze("1 minute")
          })
        )
      )
      const snoozed = yield* Signals.enqueue({ do: "snooze" })
      const cancelled = yield* Signals.enqueue({ do: "cancel" })
      const dead = yield* Signals.enqueue({ do: "dead" })
      yield* settle
      assert.strictEqual(yield* stateOf(snoozed.id), "scheduled")
      assert.strictEqual(yield* stateOf(cancelled.id), "cancelled")
      const record = yield* Queue.Queue.use((queue) => queue.get(dead.id))
      assert.strictEqual(record.state, "dead")
      assert.strictEqual(record.error?.message, "no hope")
      yield* pass(180_000)
      const awake = yield* Queue.Queue.use((queue) => queue.get(snoozed.id))
      assert.strictEqual(awake.state, "completed")
      assert.strictEqual(awake.failures, 0)
      assert.strictEqual(awake.attempt, 1)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("interrupts an attempt at its time-out, runs its finalizers, and counts a failure", () =>
    Effect.gen(function*() {
      const finalized = yield* Ref.make(0)
      const Slow = Job.make("Slow", { payload: {}, timeout: "30 seconds", retry: RetryPolicy.never })
      yield* TestWorker.start(
        Slow.toLayer(() => Effect.never.pipe(Effect.ensuring(Ref.update(finalized, (n) => n + 1))))
      )
      const { id } = yield* Slow.enqueue({})
      const short = yield* Slow.enqueue({}, { timeout: "1 second", retry: RetryPolicy.fixed("1 hour") })
      yield* pass(29_000)
      assert.strictEqual(yield* stateOf(id), "running")
      assert.strictEqual(yield* stateOf(short.id), "retryable")
      yield* pass(2_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "dead")
      assert.strictEqual(record.error?.tag, "Timeout")
      assert.strictEqual(yield* Ref.get(finalized), 2)
    }).pipe(Effect.provide(TestWorker.layer())))

  for (const events of [true, false]) {
    it.effect(`cancels a running job from another process ${events ? "at once by a hint" : "with the next renewal"}`, () =>
      Effect.gen(function*() {
        const finalized = yield* Ref.make(0)
        const Long = Job.make("Long", { payload: {} })
        yield* TestWorker.start(
          Long.toLayer(() => Effect.never.pipe(Effect.onInterrupt(() => Ref.update(finalized, (n) => n + 1))))
        )
        const { id } = yield* Long.enqueue({})
        yield* pass(2_000)
        // Another process: its own queue service on the same storage.
        const result = yield* Queue.Queue.use((queue) => queue.cancel(id, "changed my mind")).pipe(
          Effect.provide(Layer.fresh(Queue.layer))
        )
        assert.strictEqual(result.to, "requested")
        yield* pass(events ? 10 : 5_000)
        assert.strictEqual(yield* stateOf(id), "cancelled")
        assert.strictEqual(yield* Ref.get(finalized), 1)
        assert.deepStrictEqual(yield* outcomesOf(id), ["cancelled"])
      }).pipe(Effect.provide(TestWorker.layer({ events }))))
  }

  it.effect("never runs more jobs than its slots", () =>
    Effect.gen(function*() {
      const running = yield* Ref.make(0)
      const most = yield* Ref.make(0)
      const Busy = Job.make("Busy", { payload: { n: Schema.Number } })
      yield* TestWorker.start(
        Busy.toLayer(({ n }) =>
          Effect.gen(function*() {
            const now = yield* Ref.updateAndGet(running, (count) => count + 1)
            yield* Ref.update(most, (count) => Math.max(count, now))
            yield* Effect.sleep(n % 7 * 10)
            yield* Ref.update(running, (count) => count - 1)
          })
        ),
        { concurrency: 3 }
      )
      const results = yield* Busy.enqueueAll(Array.from({ length: 200 }, (_, n) => ({ payload: { n } })))
      yield* pass(60_000)
      const states = yield* Effect.forEach(results, ({ id }) => stateOf(id))
      assert.isTrue(states.every((state) => state === "completed"))
      assert.strictEqual(yield* Ref.get(most), 3)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("claims no job whose name has no handler, and claims it once there is one", () =>
    Effect.gen(function*() {
      const Known = Job.make("Known", { payload: {} })
      const Other = Job.make("Other", { payload: {} })
      const { worker } = yield* TestWorker.start(Known.toLayer(() => Effect.void))
      const known = yield* Known.enqueue({})
      const other = yield* Other.enqueue({})
      yield* pass(5_000)
      assert.strictEqual(yield* stateOf(known.id), "completed")
      assert.strictEqual(yield* stateOf(other.id), "available")
      assert.deepStrictEqual((yield* worker.health).names, ["Known"])
      yield* TestWorker.start(Other.toLayer(() => Effect.void))
      yield* pass(2_000)
      assert.strictEqual(yield* stateOf(other.id), "completed")
      const { workers } = yield* Queue.Queue.use((queue) => queue.overview)
      assert.sameDeepMembers(workers.map(({ info }) => info.names), [["Known"], ["Other"]])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F59: puts an undecodable payload into quarantine, with the field that does not fit", () =>
    Effect.gen(function*() {
      const Typed = Job.make("Typed", { payload: { user: Schema.Struct({ id: Schema.Number }) } })
      yield* TestWorker.start(Typed.toLayer(() => Effect.void))
      const { id } = yield* Queue.Queue.use((queue) =>
        queue.enqueueEncoded({ name: "Typed", payload: { user: { id: "x" } } })
      )
      yield* settle
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "quarantined")
      assert.strictEqual(record.error?.tag, "Undecodable")
      assert.include(record.error?.message, "$.user.id")
      assert.strictEqual(record.startedAt, null)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("offers the attempt, its progress and its checkpoint to the handler", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<unknown>>([])
      const Import = Job.make("Import", { payload: {}, retry: RetryPolicy.fixed("1 second") })
      yield* TestWorker.start(
        Import.toLayer((_, info) =>
          Effect.gen(function*() {
            const job = yield* CurrentJob.CurrentJob
            assert.strictEqual(job, info)
            yield* job.progress(0.4, "forty\u0000")
            yield* job.log("line")
            const before = yield* job.checkpointed
            yield* job.checkpoint({ row: job.attempt * 100 })
            const after = yield* job.checkpointed
            yield* Ref.update(seen, (all) => [...all, [Option.getOrNull(before), Option.getOrNull(after)]])
            if (job.attempt === 1) return yield* Effect.die("crash")
          })
        )
      )
      const { id } = yield* Import.enqueue({}, { tenant: "shop" })
      yield* pass(5_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual(record.progress, { value: 0.4, note: "forty\ufffd" })
      assert.deepStrictEqual(yield* Ref.get(seen), [[null, { row: 100 }], [{ row: 100 }, { row: 200 }]])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F11: reports a handler that ignores interruption as stuck, keeps its lease, and serves its other slots", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const Deaf = Job.make("Deaf", { payload: {}, timeout: "1 second", retry: RetryPolicy.fixed("1 hour") })
      const Fine = Job.make("Fine", { payload: {} })
      const { worker } = yield* TestWorker.start(
        Layer.mergeAll(
          Deaf.toLayer(() => Effect.uninterruptible(Deferred.await(gate))),
          Fine.toLayer(() => Effect.void)
        ),
        { concurrency: 2 }
      )
      const deaf = yield* Deaf.enqueue({})
      yield* pass(5_000)
      assert.strictEqual((yield* worker.health).stuck.length, 0)
      yield* pass(60_000)
      const [stuck] = (yield* worker.health).stuck
      assert.strictEqual(stuck?.id, deaf.id)
      assert.strictEqual(stuck?.reason, "timeout")
      const fine = yield* Fine.enqueue({})
      yield* settle
      assert.strictEqual(yield* stateOf(fine.id), "completed")
      assert.strictEqual(yield* stateOf(deaf.id), "running")
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(yield* stateOf(deaf.id), "retryable")
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(deaf.id))).error?.tag, "Timeout")
      assert.deepStrictEqual((yield* worker.health).stuck, [])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("drains: claims nothing more and waits for what runs", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const Waits = Job.make("Waits", { payload: {} })
      const { worker } = yield* TestWorker.start(Waits.toLayer(() => Deferred.await(gate)))
      const first = yield* Waits.enqueue({})
      yield* settle
      const draining = yield* Effect.forkChild(worker.drain)
      const second = yield* Waits.enqueue({})
      yield* pass(60_000)
      assert.strictEqual(draining.pollUnsafe(), undefined)
      assert.strictEqual((yield* worker.health).state, "draining")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(draining)
      assert.strictEqual(yield* stateOf(first.id), "completed")
      assert.strictEqual(yield* stateOf(second.id), "available")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("gives back what a claim brings after a drain has begun", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const runs = yield* Ref.make(0)
      const Work = Job.make("Work", { payload: {} })
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Ref.update(runs, (n) => n + 1)))
      yield* settle
      const latch = storage.holdAnswers("claim")
      const { id } = yield* Work.enqueue({})
      yield* settle
      const draining = yield* Effect.forkChild(worker.drain)
      yield* settle
      latch.openUnsafe()
      yield* settle
      yield* Fiber.join(draining)
      assert.strictEqual(yield* stateOf(id), "available")
      assert.strictEqual(yield* Ref.get(runs), 0)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F22: comes back within 5 seconds of the storage, without an attempt lost to the outage", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Work = Job.make("Work", { payload: {} })
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* pass(1_000)
      for (const method of ["claim", "renew", "promote", "reclaim", "settle", "list"] as const) {
        storage.fault(method, "fail", Infinity)
      }
      const { id } = yield* Work.enqueue({})
      yield* pass(600_000)
      assert.strictEqual((yield* worker.health).state, "fenced")
      storage.heal()
      yield* pass(5_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "completed")
      assert.strictEqual(record.failures, 0)
      assert.strictEqual(record.crashes, 0)
    }).pipe(Effect.provide(TestWorker.layer())))
})
