/**
 * Keys, times and other ends of attempts on real PostgreSQL in real time, by the API that users have.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Job, Limit, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import type { JobId } from "@millrace/storage"
import { Storage } from "@millrace/storage"
import { PgStorage } from "@millrace/storage-postgres"
import { DateTime, Effect, Layer, Logger, Ref, Schema } from "effect"
import * as Wait from "../src/Wait.ts"

const live = Queue.layer.pipe(
  Layer.provideMerge(PgStorage.layerMigrated()),
  Layer.provideMerge(TestDatabase.layer),
  Layer.provideMerge(Logger.layer([]))
)

const payload = { store: Schema.String }

const worker = (queue: string) =>
  Worker.layer({ queues: [queue], pollInterval: "50 millis", graceDuration: "100 millis" })

const inState = (id: JobId.JobId, state: string) =>
  Wait.until(
    `job ${id} to be ${state}`,
    "30 seconds",
    Queue.Queue.use((queue) => queue.get(id)),
    (job) => job.state === state
  )

layer(live, { excludeTestServices: true, timeout: "60 seconds" })("keys and times on PostgreSQL", (it) => {
  it.effect("reduces every payload of concurrent debounced enqueues into the one job that runs", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<ReadonlyArray<number>>>([])
      const Sum = Job.make("sum", {
        payload: { items: Schema.Array(Schema.Int) },
        queue: "sum",
        debounce: {
          wait: "1 second",
          maxWait: "1 minute",
          reduce: (waiting, next) => ({ items: [...waiting.items, ...next.items] })
        }
      })
      const results = yield* Effect.all(
        Array.from({ length: 20 }, (_, item) => Sum.enqueue({ items: [item] })),
        { concurrency: 5 }
      )
      const bulk = yield* Sum.enqueueAll([{ payload: { items: [20] } }, { payload: { items: [21] } }])
      assert.strictEqual(new Set([...results, ...bulk].map(({ id }) => id)).size, 1)
      assert.strictEqual(results.filter(({ _tag }) => _tag === "Enqueued").length, 1)
      yield* Layer.build(
        Sum.toLayer(({ items }) => Ref.update(seen, (all) => [...all, items])).pipe(
          Layer.provideMerge(worker("sum"))
        )
      )
      yield* inState(results[0]?.id as JobId.JobId, "completed")
      const items = (yield* Ref.get(seen)).map((one) => one.toSorted((a, b) => a - b))
      assert.deepStrictEqual(items, [Array.from({ length: 22 }, (_, item) => item)])
    }))

  it.effect("puts a debounced job off in the caller's transaction, or not at all", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* Queue.Queue
      const Sum = Job.make("sum-in-transaction", {
        payload: { n: Schema.Int },
        debounce: { wait: "1 hour", reduce: (waiting, next) => ({ n: waiting.n + next.n }) }
      })
      const { id } = yield* Sum.enqueue({ n: 1 })
      yield* Effect.ignore(sql.withTransaction(Effect.andThen(Sum.enqueue({ n: 10 }), Effect.fail("rolled back"))))
      assert.deepStrictEqual((yield* queue.get(id)).payload, { n: 1 })
      yield* sql.withTransaction(Sum.enqueue({ n: 100 }))
      assert.deepStrictEqual((yield* queue.get(id)).payload, { n: 101 })
    }))

  it.effect("holds a key to the end, to the start, and for a period", () =>
    Effect.gen(function*() {
      const config = { payload, queue: "keys" }
      const toEnd = Job.make("to-end", { ...config, unique: { key: ({ store }) => store, scope: "global" } })
      const toStart = Job.make("to-start", { ...config, unique: { key: ({ store }) => store, until: "started" } })
      const throttled = Job.make("throttled", { ...config, throttle: { period: "1 hour" } })
      const tags = Effect.all([
        toEnd.enqueue({ store: "a" }, { tenant: "one" }),
        toEnd.enqueue({ store: "a" }, { tenant: "two" }),
        toStart.enqueue({ store: "a" }),
        throttled.enqueue({ store: "a" })
      ])
      const first = yield* tags
      assert.deepStrictEqual(first.map(({ _tag }) => _tag), ["Enqueued", "Duplicate", "Enqueued", "Enqueued"])
      assert.strictEqual(first[1]?.id, first[0]?.id)
      const held = [toEnd.toLayer(() => Effect.never), toStart.toLayer(() => Effect.never)] as const
      yield* Layer.build(
        Layer.mergeAll(...held, throttled.toLayer(() => Effect.void)).pipe(Layer.provideMerge(worker("keys")))
      )
      yield* inState(first[2].id, "running")
      yield* inState(first[3].id, "completed")
      assert.deepStrictEqual((yield* tags).map(({ _tag }) => _tag), ["Duplicate", "Duplicate", "Enqueued", "Duplicate"])
    }))

  it.effect("snoozes without an attempt, times out with one, and expires what did not start in time", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const times = yield* Ref.make(0)
      const Snoozing = Job.make("snoozing", { payload: {}, queue: "ends", maxAttempts: 1 })
      const Slow = Job.make("slow", {
        payload: {},
        queue: "ends",
        timeout: "200 millis",
        retry: RetryPolicy.fixed("100 millis", { maxAttempts: 2 })
      })
      const Late = Job.make("late", { payload: {}, queue: "ends", ttl: "100 millis" })
      const late = yield* Late.enqueue({})
      yield* Effect.sleep("200 millis")
      yield* Layer.build(
        Layer.mergeAll(
          Snoozing.toLayer(() =>
            Effect.flatMap(
              Ref.getAndUpdate(times, (count) => count + 1),
              (count) => count < 2 ? Job.snooze("300 millis") : Effect.void
            )
          ),
          Slow.toLayer(() => Effect.never),
          Late.toLayer(() => Effect.void)
        ).pipe(Layer.provideMerge(worker("ends")))
      )
      const snoozing = yield* Snoozing.enqueue({})
      const slow = yield* Slow.enqueue({})
      const snoozed = yield* inState(snoozing.id, "completed")
      assert.deepStrictEqual([snoozed.attempt, snoozed.failures], [1, 0])
      const history = yield* queue.history(snoozing.id)
      assert.deepStrictEqual(history.map(({ attempt, outcome }) => `${attempt} ${outcome}`), [
        "1 snoozed",
        "1 snoozed",
        "1 completed"
      ])
      const gap = DateTime.toEpochMillis(history[1]?.claimedAt ?? DateTime.makeUnsafe(0))
        - DateTime.toEpochMillis(history[0]?.finishedAt ?? DateTime.makeUnsafe(0))
      assert.isAtLeast(gap, 299)
      const timedOut = yield* inState(slow.id, "dead")
      assert.deepStrictEqual([timedOut.error?.tag, timedOut.failures], ["Timeout", 2])
      const expired = yield* inState(late.id, "cancelled")
      assert.deepStrictEqual([expired.error?.tag, expired.attempt], ["Expired", 0])
    }))

  it.effect("pauses a limit for the key that asked, and spends no attempt", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const api = Limit.concurrency("api", { max: 1, key: ({ store }: { readonly store: string }) => store })
      const Call = Job.make("call", { payload, queue: "api", limits: [api], maxAttempts: 1 })
      const isFirst = yield* Ref.make(true)
      yield* Layer.build(
        Call.toLayer(({ store }) =>
          Effect.gen(function*() {
            if (store === "busy" && (yield* Ref.getAndSet(isFirst, false))) {
              return yield* Job.pauseLimit(api, "2 seconds")
            }
          })
        ).pipe(Layer.provideMerge(worker("api")))
      )
      const busy = yield* Call.enqueue({ store: "busy" })
      yield* inState(busy.id, "scheduled")
      const other = yield* Call.enqueue({ store: "other" })
      const behind = yield* Call.enqueue({ store: "busy" })
      yield* inState(other.id, "completed")
      const { reasons } = yield* queue.explain(behind.id)
      assert.deepStrictEqual(reasons.map((reason) => reason._tag === "LimitPaused" ? reason.key : reason._tag), [
        "busy"
      ])
      const ends = yield* Effect.forEach([busy, behind], ({ id }) => inState(id, "completed"))
      assert.deepStrictEqual(ends.map(({ failures }) => failures), [0, 0])
      const from = DateTime.toEpochMillis((yield* queue.history(busy.id))[0]?.finishedAt ?? DateTime.makeUnsafe(0))
      for (const { startedAt } of ends) {
        assert.isAtLeast(DateTime.toEpochMillis(startedAt ?? DateTime.makeUnsafe(0)) - from, 1_999)
      }
    }))

  it.effect("runs jobs of a fifo key in order, through failures and snoozes", () =>
    Effect.gen(function*() {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      const Step = Job.make("step", {
        payload: { store: Schema.String, n: Schema.Int },
        queue: "fifo",
        fifo: ({ store }) => store,
        retry: RetryPolicy.fixed("100 millis", { maxAttempts: 5 })
      })
      yield* Layer.build(
        Step.toLayer(({ n, store }, job) =>
          Effect.gen(function*() {
            yield* Ref.update(log, (all) => [...all, `${store}${n}`])
            if (n === 0 && job.attempt === 1) return yield* Effect.die("not yet")
            const seen = (yield* Ref.get(log)).filter((entry) => entry === `${store}${n}`).length
            if (n === 1 && seen === 1) return yield* Job.snooze("100 millis")
          })
        ).pipe(Layer.provideMerge(worker("fifo")))
      )
      const steps = (store: string) => Array.from({ length: 4 }, (_, n) => ({ payload: { store, n } }))
      const results = yield* Step.enqueueAll([...steps("a"), ...steps("b")])
      yield* Effect.forEach(results, ({ id }) => inState(id, "completed"), { concurrency: 8 })
      const seen = yield* Ref.get(log)
      for (const store of ["a", "b"]) {
        assert.deepStrictEqual(
          seen.filter((entry) => entry.startsWith(store)),
          [0, 0, 1, 1, 2, 3].map((n) => `${store}${n}`)
        )
      }
    }))

  it.effect("lets the newest release's rule hold, and records the change", () =>
    Effect.gen(function*() {
      const storage = yield* Storage.Storage
      const queue = yield* Queue.Queue
      const declare = (release: string, max: number) =>
        storage.control({ _tag: "DeclareLimits", release, rules: [Limit.concurrency("changing", { max }).rule] })
      yield* declare("1.0", 1)
      yield* declare("2.0", 2)
      // A worker of the older release that starts again changes nothing.
      yield* declare("1.0", 1)
      const record = (yield* queue.admission.limits).find(({ rule }) => rule.name === "changing")
      assert.deepStrictEqual([record?.rule.max, record?.release], [2, "2.0"])
      assert.deepStrictEqual(
        record?.changes.map(({ after, before, toRelease }) => [toRelease, before?.max, after.max]),
        [
          ["2.0", 1, 2],
          ["1.0", undefined, 1]
        ]
      )
    }))
})
