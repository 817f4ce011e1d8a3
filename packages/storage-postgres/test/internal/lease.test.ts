import { assert, describe, it, layer } from "@effect/vitest"
import { Storage, StorageClock } from "@millrace/storage"
import { Fixture, Steps } from "@millrace/storage-test"
import { DateTime, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as PgStorage from "../../src/PgStorage.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"

const { newJob, outcomes } = Fixture

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("lease", (it) => {
  it.effect("promotes each due job once, whoever promotes, and in the order in which they became due", () =>
    Effect.gen(function*() {
      const shops = yield* Effect.forEach(Array.from({ length: 4 }), () => LiveDatabase.live())
      const [shop] = shops
      assert(shop !== undefined)
      const results = yield* shop.storage.insert(
        Array.from({ length: 1000 }, () => newJob({ queue: "due", delayMillis: 3_600_000 }))
      )
      yield* shop.sql`update millrace.scheduled set run_at = now() - id * interval '1 millisecond' where queue = 'due'`
      const promoted = yield* Effect.forEach(
        Array.from({ length: 24 }, (_, n) => shops[n % 4]),
        (one) => one?.storage.promote({ limit: 50 }) ?? Effect.die("none"),
        { concurrency: "unbounded" }
      )
      const rest = yield* shop.storage.promote({ limit: 1000 })
      assert.strictEqual([...promoted, rest].reduce((sum, { count }) => sum + count, 0), 1000)
      assert.isNull(rest.nextDueMillis)
      yield* LiveDatabase.register(shop, "w1")
      const claims = yield* LiveDatabase.claim(shop, { queue: "due", limit: 1000, perTenant: 1000 })
      assert.deepStrictEqual(
        LiveDatabase.idsOf(claims).toSorted(),
        LiveDatabase.idsOf(results).toSorted()
      )
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("tells when the next job is due, also when a batch ends among jobs of one instant", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* shop.storage.insert(Array.from({ length: 5 }, () => newJob({ queue: "next", delayMillis: 1000 })))
      yield* shop.storage.insert([newJob({ queue: "next", delayMillis: 3_600_000 })])
      yield* shop.sql`
        update millrace.scheduled set run_at = now() - interval '1 minute'
        where queue = 'next' and run_at < now() + interval '1 minute'`
      const first = yield* shop.storage.promote({ limit: 3 })
      assert.deepStrictEqual([first.count, first.nextDueMillis], [3, 0])
      const second = yield* shop.storage.promote({ limit: 3 })
      assert.strictEqual(second.count, 2)
      assert.isAbove(second.nextDueMillis ?? 0, 3_500_000)
    }))

  it.effect("folds many deltas of counts, and tells the same before and after", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* Effect.forEach(Array.from({ length: 300 }), () => shop.storage.insert([newJob({ queue: "counted" })]), {
        concurrency: 10
      })
      yield* LiveDatabase.assertCounts(shop)
      yield* Effect.all(Array.from({ length: 4 }, () => shop.storage.reclaim({ limit: 1 })), { concurrency: 4 })
      yield* shop.storage.reclaim({ limit: 1 })
      assert.strictEqual(yield* LiveDatabase.value(shop, "select count(*)::int as value from millrace.count_delta"), 0)
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("takes back the jobs of a claim that came after its worker was gone", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "gone")
      const [job] = yield* shop.storage.insert([newJob({ queue: "orphan" })])
      yield* LiveDatabase.claim(shop, { queue: "orphan", workerId: "gone" })
      yield* shop.sql`delete from millrace.worker where id = 'gone'`
      const reclaimed = yield* shop.storage.reclaim({ limit: 10 })
      assert.deepStrictEqual(reclaimed.map(({ id, to }) => [id, to]), [[job?.id, "available"]])
    }))

  it.effect("keeps counts exact through everything at once", () =>
    Effect.gen(function*() {
      const workers = yield* Effect.forEach(["a", "b", "c"], (workerId) =>
        Effect.map(LiveDatabase.live(), (shop) => ({ shop, workerId })))
      const queue = "storm"
      const kinds = [
        outcomes.completed(),
        outcomes.retried(0),
        outcomes.retried(1),
        outcomes.snoozed(1),
        outcomes.released(),
        outcomes.cancelled(),
        outcomes.dead()
      ]
      const patiently = <A>(step: Effect.Effect<A, { readonly isTransient: boolean }>) =>
        Effect.retry(step, {
          times: 20,
          while: (error) =>
            error.isTransient
        })
      const produce = Effect.fnUntraced(function*({ shop }: typeof workers[number]) {
        for (let n = 0; n < 15; n++) {
          const jobs = Array.from({ length: 10 }, (_, i) =>
            newJob({
              queue,
              tenant: `t${i % 3}`,
              unique: i === 0 ? Fixture.unique(`u${n}`) : null,
              delayMillis: i === 1 ? 1 : 0
            }))
          const ids = LiveDatabase.idsOf(yield* patiently(shop.storage.insert(jobs)))
          yield* patiently(shop.storage.transition(ids.slice(2, 4), { _tag: "Cancel", reason: "enough" }))
          yield* patiently(shop.storage.transition(ids.slice(3, 6), { _tag: "Retry" }))
          yield* patiently(shop.storage.transition(ids.slice(6, 7), { _tag: "Remove" }))
        }
      })
      const work = Effect.fnUntraced(function*({ shop, workerId }: typeof workers[number]) {
        yield* LiveDatabase.register(shop, workerId)
        for (let n = 0; n < 40; n++) {
          const claims = yield* patiently(LiveDatabase.claim(shop, { queue, workerId, perTenant: 3 }))
          const settlements = claims.flatMap((claim, index) => {
            const outcome = kinds[(n + index) % kinds.length]
            return outcome === undefined ? [] : [Fixture.settlement(claim, outcome)]
          })
          yield* patiently(shop.storage.settle(workerId, settlements.slice(n % 2)))
          yield* patiently(shop.storage.promote({ limit: 5 }))
          yield* patiently(shop.storage.reclaim({ limit: 5 }))
        }
        if (workerId === "a") {
          yield* shop.storage.renew({ _tag: "Leave", workerId })
        }
      })
      yield* Effect.all([...workers.map(produce), ...workers.map(work)], { concurrency: "unbounded", discard: true })
      const [first] = workers
      assert(first !== undefined)
      yield* LiveDatabase.assertCounts(first.shop)
      const { items } = yield* first.shop.storage.list({ queues: [queue], limit: 1000 })
      assert.strictEqual(new Set(LiveDatabase.idsOf(items)).size, items.length)
      // No key is held for a job that has ended, and every live job holds its own.
      const keys = yield* first.shop.sql<{ key: string; holder: string }>`
        select key, job_id::text as holder from millrace.unique_key order by key`
      const live = items.filter(({ state }) => !["completed", "cancelled", "dead"].includes(state))
      assert.deepStrictEqual(
        Object.fromEntries(keys.map(({ holder, key }) => [key, holder])),
        Object.fromEntries(live.flatMap((job) => (job.uniqueKey === null ? [] : [[job.uniqueKey, job.id]])))
      )
    }), 60_000)
})

describe("lease by the server's clock", () => {
  // The program's clock stands at 1970 all the time: nothing in here depends on it.
  const storage = PgStorage.layer.pipe(Layer.provideMerge(LiveDatabase.layer))

  it.effect("delays, promotes, expires and dates by the server, whatever the program's clock says", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* StorageClock.StorageClock, "database")
      const live = { sql: yield* LiveDatabase.client(), storage: yield* Storage.Storage }
      const pass = (millis: number) => live.sql`select pg_sleep(${millis / 1000})`
      const serverNow = LiveDatabase.value<Date>(live, "select now() as value")
      const before = yield* serverNow
      const later = yield* Steps.insertOne({ delayMillis: 3_600_000 })
      const record = yield* Steps.get(later)
      assert.strictEqual(record.state, "scheduled")
      assert.strictEqual(DateTime.toEpochMillis(record.runAt) - DateTime.toEpochMillis(record.createdAt), 3_600_000)
      assert.isAtLeast(DateTime.toEpochMillis(record.createdAt), before.getTime())
      const id = yield* Steps.insertOne({ delayMillis: 10 })
      yield* pass(20)
      const promoted = yield* Steps.promote()
      assert.strictEqual(promoted.count, 1)
      assert.isTrue((promoted.nextDueMillis ?? 0) > 3_000_000 && (promoted.nextDueMillis ?? 0) <= 3_600_000)
      yield* Steps.register()
      yield* Steps.register("w2", { leaseMillis: 60_000 })
      const claim = yield* Steps.claimOne()
      // A program whose clock runs ahead by a day takes nothing away from anybody.
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* Steps.reclaim(), [])
      yield* Steps.register("w1", { leaseMillis: 10 })
      yield* pass(20)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      const reclaimed = yield* Steps.reclaim()
      assert.deepStrictEqual(reclaimed.map((job) => [job.id, job.workerId]), [[claim.id, "w1"]])
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed()), "LeaseLost")
      const [attempt] = yield* Steps.history(id)
      assert.isAtLeast(DateTime.toEpochMillis(attempt?.claimedAt ?? DateTime.makeUnsafe(0)), before.getTime())
    }).pipe(Effect.scoped, Effect.provide(storage)))
})
