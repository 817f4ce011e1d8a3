import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, it, layer } from "@effect/vitest"
import * as TestDatabase from "@millrace/postgres-embedded/TestDatabase"
import { Effect, Redacted } from "effect"
import * as RawSql from "../src/RawSql.ts"

const script: RawSql.RawScript = {
  scenario: "drain-1",
  prefilled: true,
  batch: 10,
  clients: 2,
  pgbench: `
    begin;
    select array_agg(id) as ids from (select id from job order by id limit 10 for update skip locked) claimed \\gset
    delete from job where id = any(:ids::bigint[]);
    commit;`,
  plpgsql: {
    declare: "",
    body: `delete from job where id in (select id from job order by id limit 10 for update skip locked); commit;`
  }
}

it("reads the rate without connection time from a report of pgbench", () => {
  const report = "latency average = 1.2 ms\ninitial connection time = 4.2 ms\n" +
    "tps = 1234.5 (without initial connection time)\n"
  assert.strictEqual(RawSql.parseTps(report), 1234.5)
  assert.isNull(RawSql.parseTps("pgbench: error: connection failed"))
})

it("divides jobs among clients in whole passes", () => {
  assert.strictEqual(RawSql.passesPerClient(1000, { batch: 100, clients: 4 }), 3)
  assert.strictEqual(RawSql.passesPerClient(1000, { batch: 100, clients: 5 }), 2)
})

const hundredJobs = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`drop table if exists job`
  yield* sql`create table job (id bigint primary key)`
  yield* sql`insert into job select generate_series(1, 100)`
  return Redacted.value((yield* TestDatabase.TestDatabase).url)
})

const jobsLeft = PgClient.PgClient.use((sql) =>
  Effect.map(sql<{ count: bigint }>`select count(*) from job`, (rows) => rows[0]?.count)
)

layer(TestDatabase.layer)("RawSql", (it) => {
  it.effect("moves every job with loops in the server", () =>
    Effect.gen(function*() {
      const rate = yield* RawSql.withPlpgsql(yield* hundredJobs, script, 100)
      assert.strictEqual(yield* jobsLeft, 0n)
      assert.isAbove(rate.jobsPerSecond, 0)
    }))

  it.effect("moves every job with pgbench where there is one, and with loops elsewhere", () =>
    Effect.gen(function*() {
      const rate = yield* RawSql.run(yield* hundredJobs, script, 100)
      assert.strictEqual(yield* jobsLeft, 0n)
      assert.strictEqual(rate.driver, (yield* RawSql.hasPgbench) ? "pgbench" : "plpgsql")
    }))
})
