import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, layer } from "@effect/vitest"
import * as TestDatabase from "@millrace/postgres-embedded/TestDatabase"
import { Queue } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Effect, Layer, Redacted } from "effect"
import { Bench } from "../../src/contenders/benchJob.ts"
import { rawScripts } from "../../src/contenders/rawScripts.ts"
import * as RawSql from "../../src/RawSql.ts"

const live = Queue.layer.pipe(
  Layer.provideMerge(PgStorage.layerMigrated()),
  Layer.provideMerge(TestDatabase.layer)
)

const jobs = 1_700

/** Lays jobs, and answers the database. */
const lay = Effect.gen(function*() {
  const payloads = Array.from({ length: jobs }, (_, n) => ({ payload: { n, at: 0, pad: "" } }))
  yield* Bench.enqueueAll(payloads.slice(0, 1_000))
  yield* Bench.enqueueAll(payloads.slice(1_000))
  return Redacted.value((yield* TestDatabase.TestDatabase).url)
})

const told = PgClient.PgClient.use((sql) =>
  Effect.map(
    sql<{ readonly counts: ReadonlyArray<number> }>`
      select array[(select count(*) from millrace.ready), (select count(*) from millrace.lease),
        (select count(*) from millrace.finished where state = 'completed')]::int[] as counts`,
    (rows) => rows[0]?.counts
  )
)

layer(live, { timeout: "2 minutes" })("rawScripts", (it) => {
  for (const script of rawScripts) {
    it.effect(`${script.scenario}: claims and settles every job, in the server and with pgbench where there is one`, () =>
      Effect.gen(function*() {
        const database = yield* lay
        yield* RawSql.run(database, script, jobs)
        assert.deepStrictEqual(yield* told, [0, 0, jobs])
        yield* lay
        yield* RawSql.withPlpgsql(database, script, jobs)
        assert.deepStrictEqual(yield* told, [0, 0, 2 * jobs])
      }))
  }
})
