/** What it costs to look after jobs that wait for others: by plans, at a hundred thousand of them. */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import type { JobId } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Clock, Effect } from "effect"
import * as Lease from "../src/internal/lease.ts"
import * as Notifier from "../src/internal/notifier.ts"
import * as Partitions from "../src/internal/partitions.ts"
import * as prune from "../src/statements/prune.ts"
import * as Live from "./support/liveDatabase.ts"
import * as PlanProbe from "./support/planProbe.ts"

const rows = 100_000

const firstParent = 10_000_000

const firstChild = 20_000_000

/** What one release takes: parents, and rows of what jobs wait for. */
const roundMax = 1000

/** Copies of the newest row of a table, whatever columns it has. */
const copy = (table: string, count: number, firstId: number, more = "") =>
  PgClient.PgClient.use((sql) =>
    sql.unsafe(
      `insert into millrace.${table} select p.* from (select * from millrace.${table} order by id desc limit 1) d
      cross join generate_series(1, ${count}) i
      cross join lateral jsonb_populate_record(null::millrace.${table},
        to_jsonb(d) || jsonb_build_object('id', ${firstId} + i${more})) p`
    )
  )

/** A month of history beside the coming days. */
const pastDays = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [today = 0] = Partitions.comingDays(yield* Clock.currentTimeMillis)
  for (let day = today - 30; day < today; day++) {
    const texts = prune.createPartition(
      "millrace",
      "finished",
      Partitions.nameOf("finished", day),
      Partitions.bounds(day)
    )
    for (const text of texts.filter((text) => !text.startsWith("set"))) yield* sql.unsafe(text)
  }
})

/** Jobs that wait: each for a parent of its own, or all for one. */
const fill = Effect.fnUntraced(function*(live: Live.Live, parentOf: (parent: JobId.JobId) => string) {
  const sql = yield* PgClient.PgClient
  yield* sql.unsafe("truncate millrace.ready, millrace.pending, millrace.dependency, millrace.count_delta")
  const [parent] = yield* live.storage.insert([Fixture.newJob()])
  assert(parent !== undefined)
  yield* live.storage.insert([Fixture.newJob({ queue: "children", parents: [parent.id] })])
  yield* copy("ready", rows, firstParent, `, 'seq', ${firstParent} + i`)
  yield* copy("pending", rows, firstChild)
  yield* sql.unsafe(`insert into millrace.dependency (child, parent)
    select ${firstChild} + i, ${parentOf(parent.id)} from generate_series(1, ${rows}) i`)
  yield* sql.unsafe("analyze")
  return parent.id
})

const promoter = Effect.gen(function*() {
  const { quiet, readings, session } = yield* PlanProbe.make
  const promote = Lease.makePromote(session, yield* Notifier.make(quiet))
  return {
    readings,
    promote: Effect.suspend(() => {
      readings.length = 0
      return promote({ limit: 1000 })
    })
  }
})

/** Fails when a statement reads more rows than a round may, or a large table from end to end. */
const assertReadings = (readings: ReadonlyArray<PlanProbe.Reading>, rowsMax: number) => {
  for (const { mode, rows, scanned, text } of readings) {
    const large = [...scanned].filter(([, count]) => count > 2 * roundMax)
    assert.deepStrictEqual(large, [], `scanned from end to end by the ${mode} plan of ${text}`)
    assert.isAtMost(rows, rowsMax, `rows read by the ${mode} plan of ${text}`)
  }
}

layer(Live.layer, { excludeTestServices: true, timeout: 120_000 })(`${rows} jobs that wait for others`, (it) => {
  it.effect("cost nothing while there are none", () =>
    Effect.gen(function*() {
      const { promote, readings } = yield* promoter
      assert.deepStrictEqual(yield* promote, { count: 0, queues: [], nextDueMillis: null })
      // Two plans of each statement: what expired, what is due.
      assert.lengthOf(readings, 4)
    }), 60_000)

  it.effect("for parents of their own are looked after a thousand at a time", () =>
    Effect.gen(function*() {
      const live = yield* Live.live()
      yield* pastDays
      yield* fill(live, () => `${firstParent} + i`)
      const { promote, readings } = yield* promoter
      for (let round = 0; round < 3; round++) {
        assert.deepStrictEqual(yield* promote, { count: 0, queues: [], nextDueMillis: 1000 })
        assertReadings(readings, 8 * roundMax)
      }
      const sql = yield* PgClient.PgClient
      const start = yield* Clock.currentTimeMillis
      for (let round = 0; round < 10; round++) yield* live.storage.promote({ limit: 1000 })
      yield* Effect.log(`a round over ${roundMax} parents takes ${((yield* Clock.currentTimeMillis) - start) / 10} ms`)
      // The last ones by id have their turn as well.
      yield* sql.unsafe(`delete from millrace.ready where id = ${firstParent + rows}`)
      let released = 0
      for (let round = 0; round < rows / roundMax + 10 && released === 0; round++) {
        yield* live.storage.promote({ limit: 1000 })
        const gone = `select (count(*) = 0)::int as value from millrace.pending where id = ${firstChild + rows}`
        released = yield* Live.value<number>(live, gone)
      }
      assert.strictEqual(released, 1)
    }), 300_000)

  it.effect("for one parent go on a thousand at a time, and at once the next", () =>
    Effect.gen(function*() {
      const live = yield* Live.live()
      const parent = yield* fill(live, (parent) => parent)
      yield* Live.register(live, "w1")
      const claim = (yield* Live.claim(live, { limit: 1 }))[0]
      assert(claim !== undefined && claim.id === parent)
      yield* live.storage.settle("w1", [Fixture.settlement(claim, Fixture.outcomes.completed())])
      const { promote, readings } = yield* promoter
      for (let round = 0; round < 2; round++) {
        assert.deepStrictEqual(yield* promote, { count: roundMax, queues: ["children"], nextDueMillis: 0 })
        assertReadings(readings, 14 * roundMax)
      }
      const start = yield* Clock.currentTimeMillis
      for (let round = 0; round < 10; round++) {
        assert.strictEqual((yield* live.storage.promote({ limit: 1000 })).count, roundMax)
      }
      yield* Effect.log(
        `a round that lets ${roundMax} jobs go on takes ${((yield* Clock.currentTimeMillis) - start) / 10} ms`
      )
      const left = "select count(*)::int as value from millrace.pending"
      assert.strictEqual(yield* Live.value<number>(live, left), rows + 1 - 12 * roundMax)
    }), 300_000)
})
