/**
 * What jobs of the future cost, and how fast those of one second become available.
 *
 * `MILLRACE_PROMOTION_ROWS=1000000 MILLRACE_PROMOTION_DUE=100000` is the size of the promise; every run does a part of it.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Fixture } from "@millrace/storage-test"
import { Clock, DateTime, Effect } from "effect"
import * as Claim from "../src/internal/claim.ts"
import * as Notifier from "../src/internal/notifier.ts"
import * as Live from "./support/liveDatabase.ts"
import * as PlanProbe from "./support/planProbe.ts"

const future = Number(process.env["MILLRACE_PROMOTION_ROWS"] ?? 100_000)
const due = Number(process.env["MILLRACE_PROMOTION_DUE"] ?? 10_000)

/** Copies of a scheduled job, whatever columns it has. */
const copy = Effect.fnUntraced(function*(count: number, firstId: number, runAt: string) {
  const sql = yield* PgClient.PgClient
  yield* sql.unsafe(`insert into millrace.scheduled select p.* from (select * from millrace.scheduled limit 1) d
    cross join generate_series(1, ${count}) i
    cross join lateral jsonb_populate_record(null::millrace.scheduled, to_jsonb(d) || jsonb_build_object('id', ${firstId} + i, 'run_at', ${runAt})) p`)
})

layer(Live.layer, { excludeTestServices: true, timeout: 120_000 })("jobs of the future", (it) => {
  it.effect(`cost a claim nothing: ${future} of them`, () =>
    Effect.gen(function*() {
      const live = yield* Live.live()
      yield* Live.register(live, "w1")
      const { quiet, readings, session } = yield* PlanProbe.make
      const claim = yield* Claim.make(session, yield* Notifier.make(quiet))
      const ready = Array.from({ length: 500 }, () => Fixture.newJob())
      const claimed = Effect.gen(function*() {
        yield* session.sql.unsafe("truncate millrace.ready, millrace.lease")
        yield* live.storage.insert(ready)
        yield* session.sql.unsafe("analyze")
        readings.length = 0
        const claims = yield* claim({
          workerId: "w1",
          queue: "default",
          handles: Fixture.handles("SendMail"),
          limit: 100,
          perTenant: 100
        })
        assert.lengthOf(claims, 100)
        return readings.map(({ pages, rows }) => ({ pages, rows }))
      })
      const before = yield* claimed
      yield* live.storage.insert([Fixture.newJob({ delayMillis: 30 * 86_400_000 })])
      yield* copy(future, 10_000_000, "now() + interval '30 days' + i * interval '1 second'")
      const after = yield* claimed
      assert.lengthOf(after, before.length)
      yield* Effect.log(`pages and rows of a claim without and with: ${JSON.stringify([before, after])}`)
      for (const [index, { pages, rows }] of after.entries()) {
        assert.isAtMost(rows, (before[index]?.rows ?? 0) * 1.1)
        assert.isAtMost(pages, (before[index]?.pages ?? 0) * 1.1 + 10)
      }
    }), 300_000)

  it.effect(`become available together: ${due} in one second`, () =>
    Effect.gen(function*() {
      const live = yield* Live.live()
      const at = DateTime.makeUnsafe((yield* Clock.currentTimeMillis) + 86_400_000)
      yield* live.storage.insert([Fixture.newJob({ runAt: at })])
      yield* copy(due, 50_000_000, "now() - interval '1 second'")
      yield* live.sql.unsafe("analyze millrace.scheduled")
      const start = yield* Clock.currentTimeMillis
      let promoted = 0
      for (let batch = 0; batch < due / 1000; batch++) {
        const { count } = yield* live.storage.promote({ limit: 1000 })
        assert.strictEqual(count, 1000)
        promoted += count
      }
      const millis = (yield* Clock.currentTimeMillis) - start
      yield* Effect.log(`${promoted} jobs promoted in ${millis} ms, one batch after the other`)
      assert.strictEqual((yield* live.storage.promote({ limit: 1000 })).count, 0)
      const left = "select count(*)::int as value from millrace.scheduled where run_at <= now()"
      assert.strictEqual(yield* Live.value<number>(live, left), 0)
    }), 300_000)
})
