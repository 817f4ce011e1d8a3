import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { SampleSuite } from "@millrace/storage-test"
import { Effect, Layer } from "effect"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as PgSampleStorage from "../src/PgSampleStorage.ts"
import * as PgStorage from "../src/PgStorage.ts"
import * as statements from "../src/statements/sample.ts"
import * as PlanProbe from "./support/planProbe.ts"

const database = Layer.effectDiscard(PgMigrations.migrate()).pipe(Layer.provideMerge(Layer.fresh(TestDatabase.layer)))

SampleSuite.suite(
  "postgres",
  Layer.fresh(Layer.mergeAll(PgSampleStorage.layer, PgStorage.layer).pipe(Layer.provideMerge(database)))
)

/** Jobs that wait, of 100 tenants in two queues, and jobs that ended today, long before the window. */
const backlog = 60_000

const columns = `id, created_at, run_at, version, token, failures, crashes, max_attempts, priority, has_report,
  queue, tenant, name, payload`

const values = `i, now(), now() - make_interval(secs => i), 1, 0, 0, 0, 3, i % 3, false,
  case when i % 1000 = 0 then 'rare' else 'bulk' end, 't' || i % 100, 'SendMail', '{}'`

layer(Layer.fresh(database), { excludeTestServices: true, timeout: 120_000 })("a probe on PostgreSQL", (it) => {
  it.effect("reads the heads of the lines and the newest history, however much waits and ended", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const rows = `from generate_series(1, ${backlog}) i`
      yield* sql.unsafe(`insert into millrace.ready (seq, ${columns}) select i, ${values} ${rows}`)
      yield* sql.unsafe(`insert into millrace.finished (state, claimed_at, started_at, finished_at, attempt, ${columns})
        select 'completed', now(), now() - interval '1 hour',
          case when i > ${backlog} - 500 then now() - interval '10 seconds' else now() - interval '1 hour' end, 1,
          ${values} ${rows}`)
      yield* sql.unsafe("vacuum analyze")
      const { readings, session } = yield* PlanProbe.make
      const probed = yield* session.rows("probe", statements.probe(session.schema), [null, "60000", ["bulk", "rare"]])
      assert.isAbove(readings.length, 0)
      for (const { mode, rows, scanned } of readings) {
        const large = [...scanned].filter(([table, n]) => /^(ready|finished)/.test(table) && n > 1500)
        assert.deepStrictEqual(large, [], `read from end to end by the ${mode} plan`)
        assert.isAtMost(rows, 10_000, `rows read by the ${mode} plan`)
      }
      const [all, bulk, rare] = probed
      assert.deepInclude(all, { queue: "", completed: 500 })
      assert.deepInclude(bulk, { queue: "bulk", completed: 499, names: ["SendMail"] })
      assert.deepInclude(rare, { queue: "rare", completed: 1 })
    }))
})
