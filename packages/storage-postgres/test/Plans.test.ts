import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { JobQuery, NewJob } from "@millrace/storage"
import { JobId } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Context, DateTime, Effect, Layer } from "effect"
import * as Claim from "../src/internal/claim.ts"
import * as Control from "../src/internal/control.ts"
import * as Insert from "../src/internal/insert.ts"
import * as Lease from "../src/internal/lease.ts"
import * as List from "../src/internal/list.ts"
import * as Notifier from "../src/internal/notifier.ts"
import * as Prune from "../src/internal/prune.ts"
import * as Query from "../src/internal/query.ts"
import * as Settle from "../src/internal/settle.ts"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as Crowded from "./support/crowdedDatabase.ts"
import * as PlanProbe from "./support/planProbe.ts"

const { rows: N } = Crowded

/** Every method of the driver, on a database where reading too much would show. */
const make = Effect.gen(function*() {
  yield* Crowded.fill
  const { quiet, readings, session } = yield* PlanProbe.make
  const notifier = yield* Notifier.make(quiet)
  return {
    readings,
    quiet,
    sql: session.sql,
    insert: Insert.make(session, notifier),
    claim: yield* Claim.make(session, notifier),
    settle: Settle.make(session, notifier),
    report: Settle.makeReport(session),
    renew: Lease.makeRenew(session, notifier),
    promote: Lease.makePromote(session, notifier),
    reclaim: Lease.makeReclaim(session, notifier),
    transition: Query.makeTransition(session, notifier),
    list: List.make(session),
    history: Query.makeHistory(session),
    overview: Query.makeOverview(session),
    prune: Prune.make(session)
  }
})

class Driver extends Context.Service<Driver, Effect.Success<typeof make>>()("test/Plans/Driver") {}

const crowded = Layer.effect(Driver, make).pipe(
  Layer.provide(Layer.effectDiscard(PgMigrations.migrate())),
  Layer.provide(TestDatabase.layer)
)

/** A small table may be read from end to end: that is what the planner does with a page or two. */
const smallTable = 1500

/** Fails when a statement reads more than it should, in any of its plans. */
const assertReadings = (readings: ReadonlyArray<PlanProbe.Reading>, rowsMax: number, pagesMax: number) => {
  assert.isAbove(readings.length, 0)
  for (const { mode, operation, pages, rows, scanned, text } of readings) {
    const what = `${operation} (${mode} plan): ${text}`
    const large = [...scanned].filter(([table, n]) =>
      /^(ready|scheduled|finished|attempt)/.test(table) && n > smallTable
    )
    assert.deepStrictEqual(large, [], `scanned from end to end by ${what}`)
    assert.isAtMost(rows, rowsMax, `rows read by ${what}`)
    assert.isAtMost(pages, pagesMax, `pages touched by ${what}`)
  }
}

/** Runs a method and looks at what its statements read. Each may touch 5 pages for every row, and 300 beside. */
const within = <A, E>(rowsMax: number, use: (driver: Driver["Service"]) => Effect.Effect<A, E>) =>
  Driver.use((driver) =>
    Effect.gen(function*() {
      driver.readings.length = 0
      const result = yield* use(driver)
      assertReadings(driver.readings, rowsMax, 5 * rowsMax + 300)
      return result
    })
  )

const ids = (from: number, count: number) => Array.from({ length: count }, (_, n) => JobId.makeUnsafe(from + n))

/** The instant at which the fill says that a job was created. */
const createdAt = (id: number) => DateTime.makeUnsafe(Date.now() - 90 * 86_400_000 + id * 1000)

const failure = { tag: "MailRefused", message: "full", stack: "", data: null }

const options = {
  workerId: "prober",
  queue: "default",
  handles: Fixture.handles("SendMail"),
  limit: 100,
  perTenant: 20
}

const register = (driver: Driver["Service"]) =>
  driver.renew({ _tag: "Register", workerId: "prober", leaseMillis: 3_600_000, info: Fixture.workerInfo() })

layer(crowded, { excludeTestServices: true, timeout: 120_000 })("plans at a million jobs", (it) => {
  const indexed: ReadonlyArray<readonly [name: string, query: JobQuery.JobQuery, items: number]> = [
    ["all", {}, 50],
    ["those before a job", { before: JobId.makeUnsafe(2 * N + 5000) }, 50],
    ["one by id", { ids: ids(5, 1) }, 1],
    ["a hundred by id", { ids: Array.from({ length: 100 }, (_, n) => JobId.makeUnsafe(1 + n * (N / 50))) }, 50],
    ["a running one by id", { ids: ids(5 * N + 105, 1) }, 1],
    ["the available", { states: ["available"] }, 50],
    ["the retryable, which are few and old", { states: ["retryable"] }, 50],
    ["the running", { states: ["running"] }, 50],
    ["the cancelled, which are few", { states: ["cancelled"] }, 50],
    ["the dead", { states: ["dead"] }, 50],
    ["a rare name of the history", { states: ["completed", "cancelled"], names: ["Rare"] }, 5],
    ["a name that is none of the history", { states: ["completed", "cancelled"], names: ["None"] }, 0],
    ["a rare tenant of the history", { states: ["completed", "cancelled"], tenants: ["once"] }, 3],
    ["a whale's tenant of the history", { states: ["completed", "cancelled"], tenants: ["whale"] }, 50]
  ]
  for (const [name, query, items] of indexed) {
    it.effect(`lists ${name} by an index`, () =>
      Effect.gen(function*() {
        const page = yield* within(450, (driver) => driver.list(query))
        assert.lengthOf(page.items, items)
      }))
  }

  const frequent: ReadonlyArray<readonly [name: string, query: JobQuery.JobQuery]> = [
    ["a queue", { queues: ["default"] }],
    ["a name", { names: ["SendMail"] }],
    ["a tenant", { tenants: ["whale"] }],
    ["the completed", { states: ["completed"] }],
    ["the scheduled", { states: ["scheduled"] }],
    ["recent ones", { createdAfter: createdAt(3 * N + 500) }]
  ]
  for (const [name, query] of frequent) {
    it.effect(`lists ${name} after a look at a thousand jobs of each place`, () =>
      Effect.gen(function*() {
        const page = yield* within(4500, (driver) => driver.list(query))
        assert.lengthOf(page.items, 50)
      }))
  }

  const waiting = ["available", "scheduled", "retryable"] as const
  const bounded: ReadonlyArray<readonly [name: string, query: JobQuery.JobQuery]> = [
    ["a rare name", { names: ["Rare"], states: waiting }],
    ["a rare tenant", { tenants: ["once"], states: waiting }],
    ["a rare queue", { queues: ["rare"] }],
    ["a rare payload", { payload: { n: 3 } }],
    ["a name that is none", { names: ["None"] }]
  ]
  for (const [name, query] of bounded) {
    it.effect(`bounds a call that lists ${name}`, () => within(260_000, (driver) => driver.list(query)))
  }

  it.effect("finds all jobs of a rare tag by following pages, each of which is bounded", () =>
    Effect.gen(function*() {
      const list = yield* Driver.use(({ quiet }) => Effect.succeed(List.make(quiet)))
      const seen: Array<string> = []
      let calls = 1
      let page = yield* list({ tags: ["rare"], states: waiting })
      for (; page.next !== null; calls++) {
        seen.push(...page.items.map((job) => job.id))
        page = yield* list({ tags: ["rare"], states: waiting, before: page.next })
      }
      seen.push(...page.items.map((job) => job.id))
      assert.deepStrictEqual(seen, [...ids(N + 1, 5).toReversed(), ...ids(1, 5).toReversed()])
      assert.isAbove(calls, 1)
      assert.isAtMost(calls, (2 * N) / 63_000 + 2)
    }))

  it.effect("lists jobs of a past hour without passing over those of the days since", () =>
    Effect.gen(function*() {
      const page = yield* within(30_000, (driver) =>
        driver.list({ createdAfter: createdAt(2 * N + 100_000), createdBefore: createdAt(2 * N + 100_020) }))
      assert.isAtLeast(page.items.length, 19)
      assert.isNull(page.next)
    }))

  it.effect("reads the history of a job by probes of each day", () =>
    Effect.gen(function*() {
      assert.lengthOf(yield* within(150, (driver) => driver.history(JobId.makeUnsafe(2 * N + 6))), 2)
    }))

  it.effect("counts without reading the jobs", () => within(400, (driver) => driver.overview))

  it.effect("inserts without reading", () =>
    within(200, (driver) => driver.insert(Array.from({ length: 100 }, (_, n) => Fixture.newJob({ payload: n })))))

  it.effect("inserts unique jobs by probes of their keys", () =>
    within(
      200,
      (driver) =>
        driver.insert(
          Array.from({ length: 100 }, (_, n): NewJob.NewJob =>
            Fixture.newJob({ unique: Fixture.unique(`plan ${n % 90}`) }))
        )
    ))

  it.effect("claims, settles and settles again by what it touches", () =>
    Effect.gen(function*() {
      yield* within(200, register)
      const claims = yield* within(500, (driver) => driver.claim(options))
      assert.lengthOf(claims, 100)
      const next = yield* within(500, (driver) => driver.claim(options))
      assert.lengthOf(next, 100)
      assert.lengthOf(yield* within(200, (driver) => driver.claim({ ...options, limit: 10 })), 10)
      const completed = claims.map((claim) => Fixture.settlement(claim, { _tag: "Completed", result: 1 }))
      yield* within(200, (driver) => driver.settle("prober", completed))
      // A settlement that comes twice is looked for in every day of the history.
      yield* within(4000, (driver) => driver.settle("prober", completed))
      const failed = next.map((claim) =>
        Fixture.settlement(claim, { _tag: "Retried", delayMillis: 3_600_000, error: failure })
      )
      yield* within(400, (driver) => driver.settle("prober", failed))
    }))

  it.effect("claims and settles jobs under limits by what it touches", () =>
    Effect.gen(function*() {
      yield* within(200, register)
      const { quiet } = yield* Driver
      const control = Control.make(quiet, yield* Notifier.make(quiet))
      const rules = ["a", "b"].map((name) =>
        ({ name, kind: "concurrency", max: 30, perMillis: null, burst: null }) as const
      )
      yield* control({ _tag: "DeclareLimits", release: "1", rules })
      const insert = Insert.make(quiet, yield* Notifier.make(quiet))
      for (let part = 0; part < 10; part++) {
        yield* insert(Array.from({ length: 1000 }, (_, n) => {
          const limits = ["a", "b"].map((name) => ({ name, key: `k${n % 500}`, weight: 1 }))
          return Fixture.newJob({ queue: "gated", tenant: `t${n % 500}`, limits })
        }))
      }
      // The statements inside of the function are not seen, but the pages that they touch are.
      const claims = yield* within(500, (driver) => driver.claim({ ...options, queue: "gated" }))
      assert.lengthOf(claims, 100)
      const completed = claims.map((claim) => Fixture.settlement(claim, { _tag: "Completed", result: 1 }))
      yield* within(700, (driver) => driver.settle("prober", completed))
      assert.lengthOf(yield* within(500, (driver) => driver.claim({ ...options, queue: "gated" })), 100)
    }))

  it.effect("finds the jobs of a rare queue by one probe", () =>
    Effect.gen(function*() {
      yield* within(200, register)
      assert.lengthOf(
        yield* within(200, (driver) => driver.claim({ ...options, queue: "rare", handles: Fixture.handles("Rare") })),
        5
      )
    }))

  it.effect("renews and reports by keys", () =>
    Effect.gen(function*() {
      yield* within(200, register)
      const [claim] = yield* within(200, (driver) => driver.claim({ ...options, limit: 1 }))
      assert(claim !== undefined)
      yield* within(200, (driver) => driver.renew({ _tag: "Renew", workerId: "prober", leaseMillis: 3_600_000 }))
      const { id, leaseId, token } = claim
      yield* within(50, (driver) => driver.report("prober", [{ id, leaseId, token, progress: 0.5 }]))
    }))

  it.effect("promotes what is due and never reads the future", () =>
    Effect.gen(function*() {
      for (const expected of [1000, 500, 0]) {
        const { count } = yield* within(2 * expected + 200, (driver) => driver.promote({ limit: 1000 }))
        assert.isAtLeast(count, expected)
      }
    }))

  it.effect("reclaims by the rows of workers and leases", () =>
    Effect.gen(function*() {
      yield* Driver.use(({ sql }) => sql`update millrace.worker set expires_at = now() where id = 'w3'`)
      const jobs = yield* within(2000, (driver) => driver.reclaim({ limit: 1000 }))
      assert.lengthOf(jobs, 500)
    }))

  const transitions = [
    ["retries completed jobs", ids(2 * N + 10, 100), { _tag: "Retry" }],
    ["cancels running jobs", ids(5 * N + 101, 100), { _tag: "Cancel", reason: "enough" }],
    ["cancels one job", ids(5 * N + 1, 1), { _tag: "Cancel", reason: "enough" }],
    ["retries dead jobs", ids(3 * N + 1, 100), { _tag: "Retry" }],
    ["retries scheduled jobs", ids(N + 100_001, 100), { _tag: "Retry" }],
    ["promotes scheduled jobs", ids(N + 110_001, 100), { _tag: "Promote" }],
    ["changes jobs that wait", [...ids(N + 115_001, 50), ...ids(N - 100, 50)], {
      _tag: "Change",
      priority: 7,
      tags: ["changed"],
      delayMillis: 5000,
      runAt: null
    }],
    ["removes jobs wherever they are", [...ids(N + 120_001, 50), ...ids(2 * N + 100_001, 50)], { _tag: "Remove" }]
  ] as const
  for (const [name, jobs, action] of transitions) {
    it.effect(`${name} by their ids`, () =>
      // Small tables beside (leases, suspects, dead jobs) may be read for each of the 100 ids.
      within(4000, (driver) => driver.transition(jobs, action)))
  }

  it.effect("prunes dead jobs and their attempts by indexes", () =>
    within(60_000, (driver) => driver.prune({ finishedMillis: 400 * 86_400_000, deadMillis: 0 })))
})
