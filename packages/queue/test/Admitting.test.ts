/**
 * What a worker runs when, under limits, keys, times and versions: on the memory storage, under the test clock.
 */
import { assert, describe, it } from "@effect/vitest"
import type { JobId } from "@millrace/storage/JobId"
import { DateTime, Deferred, Effect, Layer, Ref, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../src/Job.ts"
import * as Limit from "../src/Limit.ts"
import * as Queue from "../src/Queue.ts"
import * as TestWorker from "./TestWorker.ts"

const { pass, settle, start } = TestWorker

const test = Effect.provide(TestWorker.layer())

const get = (id: JobId) => Queue.Queue.use((queue) => queue.get(id))

const stateOf = (id: JobId) => Effect.map(get(id), ({ state }) => state)

const payload = { n: Schema.Int, store: Schema.String }

/** A job whose runs are written down: `+n` at the start, `-n` at the end, after `millis`. */
const recorder = (millis: number) =>
  Effect.map(Ref.make<ReadonlyArray<string>>([]), (log) => ({
    log,
    handler: ({ n }: { readonly n: number }) =>
      Ref.update(log, (all) => [...all, `+${n}`]).pipe(
        Effect.andThen(Effect.sleep(millis)),
        Effect.andThen(Ref.update(log, (all) => [...all, `-${n}`]))
      )
  }))

const peak = (log: ReadonlyArray<string>): number => {
  let running = 0
  return Math.max(...log.map((entry) => (running += entry.startsWith("+") ? 1 : -1)))
}

const jobsOf = (store: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => ({ payload: { n: from + index, store } }))

describe("admitting", () => {
  it.effect("runs no more of a key at a time than its limit allows, and keeps the limit busy without waiting for a poll", () =>
    Effect.gen(function*() {
      const perStore = Limit.concurrency("per-store", { max: 2, key: ({ store }: { readonly store: string }) => store })
      const Work = Job.make("Work", { payload, limits: [perStore] })
      const { handler, log } = yield* recorder(100)
      yield* start(Work.toLayer(handler), { concurrency: 20, pollInterval: "1 hour" })
      yield* settle
      yield* Work.enqueueAll(jobsOf("a", 0, 10))
      yield* pass(1_000)
      const seen = yield* Ref.get(log)
      assert.strictEqual(seen.length, 20)
      assert.strictEqual(peak(seen), 2)
    }).pipe(test))

  it.effect("holds nobody up behind a full limit, and claims no job under a limit ahead of a slot", () =>
    Effect.gen(function*() {
      const one = Limit.concurrency("one", { max: 100 })
      const Gated = Job.make("Gated", { payload, limits: [one] })
      const Free = Job.make("Free", { payload })
      const { handler, log } = yield* recorder(60_000)
      const { worker } = yield* start(Layer.mergeAll(Gated.toLayer(handler), Free.toLayer(handler)), { concurrency: 3 })
      yield* settle
      yield* Gated.enqueueAll(jobsOf("a", 0, 50))
      yield* settle
      const queue = yield* Queue.Queue
      const [limit] = yield* queue.admission.limits
      assert.deepStrictEqual(limit?.uses, [{ key: "", held: 3, tokens: null }])
      assert.deepStrictEqual([(yield* worker.health).running, (yield* worker.health).buffered], [3, 0])
      yield* queue.admission.override("one", { max: 3 })
      yield* Free.enqueueAll(jobsOf("a", 50, 52))
      yield* pass(61_000)
      assert.includeMembers([...(yield* Ref.get(log))], ["+50", "+51"])
    }).pipe(test))

  it.effect("starts jobs at the rate of a limit, after a burst", () =>
    Effect.gen(function*() {
      const rate = Limit.rate("rate", { permits: 60, per: "1 minute", burst: 5 })
      const Work = Job.make("Work", { payload, limits: [rate] })
      const { handler, log } = yield* recorder(0)
      yield* start(Work.toLayer(handler))
      yield* Work.enqueueAll(jobsOf("a", 0, 100))
      yield* settle
      assert.strictEqual((yield* Ref.get(log)).length / 2, 5)
      for (let second = 0; second < 20; second++) yield* pass(1_000)
      const started = (yield* Ref.get(log)).length / 2
      assert.isAtMost(started, 25)
      assert.isAtLeast(started, 24)
    }).pipe(test))

  it.effect("F63: runs jobs of a fifo key strictly in order, through failures", () =>
    Effect.gen(function*() {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      const Work = Job.make("Work", { payload, fifo: ({ store }) => store })
      yield* start(Work.toLayer(({ n, store }, job) =>
        Effect.gen(function*() {
          yield* Ref.update(log, (all) => [...all, `${store}${n}`])
          if (n === 0 && job.attempt < 3) return yield* Effect.die("not yet")
        })
      ))
      yield* Work.enqueueAll([...jobsOf("a", 0, 3), ...jobsOf("b", 1, 3)])
      for (let second = 0; second < 10; second++) yield* pass(1_000)
      const seen = yield* Ref.get(log)
      assert.deepStrictEqual(seen.filter((entry) => entry.startsWith("a")), ["a0", "a0", "a0", "a1", "a2"])
      assert.deepStrictEqual(seen.filter((entry) => entry.startsWith("b")), ["b1", "b2"])
      assert.isBelow(seen.indexOf("b2"), seen.indexOf("a1"))
    }).pipe(test))

  it.effect("pauses a limit that the service on the other side asked to be left alone", () =>
    Effect.gen(function*() {
      const api = Limit.concurrency("api", { max: 1, key: ({ store }: { readonly store: string }) => store })
      const Call = Job.make("Call", { payload, limits: [api] })
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      yield* start(Call.toLayer(({ n, store }, job) =>
        Effect.gen(function*() {
          yield* Ref.update(log, (all) => [...all, `${store}${n}#${job.attempt}`])
          if (n === 0 && (yield* Ref.get(log)).length === 1) return yield* Job.pauseLimit(api, "30 seconds")
        })
      ))
      yield* Call.enqueueAll([...jobsOf("a", 0, 2), ...jobsOf("b", 1, 2)])
      yield* pass(2_000)
      assert.deepStrictEqual(yield* Ref.get(log), ["a0#1", "b1#1"])
      yield* pass(26_000)
      assert.deepStrictEqual(yield* Ref.get(log), ["a0#1", "b1#1"])
      yield* pass(4_000)
      // No attempt was spent.
      assert.sameMembers([...(yield* Ref.get(log))], ["a0#1", "b1#1", "a0#1", "a1#1"])
    }).pipe(test))

  it.effect("fails the attempt that pauses a limit which its job does not have", () =>
    Effect.gen(function*() {
      const Call = Job.make("Call", { payload: {} })
      yield* start(Call.toLayer(() => Job.pauseLimit("other", "1 second")))
      const { id } = yield* Call.enqueue({})
      yield* settle
      const job = yield* get(id)
      assert.deepStrictEqual([job.state, job.error?.message], ["retryable", "The job has no limit named other"])
    }).pipe(test))

  it.effect("answers Duplicate while a key is held: to the end, to the start, or for a period", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const toEnd = Job.make("ToEnd", { payload, unique: { key: ({ store }) => store } })
      const toStart = Job.make("ToStart", { payload, unique: { key: ({ store }) => store, until: "started" } })
      const throttled = Job.make("Throttled", { payload, throttle: { key: ({ store }) => store, period: "1 minute" } })
      const wait = () => Deferred.await(gate)
      const enqueued = (job: Pick<typeof toEnd, "enqueue">) =>
        Effect.map(job.enqueue({ n: 1, store: "a" }), ({ _tag }) => _tag)
      const all = Effect.all([enqueued(toEnd), enqueued(toStart), enqueued(throttled)])
      assert.deepStrictEqual(yield* all, ["Enqueued", "Enqueued", "Enqueued"])
      assert.deepStrictEqual(yield* all, ["Duplicate", "Duplicate", "Duplicate"])
      yield* start(Layer.mergeAll(toEnd.toLayer(wait), toStart.toLayer(wait), throttled.toLayer(() => Effect.void)))
      yield* settle
      // One runs, one waits.
      assert.deepStrictEqual(yield* all, ["Duplicate", "Enqueued", "Duplicate"])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(yield* all, ["Enqueued", "Enqueued", "Duplicate"])
      yield* pass(61_000)
      assert.deepStrictEqual(yield* all, ["Enqueued", "Enqueued", "Enqueued"])
    }).pipe(test))

  it.effect("answers every one of a bulk by its own key", () =>
    Effect.gen(function*() {
      const Work = Job.make("Work", { payload, unique: ({ store }) => store })
      const results = yield* Work.enqueueAll(["a", "b", "a", "c", "b"].map((store, n) => ({ payload: { n, store } })))
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), [
        "Enqueued",
        "Enqueued",
        "Duplicate",
        "Enqueued",
        "Duplicate"
      ])
      assert.strictEqual(results[2]?.id, results[0]?.id)
      assert.strictEqual(results[4]?.id, results[1]?.id)
    }).pipe(test))

  it.effect("debounces: the last payload runs, after the pause, and after the longest wait at the latest", () =>
    Effect.gen(function*() {
      const Save = Job.make("Save", {
        payload,
        debounce: { key: ({ store }) => store, wait: "5 seconds", maxWait: "12 seconds" }
      })
      const { handler, log } = yield* recorder(0)
      yield* start(Save.toLayer(handler))
      const first = yield* Save.enqueue({ n: 0, store: "a" })
      assert.strictEqual(first._tag, "Enqueued")
      for (const n of [1, 2, 3]) {
        yield* pass(3_000)
        assert.deepStrictEqual(yield* Save.enqueue({ n, store: "a" }), { _tag: "Replaced", id: first.id })
      }
      assert.deepStrictEqual(yield* Ref.get(log), [])
      yield* pass(4_000)
      assert.deepStrictEqual(yield* Ref.get(log), ["+3", "-3"])
      const next = yield* Save.enqueue({ n: 4, store: "a" })
      assert.strictEqual(next._tag, "Enqueued")
    }).pipe(test))

  it.effect("reduces the payloads of debounced jobs, single and in bulk, so that none is left out", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<ReadonlyArray<number>>>([])
      const Sum = Job.make("Sum", {
        payload: { items: Schema.Array(Schema.Int) },
        debounce: { wait: "5 seconds", reduce: (waiting, next) => ({ items: [...waiting.items, ...next.items] }) }
      })
      yield* start(Sum.toLayer(({ items }) => Ref.update(seen, (all) => [...all, items])))
      yield* Sum.enqueue({ items: [1] })
      yield* Effect.all([2, 3, 4].map((item) => Sum.enqueue({ items: [item] })), { concurrency: 3 })
      const bulk = yield* Sum.enqueueAll([{ payload: { items: [5] } }, { payload: { items: [6] } }])
      assert.deepStrictEqual(bulk.map(({ _tag }) => _tag), ["Replaced", "Replaced"])
      yield* pass(6_000)
      assert.deepStrictEqual((yield* Ref.get(seen)).map((items) => items.toSorted((a, b) => a - b)), [[
        1,
        2,
        3,
        4,
        5,
        6
      ]])
    }).pipe(test))

  it.effect("cancels a job that did not start in its time to live, and runs one that did", () =>
    Effect.gen(function*() {
      const Work = Job.make("Work", { payload, ttl: "10 seconds" })
      const late = yield* Work.enqueue({ n: 1, store: "a" })
      const long = yield* Work.enqueue({ n: 2, store: "a" }, { ttl: "1 hour" })
      yield* TestClock.adjust("11 seconds")
      yield* start(Work.toLayer(() => Effect.void))
      yield* pass(2_000)
      const job = yield* get(late.id)
      assert.deepStrictEqual([job.state, job.error?.tag, job.attempt], ["cancelled", "Expired", 0])
      assert.strictEqual(yield* stateOf(long.id), "completed")
    }).pipe(test))

  it.effect("ends a job at its deadline: before it starts, while it runs, and when it would be retried too late", () =>
    Effect.gen(function*() {
      const Work = Job.make("Work", { payload })
      const Sleepy = Job.make("Sleepy", { payload })
      const Failing = Job.make("Failing", { payload })
      const Snoozing = Job.make("Snoozing", { payload })
      const deadline = DateTime.makeUnsafe(10_000)
      const early = yield* Work.enqueue({ n: 1, store: "a" }, { deadline: DateTime.makeUnsafe(500) })
      yield* TestClock.adjust("1 second")
      const deadlines = yield* Ref.make<ReadonlyArray<number | null>>([])
      yield* start(Layer.mergeAll(
        Work.toLayer(() => Effect.void),
        Sleepy.toLayer((_, job) =>
          Effect.andThen(
            Ref.update(
              deadlines,
              (all) => [...all, job.deadline === null ? null : DateTime.toEpochMillis(job.deadline)]
            ),
            Effect.never
          )
        ),
        Failing.toLayer(() => Effect.die("no")),
        Snoozing.toLayer(() => Job.snooze("1 hour"))
      ))
      const sleepy = yield* Sleepy.enqueue({ n: 1, store: "a" }, { deadline })
      const failing = yield* Failing.enqueue({ n: 1, store: "a" }, { deadline })
      const snoozing = yield* Snoozing.enqueue({ n: 1, store: "a" }, { deadline })
      const inTime = yield* Work.enqueue({ n: 1, store: "a" }, { deadline })
      yield* pass(12_000)
      const ends = yield* Effect.forEach(
        [early, sleepy, failing, snoozing, inTime],
        ({ id }) => Effect.map(get(id), ({ error, state }) => `${state} ${error?.tag ?? ""}`)
      )
      assert.deepStrictEqual(ends, [
        "dead DeadlineExceeded",
        "dead DeadlineExceeded",
        "dead Defect",
        "dead DeadlineExceeded",
        "completed "
      ])
      assert.deepStrictEqual(yield* Ref.get(deadlines), [10_000])
      // It was retried as long as there was time.
      assert.isAtLeast((yield* get(failing.id)).failures, 2)
    }).pipe(test))

  it.effect("leaves newer versions to newer workers, and raises older ones", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<unknown>>([])
      const first = Job.make("Send", { payload: { name: Schema.String } })
      const second = Job.make("Send", {
        payload: { first: Schema.String },
        version: 2,
        upcasters: { 1: Job.upcaster({ name: Schema.String }, ({ name }) => ({ first: `${name} (raised)` })) }
      })
      const third = Job.make("Send", { payload: { full: Schema.String }, version: 3 })
      const ids = [
        yield* first.enqueue({ name: "ada" }),
        yield* second.enqueue({ first: "bob" }),
        yield* third.enqueue({ full: "cyd" })
      ]
      yield* start(second.toLayer((payload) => Ref.update(seen, (all) => [...all, payload])))
      yield* pass(2_000)
      assert.deepStrictEqual(yield* Ref.get(seen), [{ first: "ada (raised)" }, { first: "bob" }])
      assert.deepStrictEqual(yield* Effect.forEach(ids, ({ id }) => stateOf(id)), [
        "completed",
        "completed",
        "available"
      ])
    }).pipe(test))

  it.effect("quarantines what it can not decode without spending an attempt, and runs it after a fix and a retry", () =>
    Effect.gen(function*() {
      const strict = Job.make("Send", { payload: { count: Schema.Int }, unique: () => "only" })
      const fixed = Job.make("Send", { payload: { count: Schema.Unknown } })
      const queue = yield* Queue.Queue
      const { id } = yield* queue.enqueueEncoded({ name: "Send", payload: { count: "three" }, unique: "only" })
      const { stop } = yield* start(strict.toLayer(() => Effect.void))
      yield* settle
      const job = yield* get(id)
      assert.deepStrictEqual([job.state, job.error?.tag, job.failures, job.attempt], [
        "quarantined",
        "Undecodable",
        0,
        1
      ])
      assert.include(job.error?.message, "$.count")
      // It keeps its key: it is to run yet.
      assert.strictEqual((yield* strict.enqueue({ count: 3 }))._tag, "Duplicate")
      yield* stop
      yield* start(fixed.toLayer(() => Effect.void))
      yield* queue.retry(id)
      yield* settle
      assert.strictEqual(yield* stateOf(id), "completed")
    }).pipe(test))

  it.effect("starts nothing of what is paused, and goes on when it is resumed", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const limit = Limit.concurrency("any", { max: 100 })
      const Work = Job.make("Work", { payload, limits: [limit] })
      yield* start(Work.toLayer(() => Effect.void))
      const targets = ["default", { tenant: "acme" }, { name: "Work" }, { limit: "any" }] as const
      for (const target of targets) {
        yield* queue.pause(target)
        const { id } = yield* Work.enqueue({ n: 1, store: "a" }, { tenant: "acme" })
        yield* pass(2_000)
        assert.strictEqual(yield* stateOf(id), "available")
        yield* queue.resume(target)
        yield* pass(2_000)
        assert.strictEqual(yield* stateOf(id), "completed")
      }
    }).pipe(test))
})
