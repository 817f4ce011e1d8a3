/**
 * The engine on real PostgreSQL in real time: retries by policy, and transactions that jobs are part of.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Job, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { PgStorage } from "@millrace/storage-postgres"
import { DateTime, Effect, Layer, Logger, Schema } from "effect"
import * as Wait from "../src/Wait.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", { attempt: Schema.Int }) {}

const policy = RetryPolicy.exponential({ base: "150 millis", factor: 2, maxAttempts: 3 })

const Failing = Job.make("failing", { payload: Schema.Struct({}), error: Refused, retry: policy })

const FailingLive = Failing.toLayer((_, job) => Effect.fail(new Refused({ attempt: job.attempt })))

/** Books once; the first attempt dies after the booking, the second fails after it, the third goes through. */
const Booking = Job.make("booking", {
  payload: { account: Schema.String },
  success: Schema.Int,
  error: Refused,
  retry: RetryPolicy.fixed("50 millis", { maxAttempts: 5 })
})

const book = (account: string, attempt: number) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* Effect.orDie(sql`insert into booked (account, attempt) values (${account}, ${attempt})`)
    if (attempt === 1) return yield* Effect.die("the lights go out")
    if (attempt === 2) return yield* new Refused({ attempt })
    return attempt
  })

const BookingLive = Booking.toLayer(({ account }, job) => Job.transactional(book(account, job.attempt)))

const engine = Layer.mergeAll(FailingLive, BookingLive).pipe(
  Layer.provideMerge([Queue.layer, Worker.layer({ pollInterval: "100 millis" })]),
  Layer.provideMerge(PgStorage.layerMigrated()),
  Layer.provideMerge(TestDatabase.layer),
  Layer.provideMerge(Logger.layer([]))
)

const finished = (id: Parameters<Queue.Queue["Service"]["get"]>[0]) =>
  Effect.flatMap(Queue.Queue, (queue) => queue.awaitFinished(id))

layer(engine, { excludeTestServices: true, timeout: "60 seconds" })("the engine on PostgreSQL", (it) => {
  it.effect("fails, waits as its policy says, fails again, and is dead after its last attempt", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* Failing.enqueue({})
      const seen = new Set<string>()
      yield* Wait.until(
        "the job to be dead",
        "30 seconds",
        Effect.tap(queue.get(id), (job) => Effect.sync(() => seen.add(job.state))),
        (job) => job.state === "dead"
      )
      const history = yield* queue.history(id)
      assert.deepStrictEqual(history.map(({ attempt, outcome }) => [attempt, outcome]), [
        [1, "failed"],
        [2, "failed"],
        [3, "failed"]
      ])
      assert.include([...seen], "retryable")
      const job = yield* queue.get(id)
      assert.deepStrictEqual([job.failures, job.attempt, job.error?.tag, job.error?.data], [
        3,
        3,
        "Refused",
        { _tag: "Refused", attempt: 3 }
      ])
      // By the database's clock, an attempt never starts before its delay is over: 150 ms, then 300 ms.
      const gaps = history.slice(1).map((attempt, index) =>
        DateTime.toEpochMillis(attempt.claimedAt) -
        DateTime.toEpochMillis(history[index]?.finishedAt ?? attempt.claimedAt)
      )
      assert.isAtLeast(gaps[0] ?? 0, 149)
      assert.isAtLeast(gaps[1] ?? 0, 299)
    }))

  it.effect("leaves no job behind when the caller's transaction rolls back, and one when it commits", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* Queue.Queue
      yield* sql`create table customer (name text primary key)`
      const register = (name: string, isRefused: boolean) =>
        sql.withTransaction(Effect.gen(function*() {
          yield* sql`insert into customer (name) values (${name})`
          const result = yield* Failing.enqueue({}, { tenant: name })
          return isRefused ? yield* new Refused({ attempt: 0 }) : result
        }))
      assert.strictEqual((yield* Effect.flip(register("eve", true)))._tag, "Refused")
      const kept = yield* register("ada", false)
      assert.deepStrictEqual((yield* queue.list({ tenants: ["eve"] })).items, [])
      assert.deepStrictEqual((yield* queue.list({ tenants: ["ada"] })).items.map((job) => job.id), [kept.id])
      assert.deepStrictEqual(yield* sql`select name from customer`, [{ name: "ada" }])
    }))

  it.effect("commits what a handler wrote with the completion of its job, and neither alone", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* Queue.Queue
      yield* sql`create table booked (account text not null, attempt int not null)`
      const { id } = yield* Booking.enqueue({ account: "ada" })
      const job = yield* finished(id)
      assert.deepStrictEqual([job.state, job.result, job.failures], ["completed", 3, 2])
      assert.deepStrictEqual(yield* sql`select account, attempt from booked`, [{ account: "ada", attempt: 3 }])
      assert.deepStrictEqual((yield* queue.history(id)).map(({ outcome }) => outcome), [
        "failed",
        "failed",
        "completed"
      ])
    }))
})
