import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Fixture } from "@millrace/storage-test"
import { Deferred, Effect, Fiber } from "effect"
import * as Partitions from "../../src/internal/partitions.ts"
import * as statements from "../../src/statements/prune.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"

const { newJob, outcomes, settlement } = Fixture

const dayMillis = 86_400_000
const schema = "\"millrace\""

const partitions = (table: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(
      sql.unsafe<{ name: string }>(statements.partitions, ["millrace", table]),
      (rows) => rows.map(({ name }) => name)
    )
  )

/** The server's day. */
const today = PgClient.PgClient.use((sql) =>
  Effect.map(
    sql.unsafe<{ millis: number }>(statements.clock, [null]),
    ([row]) => Partitions.comingDays(row?.millis ?? 0)[0] ?? 0
  )
)

/** Makes the partitions of a past day. */
const addDay = Effect.fnUntraced(function*(daysAgo: number) {
  const sql = yield* PgClient.PgClient
  const day = (yield* today) - daysAgo
  for (const table of ["finished", "attempt"]) {
    const texts = statements.createPartition(schema, table, Partitions.nameOf(table, day), Partitions.bounds(day))
    for (const text of texts.filter((text) => !text.startsWith("set"))) yield* sql.unsafe(text)
  }
  return day
})

/** Runs jobs to these ends and says that they all happened days ago. */
const finish = Effect.fnUntraced(function*(
  shop: LiveDatabase.Live,
  queue: string,
  daysAgo: number,
  ends: ReadonlyArray<Parameters<typeof settlement>[1]>
) {
  yield* LiveDatabase.register(shop, "w1")
  yield* shop.storage.insert(ends.map(() => newJob({ queue })))
  const claims = yield* LiveDatabase.claim(shop, { queue, limit: 100, perTenant: 100 })
  yield* shop.storage.report("w1", claims.map(({ id, leaseId, token }) => ({ id, leaseId, token, progress: 0.5 })))
  yield* shop.storage.settle(
    "w1",
    claims.flatMap((claim, index) => {
      const outcome = ends[index]
      return outcome === undefined ? [] : [settlement(claim, outcome, { hasReport: true })]
    })
  )
  const ids = LiveDatabase.idsOf(claims)
  const age = `${daysAgo} days`
  for (const [table, column] of [["finished", "id"], ["dead", "id"], ["attempt", "job_id"]] as const) {
    yield* shop.sql.unsafe(
      `update millrace.${table} set finished_at = now() - $1::interval where ${column} = any($2::text[]::bigint[])`,
      [age, ids]
    )
  }
  return ids
})

const keep = (days: number, deadDays = days) => ({ finishedMillis: days * dayMillis, deadMillis: deadDays * dayMillis })

const rowsLeft = (shop: LiveDatabase.Live, ids: ReadonlyArray<string>) =>
  Effect.map(
    shop.sql.unsafe<{ table: string; n: number }>(
      `select 'job' as table, count(*)::int as n from millrace.job where id = any($1::text[]::bigint[])
       union all select 'attempt', count(*)::int from millrace.attempt where job_id = any($1::text[]::bigint[])
       union all select 'job_report', count(*)::int from millrace.job_report where job_id = any($1::text[]::bigint[])`,
      [ids]
    ),
    (rows) => Object.fromEntries(rows.map(({ n, table }) => [table, n]))
  )

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("prune", (it) => {
  it.effect("prepares the partitions of the coming days again and again", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const day = yield* today
      const last = Partitions.nameOf("finished", day + 7)
      yield* shop.sql.unsafe(`drop table millrace."${last}"`)
      yield* Effect.all([shop.storage.prune(keep(9)), shop.storage.prune(keep(9))], { concurrency: 2 })
      assert.include(yield* partitions("finished"), last)
    }))

  it.effect("drops a day once all its jobs are old enough, with their attempts and reports, and counts them out", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const day = yield* addDay(10)
      const old = yield* finish(shop, "drop", 10, [outcomes.completed(), outcomes.cancelled(), outcomes.completed()])
      const young = yield* finish(shop, "drop", 0, [outcomes.completed(), outcomes.cancelled(), outcomes.retried()])
      yield* LiveDatabase.assertCounts(shop)
      assert.deepStrictEqual(yield* shop.storage.prune(keep(11)), { finished: 0, dead: 0 })
      assert.include(yield* partitions("finished"), Partitions.nameOf("finished", day))
      assert.deepStrictEqual(yield* shop.storage.prune(keep(8)), { finished: 3, dead: 0 })
      assert.notInclude(yield* partitions("finished"), Partitions.nameOf("finished", day))
      assert.notInclude(yield* partitions("attempt"), Partitions.nameOf("attempt", day))
      assert.deepStrictEqual(yield* rowsLeft(shop, old), { job: 0, attempt: 0, job_report: 0 })
      // The report of a completed job goes with its completion; that of a cancelled one waits for a redrive.
      assert.deepStrictEqual(yield* rowsLeft(shop, young), { job: 3, attempt: 2, job_report: 2 })
      yield* LiveDatabase.assertCounts(shop)
      assert.deepStrictEqual(yield* shop.storage.prune(keep(8)), { finished: 0, dead: 0 })
    }))

  it.effect("keeps attempts as long as the dead, who go by their own age", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const day = yield* addDay(20)
      const dead = yield* finish(shop, "dead", 20, [outcomes.dead(), outcomes.dead()])
      assert.deepStrictEqual(yield* shop.storage.prune(keep(5, 30)), { finished: 0, dead: 0 })
      assert.include(yield* partitions("attempt"), Partitions.nameOf("attempt", day))
      assert.notInclude(yield* partitions("finished"), Partitions.nameOf("finished", day))
      assert.deepStrictEqual(yield* shop.storage.prune(keep(5, 18)), { finished: 0, dead: 2 })
      assert.deepStrictEqual(yield* rowsLeft(shop, dead), { job: 0, attempt: 0, job_report: 0 })
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("deletes what no day's partition took, more than one statement's worth", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      // No partition of that day was made: the rows go to the default one.
      yield* finish(shop, "late", 40, Array.from({ length: 60 }, () => outcomes.completed()))
      yield* shop.sql`
        insert into millrace.job_log (job_id, at, token, level, message)
        select n, now() - interval '40 days', 1, 'info', 'old' from generate_series(1, 2500) n`
      assert.deepStrictEqual(yield* shop.storage.prune(keep(30)), { finished: 60, dead: 0 })
      assert.strictEqual(yield* LiveDatabase.value(shop, "select count(*)::int as value from millrace.job_log"), 0)
      yield* LiveDatabase.assertCounts(shop)
    }))

  // F33
  it.effect("deletes in smaller steps where the server has no patience for large ones", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      // A step of a thousand lasts longer than the server allows; fewer do not.
      yield* shop.sql.unsafe(`create function millrace.weary() returns trigger language plpgsql as $$ begin
        if (select count(*) from gone) > 500 then
          raise exception 'canceling statement due to statement timeout' using errcode = '57014';
        end if;
        return null;
      end $$`)
      yield* shop.sql.unsafe(`create trigger weary after delete on millrace.job_log referencing old table as gone
        for each statement execute function millrace.weary()`)
      yield* Effect.addFinalizer(() => Effect.ignore(shop.sql.unsafe("drop function millrace.weary cascade")))
      yield* shop.sql`
        insert into millrace.job_log (job_id, at, token, level, message)
        select n, now() - interval '40 days', 1, 'info', 'old' from generate_series(1, 1300) n`
      yield* shop.storage.prune(keep(30))
      assert.strictEqual(yield* LiveDatabase.value(shop, "select count(*)::int as value from millrace.job_log"), 0)
    }))

  it.effect("leaves a day that is in use to the next call, and keeps nobody waiting for it", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const reader = yield* LiveDatabase.live()
      const day = yield* addDay(12)
      yield* finish(shop, "busy", 12, [outcomes.completed()])
      const name = Partitions.nameOf("finished", day)
      yield* reader.sql.withTransaction(Effect.gen(function*() {
        yield* reader.sql.unsafe(`select from millrace."${name}"`)
        const pruning = yield* shop.storage.prune(keep(11)).pipe(Effect.forkChild)
        yield* finish(shop, "meanwhile", 0, [outcomes.completed()])
        assert.deepStrictEqual(yield* Fiber.join(pruning), { finished: 0, dead: 0 })
        assert.include(yield* partitions("finished"), name)
      }))
      assert.deepStrictEqual(yield* shop.storage.prune(keep(11)), { finished: 1, dead: 0 })
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("finishes what a prune that was killed had begun", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const day = yield* addDay(14)
      yield* finish(shop, "torn", 14, [outcomes.completed(), outcomes.completed()])
      const name = Partitions.nameOf("finished", day)
      yield* shop.sql.unsafe(`alter table millrace.finished detach partition millrace."${name}"`)
      assert.deepStrictEqual(yield* shop.storage.prune(keep(13)), { finished: 2, dead: 0 })
      assert.strictEqual(
        yield* LiveDatabase.value(shop, `select to_regclass('millrace.${name}') is null as value`),
        true
      )
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("counts a day out once when two prune at once", () =>
    Effect.gen(function*() {
      const shops = [yield* LiveDatabase.live(), yield* LiveDatabase.live()] as const
      yield* addDay(16)
      yield* finish(shops[0], "twice", 16, Array.from({ length: 20 }, () => outcomes.completed()))
      const pruned = yield* Effect.forEach(shops, ({ storage }) => storage.prune(keep(15)), { concurrency: 2 })
      const rest = yield* shops[0].storage.prune(keep(15))
      assert.strictEqual([...pruned, rest].reduce((sum, { finished }) => sum + finished, 0), 20)
      yield* LiveDatabase.assertCounts(shops[0])
    }))

  it.effect("does not lose a job that is redriven meanwhile", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const other = yield* LiveDatabase.live()
      yield* addDay(18)
      const [id] = yield* finish(shop, "redriven", 18, [outcomes.cancelled(), outcomes.completed()])
      assert(id !== undefined)
      const redriven = yield* Deferred.make<void>()
      const release = yield* Deferred.make<void>()
      const open = yield* other.sql.withTransaction(Effect.gen(function*() {
        yield* other.storage.transition([id], { _tag: "Retry" })
        yield* Deferred.succeed(redriven, undefined)
        yield* Deferred.await(release)
      })).pipe(Effect.forkChild)
      yield* Deferred.await(redriven)
      assert.deepStrictEqual(yield* shop.storage.prune(keep(17)), { finished: 0, dead: 0 })
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(open)
      assert.deepStrictEqual(yield* shop.storage.prune(keep(17)), { finished: 1, dead: 0 })
      assert.strictEqual((yield* shop.storage.list({ ids: [id] })).items[0]?.state, "available")
      yield* LiveDatabase.assertCounts(shop)
    }))
})
