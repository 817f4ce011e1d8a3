/**
 * Nodes that die while they fire schedules: whatever a node was doing, each instant has one job.
 *
 * `MILLRACE_TICK_KILLS=200 MILLRACE_TICK_NODES=10` is the run for a release: it also holds the lateness to two seconds.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Scheduler } from "@millrace/scheduler"
import { PgMigrations, PgScheduleStorage, PgStorage } from "@millrace/storage-postgres"
import { Effect, Exit, Layer, Scope } from "effect"
import { fileURLToPath } from "node:url"
import * as Harness from "../src/Harness.ts"

const kills = Number(process.env["MILLRACE_TICK_KILLS"] ?? 5)
const nodes = Number(process.env["MILLRACE_TICK_NODES"] ?? 3)

const node = fileURLToPath(new URL("../src/TickNode.ts", import.meta.url))

const crons = ["* * * * * *", "*/2 * * * * *", "1-59/2 * * * * *", "* * * * * *", "*/3 * * * * *"]

const scheduler = Scheduler.layer({ ticks: false }).pipe(
  Layer.provideMerge(PgScheduleStorage.layer),
  Layer.provideMerge(PgStorage.layer)
)

/** The first node that is found inside a tick; null when none was for a second and a half. */
const ticking = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  for (let look = 0; look < 500; look++) {
    const [row] = yield* sql<{ name: string }>`
      select application_name as name from pg_stat_activity
      where application_name like 'tick-%' and xact_start is not null and state <> 'idle' and query not like 'begin%'
      order by xact_start limit 1`
    if (row !== undefined) return row.name
    yield* Effect.sleep(2)
  }
  return null
})

/** Whether a schedule fires in a second; nothing of it is asked of the scheduler. */
const fits = (cron: string, millis: number): boolean => {
  const second = new Date(millis).getUTCSeconds()
  if (cron.startsWith("1-59/2")) return second % 2 === 1
  return second % Number(/^\*\/(\d)/.exec(cron)?.[1] ?? 1) === 0
}

interface Running {
  readonly proc: Harness.Proc
  readonly scope: Scope.Closeable
}

layer(TestDatabase.layer, { excludeTestServices: true })("nodes that die while they tick", (it) => {
  it.effect("F47, F48: enqueue one job for each instant, and none is missed", () =>
    Effect.gen(function*() {
      const { url: database } = yield* TestDatabase.TestDatabase
      const sql = yield* PgClient.PgClient
      yield* PgMigrations.migrate()
      const service = yield* Scheduler.Scheduler
      const start = Effect.fnUntraced(function*(name: string) {
        const scope = yield* Scope.make()
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        const proc = yield* Harness.startScript(node, { database, args: [name] }).pipe(Scope.provide(scope))
        yield* proc.printed(/ready/, "2 minutes")
        return { proc, scope }
      })
      const running = new Map<string, Running>()
      const names = Array.from({ length: nodes }, (_, index) => `tick-${index}`)
      yield* Effect.forEach(names, (name) => Effect.map(start(name), (one) => running.set(name, one)), {
        concurrency: 2
      })
      for (const [index, cron] of crons.entries()) {
        yield* service.create({ name: `s${index}`, cron, job: { name: "Tick", payload: index } })
      }

      let hits = 0
      for (let kill = 0; kill < kills; kill++) {
        // Another one is always there to take over; the dead are replaced meanwhile.
        while (running.size < 2) yield* Effect.sleep(20)
        const found = yield* ticking
        const name = found !== null && running.has(found) ? found : [...running.keys()][kill % running.size] ?? ""
        const victim = running.get(name)
        assert(victim !== undefined)
        yield* victim.proc.kill("SIGKILL")
        hits += name === found ? 1 : 0
        running.delete(name)
        yield* Effect.forkScoped(
          Effect.andThen(victim.proc.exit, Effect.map(start(name), (one) => running.set(name, one)))
        )
        if (kill % 20 === 19) yield* Effect.log(`${kill + 1} kills`)
      }
      while (running.size < nodes) yield* Effect.sleep(100)
      yield* Effect.sleep("3 seconds")
      for (const index of crons.keys()) yield* service.pause(`s${index}`)

      const [jobs] = yield* sql<{ count: number }>`select count(*)::int as count from millrace.job`
      const [linked] = yield* sql<{ count: number }>`
        select count(distinct j.id)::int as count from millrace.job j join millrace.tick t on t.job_id = j.id`
      const ticks = yield* sql<{ schedule: string; instant: Date; outcome: string; late: number }>`
        select schedule, instant, outcome, extract(epoch from at - instant)::float8 * 1000 as late
        from millrace.tick order by instant`
      assert.deepStrictEqual([...new Set(ticks.map((tick) => tick.outcome))], ["fired"])
      assert.deepStrictEqual([jobs?.count, linked?.count], [ticks.length, ticks.length])
      for (const [index, cron] of crons.entries()) {
        const mine = ticks.filter((tick) => tick.schedule === `s${index}`).map((tick) => tick.instant.getTime())
        const [first = 0] = mine
        const last = mine.at(-1) ?? 0
        const all: Array<number> = []
        for (let millis = first; millis <= last; millis += 1000) if (fits(cron, millis)) all.push(millis)
        assert.deepStrictEqual(mine, all, cron)
      }
      const late = ticks.map((tick) => tick.late).toSorted((a, b) => a - b)
      const at = (share: number) => Math.round(late[Math.floor((late.length - 1) * share)] ?? 0)
      yield* Effect.log(
        `${kills} kills (${hits} inside a tick), ${ticks.length} instants, lateness in ms: p50 ${at(0.5)}, p99 ${
          at(0.99)
        }, ` +
          `max ${at(1)}`
      )
      assert(late.every((millis) => millis >= 0), "nothing fires early")
      if (kills >= 100) assert(at(0.99) <= 2000, `p99 is ${at(0.99)} ms`)
    }).pipe(Effect.provide(scheduler), Effect.scoped), Math.max(180_000, kills * 15_000))
})
