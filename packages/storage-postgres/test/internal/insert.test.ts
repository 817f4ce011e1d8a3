import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { JobId, StorageError } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Deferred, Effect, Fiber } from "effect"
import type { Schema } from "effect"
import * as Insert from "../../src/internal/insert.ts"
import * as Notifier from "../../src/internal/notifier.ts"
import * as Session from "../../src/internal/session.ts"
import * as statements from "../../src/statements/insert.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"

const { newJob } = Fixture

const transactionOf = ({ storage }: LiveDatabase.Live) => {
  const { transaction } = storage.capabilities
  assert(transaction !== null)
  return transaction
}

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("insert", (it) => {
  it.effect("is undone with the caller's transaction, done with it, and with a savepoint of it", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const watcher = yield* LiveDatabase.live()
      const transaction = transactionOf(shop)
      const insert = (name: string) =>
        shop.storage.insert([newJob({ queue: "tx", payload: name, unique: Fixture.unique(name) })])
      const seen = Effect.map(
        watcher.storage.list({ queues: ["tx"] }),
        ({ items }) => items.map((job) => job.payload).toReversed()
      )
      yield* Effect.ignore(transaction(Effect.andThen(insert("rolled back"), Effect.fail("no"))))
      assert.deepStrictEqual(yield* seen, [])
      yield* transaction(Effect.gen(function*() {
        yield* insert("kept")
        yield* shop.sql`create table if not exists orders (n int)`
        yield* shop.sql`insert into orders values (1)`
        yield* Effect.ignore(transaction(Effect.andThen(insert("undone"), Effect.fail("no"))))
        yield* transaction(insert("nested"))
        assert.deepStrictEqual(yield* seen, [])
      }))
      assert.deepStrictEqual(yield* seen, ["kept", "nested"])
      assert.strictEqual(yield* LiveDatabase.value<number>(watcher, "select count(*)::int as value from orders"), 1)
      // The keys of what was undone are free.
      assert.deepStrictEqual((yield* insert("undone")).map(({ _tag }) => _tag), ["Enqueued"])
      assert.deepStrictEqual((yield* insert("kept")).map(({ _tag }) => _tag), ["Duplicate"])
      yield* LiveDatabase.assertCounts(watcher)
    }))

  it.effect("takes 5,000 jobs in one call, in the order of the input", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      for (
        const fields of [{}, { unique: Fixture.unique("own") }, {
          tags: ["a"],
          runAt: null,
          delayMillis: 60_000
        }] as const
      ) {
        const jobs = Array.from({ length: 5000 }, (_, n) =>
          newJob({
            ...fields,
            queue: "bulk",
            payload: n,
            unique: "unique" in fields ? Fixture.unique(`${fields.unique.key} ${n}`) : null
          }))
        const ids = LiveDatabase.idsOf(yield* shop.storage.insert(jobs))
        assert.deepStrictEqual(ids, [...new Set(ids)].toSorted(JobId.compare))
        const { items } = yield* shop.storage.list({ ids: [ids[0], ids[2500], ids[4999]].flatMap((id) => id ?? []) })
        assert.deepStrictEqual(items.map((job) => job.payload), [4999, 2500, 0])
      }
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("stores jobs of different traces by the short statement, each with its own", () =>
    Effect.gen(function*() {
      const { sql, storage } = yield* LiveDatabase.live()
      const session = yield* Session.make(sql)
      const texts: Array<string> = []
      const insert = Insert.make(
        { ...session, rows: (name, text, params) => (texts.push(text), session.rows(name, text, params)) },
        yield* Notifier.make(session)
      )
      const retries: ReadonlyArray<Schema.Json> = [
        { "millrace:trace": "a" },
        null,
        { "millrace:trace": "b" },
        { _tag: "x", "it's": ["\\", "\""] }
      ]
      const jobs = retries.map((retry, n) => newJob({ queue: "traced", payload: n, tenant: `t${n}`, retry }))
      const ids = LiveDatabase.idsOf(yield* insert(jobs))
      yield* insert(jobs.slice(0, 1))
      assert.deepStrictEqual(texts, [true, false].map((mixes) => statements.insertAlike(session.schema, mixes)))
      const { items } = yield* storage.list({ ids })
      assert.deepStrictEqual(
        items.toReversed().map(({ payload, retry, tenant }) => [payload, tenant, retry]),
        retries.map((retry, n) => [n, `t${n}`, retry])
      )
      const refused = yield* Effect.flip(
        storage.insert([jobs[0], newJob({ queue: "traced", retry: { bad: "\u0000" } })].flatMap((job) => job ?? []))
      )
      assert.deepInclude(refused.reason, { _tag: "Invalid", field: "retry" })
    }))

  it.effect("lets one of 200 concurrent jobs of a key in; the others hear its id", () =>
    Effect.gen(function*() {
      const shops = yield* Effect.forEach(
        Array.from({ length: 4 }),
        () => LiveDatabase.live({ client: { maxConnections: 8 } })
      )
      const results = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, n) => shops[n % 4]),
        (shop) =>
          shop?.storage.insert([newJob({ queue: "once", unique: Fixture.unique("once") })]) ?? Effect.succeed([]),
        { concurrency: "unbounded" }
      )
      const [enqueued, ...more] = results.flat().filter(({ _tag }) => _tag === "Enqueued")
      assert.deepStrictEqual(more, [])
      const others = results.flat().filter(({ _tag }) => _tag === "Duplicate")
      assert.lengthOf(others, 199)
      assert.deepStrictEqual([...new Set(LiveDatabase.idsOf(others))], [enqueued?.id])
    }))

  it.effect("takes keys in one order: batches that share them in another never deadlock", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 8 } })
      const keys = Array.from({ length: 50 }, (_, n) => `shared ${n}`)
      const batches = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? keys : keys.toReversed()))
      const before = yield* deadlocks(shop)
      const results = yield* Effect.forEach(
        batches,
        (batch) => shop.storage.insert(batch.map((key) => newJob({ queue: "keys", unique: Fixture.unique(key) }))),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(results.flat().filter(({ _tag }) => _tag === "Enqueued"), 50)
      assert.strictEqual(yield* deadlocks(shop), before)
    }))

  it.effect("is delayed by nobody's open transaction, but for one that holds the same key", () =>
    Effect.gen(function*() {
      const slow = yield* LiveDatabase.live()
      const quick = yield* LiveDatabase.live({ deadline: "5 seconds" })
      const inserted = yield* Deferred.make<void>()
      const release = yield* Deferred.make<void>()
      const fiber = yield* transactionOf(slow)(Effect.gen(function*() {
        yield* slow.storage.insert([
          newJob({ queue: "q", unique: Fixture.unique("held") }),
          newJob({ queue: "q", tenant: "t" })
        ])
        yield* Deferred.succeed(inserted, undefined)
        yield* Deferred.await(release)
      })).pipe(Effect.forkChild)
      yield* Deferred.await(inserted)
      yield* LiveDatabase.register(quick, "w1")
      yield* quick.storage.insert([
        newJob({ queue: "q", tenant: "t" }),
        newJob({ queue: "q", unique: Fixture.unique("free") })
      ])
      const claims = yield* quick.storage.claim({
        workerId: "w1",
        queue: "q",
        handles: Fixture.handles("SendMail"),
        limit: 10,
        perTenant: 10
      })
      assert.lengthOf(claims, 2)
      yield* quick.storage.settle("w1", claims.map((claim) => Fixture.settlement(claim, Fixture.outcomes.completed())))
      yield* quick.storage.promote({ limit: 10 })
      yield* quick.storage.reclaim({ limit: 10 })
      yield* quick.storage.prune({ finishedMillis: 1e12, deadMillis: 1e12 })
      const same = yield* quick.storage.insert([newJob({ queue: "q", unique: Fixture.unique("held") })]).pipe(
        Effect.forkChild
      )
      yield* LiveDatabase.eventually(
        Effect.filterOrFail(
          LiveDatabase.value<number>(
            quick,
            "select count(*)::int as value from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'"
          ),
          (waiting) => waiting === 1
        )
      )
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual((yield* Fiber.join(same)).map(({ _tag }) => _tag), ["Duplicate"])
    }))

  it.effect("answers with a conflict rather than for ever when a key changes hands again and again", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const sql = yield* PgClient.PgClient
      // A key that is always taken, though nobody is seen to hold it.
      yield* sql.unsafe(
        `create function millrace.haunt() returns trigger language plpgsql as $$ begin return null; end $$`
      )
      yield* sql.unsafe(`create trigger haunt before insert on millrace.unique_key for each row
        when (new.key = 'haunted') execute function millrace.haunt()`)
      yield* Effect.addFinalizer(() => Effect.ignore(sql.unsafe("drop function millrace.haunt cascade")))
      const error = yield* Effect.flip(shop.storage.insert([newJob({ unique: Fixture.unique("haunted") }), newJob()]))
      assert.instanceOf(error.reason, StorageError.Conflict)
    }))

  // F42
  it.effect("F42: goes on beyond 2^53 jobs, and tells what no job can be from what is none", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* shop.sql`select setval('millrace.job_seq', 9007199254740993)`
      yield* LiveDatabase.register(shop, "far", { queues: ["far"] })
      const [result] = yield* shop.storage.insert([newJob({ queue: "far", delayMillis: 0, tags: ["far"] })])
      assert(result !== undefined)
      assert.strictEqual(result.id, JobId.makeUnsafe("9007199254740994"))
      const claims = yield* shop.storage.claim({
        workerId: "far",
        queue: "far",
        handles: Fixture.handles("SendMail"),
        limit: 1,
        perTenant: 1
      })
      assert.deepStrictEqual(LiveDatabase.idsOf(claims), [result.id])
      const settled = claims.map((claim) => Fixture.settlement(claim, Fixture.outcomes.completed()))
      assert.deepStrictEqual(yield* shop.storage.settle("far", settled), ["Applied"])
      assert.strictEqual((yield* shop.storage.list({ ids: [result.id] })).items[0]?.state, "completed")
      for (const none of ["9223372036854775807", "9223372036854775808", "9999999999999999999"].map(JobId.makeUnsafe)) {
        assert.deepStrictEqual((yield* shop.storage.list({ ids: [none] })).items, [])
        assert.deepStrictEqual(yield* shop.storage.inspect.history(none), [])
        assert.deepStrictEqual(yield* shop.storage.transition([none], { _tag: "Cancel", reason: "x" }), [])
        assert.deepStrictEqual((yield* shop.storage.list({ before: none, queues: ["far"] })).items.length, 1)
        assert.deepStrictEqual(
          yield* shop.storage.settle("far", settled.map((one) => ({ ...one, id: none, leaseId: `${none}.1.1` }))),
          ["LeaseLost"]
        )
        assert.deepStrictEqual(
          yield* shop.storage.report("far", [{ id: none, leaseId: `${none}.1.1`, token: 1, progress: 1 }]),
          ["LeaseLost"]
        )
      }
    }))
})

const deadlocks = (live: LiveDatabase.Live) =>
  LiveDatabase.value<number>(
    live,
    "select deadlocks::int as value from pg_stat_database where datname = current_database()"
  )
