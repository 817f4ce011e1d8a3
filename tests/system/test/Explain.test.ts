/**
 * Why a job does not run, on both storages in real time: each test brings a job into one situation and reads the
 * explanation of exactly that.
 */
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { Handlers } from "@millrace/queue"
import { Explanation, Job, Limit, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import type { JobId, StorageError } from "@millrace/storage"
import { MemoryStorage, Storage } from "@millrace/storage"
import { PgStorage } from "@millrace/storage-postgres"
import type { Scope } from "effect"
import { DateTime, Deferred, Effect, Layer, Logger, Schema } from "effect"
import * as Wait from "../src/Wait.ts"

const quiet = Logger.layer([])

const storages = {
  "the memory storage": MemoryStorage.layer,
  "PostgreSQL": PgStorage.layerMigrated().pipe(Layer.provideMerge(TestDatabase.layer), Layer.orDie)
}

/** Waits until the explanation of a job has exactly these reasons, in this order. */
const explained = (id: JobId.JobId, ...tags: ReadonlyArray<Explanation.Reason["_tag"]>) =>
  Effect.map(
    Wait.until(
      `the reasons ${tags.join(", ")} of job ${id}`,
      "20 seconds",
      Queue.Queue.use((queue) => queue.explain(id)),
      ({ reasons }) => reasons.map(({ _tag }) => _tag).join() === tags.join()
    ),
    (explanation) => {
      // What travels over the wire is the same.
      const codec = Schema.toCodecJson(Explanation.Explanation)
      assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(Schema.encodeUnknownSync(codec)(explanation)), explanation)
      return explanation.reasons
    }
  )

/** A worker for one queue, until the scope closes. */
const work = (
  queue: string,
  handlers: Layer.Layer<never, never, Handlers.Handlers>,
  concurrency = 5
): Effect.Effect<void, never, Storage.Storage | Scope.Scope> =>
  Effect.asVoid(Layer.build(
    handlers.pipe(
      Layer.provideMerge(Worker.layer({
        queues: { [queue]: { concurrency } },
        pollInterval: "50 millis",
        graceDuration: "50 millis"
      }))
    )
  ))

const inState = (id: JobId.JobId, state: string) =>
  Wait.until(
    `job ${id} to be ${state}`,
    "20 seconds",
    Queue.Queue.use((queue) => queue.get(id)),
    (job) => job.state === state
  )

for (const [name, storage] of Object.entries(storages)) {
  const live = Queue.layer.pipe(
    Layer.provideMerge(storage as Layer.Layer<Storage.Storage, StorageError.StorageError>),
    Layer.provideMerge(quiet)
  )
  layer(live, { excludeTestServices: true, timeout: "60 seconds" })(`explain on ${name}`, (it) => {
    const of = (queue: string, limits: ReadonlyArray<Limit.Limit> = []) => {
      const kind = Job.make(queue, { payload: {}, queue, limits })
      return { kind, never: kind.toLayer(() => Effect.never), quick: kind.toLayer(() => Effect.void) }
    }

    it.effect("no live worker: none at all, none for the queue, none for the name, none for the version", () =>
      Effect.gen(function*() {
        const { kind, quick } = of("worker")
        const { id } = yield* kind.enqueue({})
        assert.deepStrictEqual(yield* explained(id, "NoWorker"), [
          { _tag: "NoWorker", name: "worker", version: 1, reason: "none" }
        ])
        const other = of("elsewhere")
        yield* work("elsewhere", other.quick)
        const reasonOf = (reason: string) =>
          Wait.until(
            `the reason ${reason}`,
            "20 seconds",
            Queue.Queue.use((queue) => queue.explain(id)),
            ({ reasons: [first] }) => first._tag === "NoWorker" && first.reason === reason
          )
        yield* reasonOf("queue")
        yield* Effect.scoped(Effect.andThen(work("worker", other.quick), reasonOf("name")))
        const newer = Job.make("worker", { payload: {}, queue: "worker", version: 2 })
        yield* Effect.scoped(Effect.andThen(work("worker", newer.toLayer(() => Effect.void)), reasonOf("version")))
        yield* work("worker", quick)
        yield* inState(id, "completed")
        assert.deepStrictEqual(yield* explained(id, "Finished"), [{ _tag: "Finished", state: "completed" }])
      }))

    it.effect("would run now, for a job that starts within a second", () =>
      Effect.gen(function*() {
        const { kind, quick } = of("now")
        // The worker is alive and looks for work once in a while: the job starts with its next look.
        yield* Layer.build(quick.pipe(
          Layer.provideMerge(
            Worker.layer({ queues: ["now"], pollInterval: "900 millis", graceDuration: "50 millis" })
          )
        ))
        const queue = yield* Queue.Queue
        const look = Effect.gen(function*() {
          yield* queue.pause("now")
          const { id } = yield* kind.enqueue({})
          yield* explained(id, "Paused")
          yield* queue.resume("now")
          return yield* queue.explain(id)
        })
        // The look of the worker may come in between; then it runs already.
        const { at, id } = yield* Wait.until(
          "a job that would run now",
          "20 seconds",
          look,
          ({ reasons: [first] }) => first._tag === "WouldRunNow"
        )
        const { startedAt } = yield* inState(id, "completed")
        const waited = DateTime.toEpochMillis(startedAt ?? DateTime.makeUnsafe(Number.NaN)) - DateTime.toEpochMillis(at)
        console.info(`explain on ${name}: a job that would run now started after ${waited} ms`)
        // A second is the promise; a busy machine may need more.
        assert.isBelow(waited, 5_000)
      }))

    it.effect("paused: queue, tenant, name and limit, all at once, each with its instant", () =>
      Effect.gen(function*() {
        const { kind, quick } = of("paused", [Limit.concurrency("paused-limit", { max: 1 })])
        yield* work("paused", quick)
        const queue = yield* Queue.Queue
        const targets = ["paused", { tenant: "acme" }, { name: "paused" }, { limit: "paused-limit" }] as const
        yield* Effect.forEach(targets, (target) => queue.pause(target))
        const { id } = yield* kind.enqueue({}, { tenant: "acme" })
        const reasons = yield* Wait.until(
          "four pauses",
          "20 seconds",
          queue.explain(id),
          (explanation) => explanation.reasons.length === 4
        )
        const told = reasons.reasons.map((reason) =>
          reason._tag === "Paused"
            ? `${reason.what} ${reason.key}`
            : reason._tag === "LimitPaused"
            ? `limit ${reason.name} ${reason.until}`
            : reason._tag
        )
        assert.sameMembers(told, ["queue paused", "tenant acme", "name paused", "limit paused-limit null"])
        yield* Effect.forEach(targets, (target) => queue.resume(target))
        yield* inState(id, "completed")
      }))

    it.effect("scheduled until an instant, and retried at one", () =>
      Effect.gen(function*() {
        const kind = Job.make("later", { payload: {}, queue: "later", retry: RetryPolicy.fixed("1 hour") })
        yield* work("later", kind.toLayer(() => Effect.die("again")))
        const runAt = DateTime.makeUnsafe("2100-01-01T00:00:00Z")
        const later = yield* kind.enqueue({}, { runAt })
        assert.deepStrictEqual(yield* explained(later.id, "ScheduledUntil"), [
          { _tag: "ScheduledUntil", at: runAt, why: "scheduled" }
        ])
        const queue = yield* Queue.Queue
        yield* queue.retry(later.id)
        yield* inState(later.id, "retryable")
        const job = yield* queue.get(later.id)
        // Its next attempt, on the record before it happens.
        assert.deepStrictEqual(yield* explained(later.id, "ScheduledUntil"), [
          { _tag: "ScheduledUntil", at: job.runAt, why: "retryable" }
        ])
        const failedAt = (yield* queue.history(later.id)).at(-1)?.finishedAt ?? DateTime.makeUnsafe(Number.NaN)
        assert.isAtLeast(DateTime.toEpochMillis(job.runAt) - DateTime.toEpochMillis(failedAt), 3_600_000)
      }))

    it.effect("a full limit with its holders, and that those run", () =>
      Effect.gen(function*() {
        const limit = Limit.concurrency("full-limit", { max: 2 })
        const { kind, never } = of("full", [limit])
        yield* work("full", never)
        const ids = (yield* kind.enqueueAll([{ payload: {} }, { payload: {} }, { payload: {} }])).map(({ id }) => id)
        const holders = ids.slice(0, 2)
        for (const id of holders) yield* inState(id, "running")
        const { startedAt, workerId } = yield* Queue.Queue.use((queue) => queue.get(holders[0] as JobId.JobId))
        assert.deepStrictEqual(yield* explained(holders[0] as JobId.JobId, "Running"), [
          { _tag: "Running", workerId, since: startedAt }
        ])
        assert.deepStrictEqual(yield* explained(ids[2] as JobId.JobId, "LimitFull"), [
          { _tag: "LimitFull", name: "full-limit", key: "", kind: "concurrency", max: 2, holders }
        ])
      }))

    it.effect("a rate without permits, and when it refills", () =>
      Effect.gen(function*() {
        const limit = Limit.rate("slow-rate", { permits: 1, per: "1 hour" })
        const { kind, quick } = of("rate", [limit])
        yield* work("rate", quick)
        const first = yield* kind.enqueue({})
        yield* inState(first.id, "completed")
        const { id } = yield* kind.enqueue({})
        const [reason] = yield* explained(id, "RateRefillsAt")
        const { finishedAt } = yield* Queue.Queue.use((queue) => queue.get(first.id))
        const hours = reason?._tag === "RateRefillsAt" && finishedAt !== null
          ? (DateTime.toEpochMillis(reason.at) - DateTime.toEpochMillis(finishedAt)) / 3_600_000
          : 0
        assert.closeTo(hours, 1, 0.01)
      }))

    it.effect("a turn that has not come", () =>
      Effect.gen(function*() {
        const kind = Job.make("turn", { payload: {}, queue: "turn", fifo: () => "k" })
        yield* work("turn", kind.toLayer(() => Effect.never))
        const first = yield* kind.enqueue({})
        yield* inState(first.id, "running")
        const { id } = yield* kind.enqueue({})
        assert.deepStrictEqual(yield* explained(id, "LimitFull"), [
          { _tag: "LimitFull", name: "fifo:turn", key: ":k", kind: "order", max: 1, holders: [first.id] }
        ])
      }))

    it.effect("a limit that nobody declared", () =>
      Effect.gen(function*() {
        const { kind, quick } = of("undeclared")
        yield* work("undeclared", quick)
        const { id } = yield* kind.enqueue({}, { limits: [{ name: "nobody-declared" }] })
        assert.deepStrictEqual(yield* explained(id, "LimitUndeclared"), [
          { _tag: "LimitUndeclared", name: "nobody-declared" }
        ])
      }))

    it.effect("slots that are all taken, and the jobs of the tenant that come first", () =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        const { kind } = of("busy")
        yield* work("busy", kind.toLayer(() => Deferred.await(gate)), 1)
        const first = yield* kind.enqueue({})
        yield* inState(first.id, "running")
        const [next, last] = yield* kind.enqueueAll([{ payload: {} }, { payload: {} }])
        const idOf = (result: typeof next) => result?.id ?? first.id
        assert.deepStrictEqual(yield* explained(idOf(next), "WorkersBusy"), [
          { _tag: "WorkersBusy", workers: 1, slots: 1 }
        ])
        assert.deepStrictEqual(yield* explained(idOf(last), "BehindInTenant"), [{ _tag: "BehindInTenant", count: 1 }])
        yield* Deferred.succeed(gate, undefined)
        yield* inState(idOf(last), "completed")
      }))

    it.effect("a suspect that waits to run alone", () =>
      Effect.gen(function*() {
        const { kind, quick } = of("suspect")
        const { id } = yield* kind.enqueue({})
        // A worker that takes the job and is never heard of again.
        const lost = yield* Storage.Storage
        const info = { host: "h", pid: 1, release: "", queues: ["suspect"], names: ["suspect"], concurrency: 1 }
        yield* lost.renew({ _tag: "Register", workerId: `lost-${name}`, leaseMillis: 300, info })
        const handles = [{ name: "suspect", versionMin: 1, versionMax: 1 }]
        yield* lost.claim({ workerId: `lost-${name}`, queue: "suspect", handles, limit: 1, perTenant: 20 })
        yield* inState(id, "running")
        yield* Wait.until("the reclaim", "20 seconds", lost.reclaim({ limit: 10 }), (found) => found.length > 0)
        const waiting = yield* Wait.until(
          "the suspicion",
          "20 seconds",
          Queue.Queue.use((queue) => queue.explain(id)),
          ({ reasons }) => reasons.some(({ _tag }) => _tag === "SuspectIsolation")
        )
        assert.deepStrictEqual(waiting.reasons[0], { _tag: "SuspectIsolation", crashes: 1 })
        yield* work("suspect", quick)
        yield* inState(id, "completed")
      }))

    it.effect("a payload in quarantine, with the decode error", () =>
      Effect.gen(function*() {
        const kind = Job.make("strange", { payload: { count: Schema.Int }, queue: "strange" })
        yield* work("strange", kind.toLayer(() => Effect.void))
        const queue = yield* Queue.Queue
        const { id } = yield* queue.enqueueEncoded({ name: "strange", queue: "strange", payload: { count: "three" } })
        const [reason] = yield* explained(id, "Quarantined")
        assert.include(reason?._tag === "Quarantined" ? reason.error?.message ?? "" : "", "$.count")
      }))
  })
}
