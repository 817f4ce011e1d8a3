import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { Claim } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Deferred, Effect, Fiber } from "effect"
import * as LiveDatabase from "../support/liveDatabase.ts"
import * as LossyProxy from "../support/lossyProxy.ts"

const { newJob, outcomes, settlement } = Fixture

/** Inserts jobs into a queue of the test's own and claims them, under one lease. */
const running = Effect.fnUntraced(function*(shop: LiveDatabase.Live, queue: string, n: number) {
  yield* LiveDatabase.register(shop, "w1")
  yield* shop.storage.insert(Array.from({ length: n }, () => newJob({ queue })))
  const claims = yield* LiveDatabase.claim(shop, { queue, limit: n, perTenant: n })
  assert.lengthOf(claims, n)
  return claims
})

const complete = ({ storage }: LiveDatabase.Live, claims: ReadonlyArray<Claim.Claim>) =>
  storage.settle("w1", claims.map((claim) => settlement(claim, outcomes.completed())))

const leases = (shop: LiveDatabase.Live, queue: string) =>
  Effect.map(
    shop.sql<{ remaining: number }>`select remaining from millrace.lease where queue = ${queue}`,
    (rows) => rows.map(({ remaining }) => remaining)
  )

/** How many sessions wait for a row that another transaction holds. */
const untilWaiting = (shop: LiveDatabase.Live, sessions: number) =>
  LiveDatabase.eventually(
    Effect.filterOrFail(
      LiveDatabase.value<number>(
        shop,
        `select count(*)::int as value from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`
      ),
      (waiting) => waiting === sessions
    )
  )

const applied = (n: number) => Array.from({ length: n }, () => "Applied" as const)

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("settle", (it) => {
  it.effect("settles a lease piece by piece, in any order, and ends it with its last job", () =>
    Effect.gen(function*() {
      const queue = "pieces"
      const shop = yield* LiveDatabase.live()
      const claims = yield* running(shop, queue, 10)
      const [a, b, c] = [claims.slice(7), claims.slice(0, 4), claims.slice(4, 7)]
      assert.deepStrictEqual(yield* complete(shop, a), applied(3))
      assert.deepStrictEqual(yield* leases(shop, queue), [7])
      assert.deepStrictEqual(yield* complete(shop, [...a, ...b]), applied(7))
      assert.deepStrictEqual(yield* leases(shop, queue), [3])
      yield* LiveDatabase.assertCounts(shop)
      assert.deepStrictEqual(yield* complete(shop, c), applied(3))
      assert.deepStrictEqual(yield* leases(shop, queue), [])
      assert.deepStrictEqual(yield* complete(shop, claims), applied(10))
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("settles jobs of many leases in one call, some of them wholly, some in part, some not at all", () =>
    Effect.gen(function*() {
      const queue = "many"
      const shop = yield* LiveDatabase.live()
      const claims = (yield* Effect.forEach(Array.from({ length: 20 }), () => running(shop, queue, 3))).flat()
      const some = claims.filter((_, index) => index % 7 !== 0)
      assert.deepStrictEqual(yield* complete(shop, some.toReversed()), applied(some.length))
      const rest = claims.filter((_, index) => index % 7 === 0)
      assert.deepStrictEqual(yield* leases(shop, queue), rest.map(() => 1))
      assert.deepStrictEqual(yield* complete(shop, rest), applied(rest.length))
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("lets connections settle jobs of one lease at once, each its own", () =>
    Effect.gen(function*() {
      const queue = "shared"
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 8 } })
      const claims = yield* running(shop, queue, 100)
      const answers = yield* Effect.forEach(claims, (claim) => complete(shop, [claim]), { concurrency: "unbounded" })
      assert.deepStrictEqual(answers.flat(), applied(100))
      assert.deepStrictEqual(yield* leases(shop, queue), [])
      yield* LiveDatabase.assertCounts(shop)
    }))

  for (const end of ["commits", "rolls back"] as const) {
    it.effect(`waits for a transaction that settles another job of the lease, and is right when that ${end}`, () =>
      Effect.gen(function*() {
        const queue = `open ${end}`
        const shop = yield* LiveDatabase.live()
        const other = yield* LiveDatabase.live()
        const [first, second] = yield* running(shop, queue, 2)
        assert(first !== undefined && second !== undefined)
        const settled = yield* Deferred.make<void>()
        const release = yield* Deferred.make<void>()
        const open = yield* shop.sql.withTransaction(Effect.gen(function*() {
          assert.deepStrictEqual(yield* complete(shop, [first]), applied(1))
          yield* Deferred.succeed(settled, undefined)
          yield* Deferred.await(release)
          if (end === "rolls back") return yield* Effect.fail("no")
        })).pipe(Effect.ignore, Effect.forkChild)
        yield* Deferred.await(settled)
        const waiting = yield* complete(other, [second]).pipe(Effect.forkChild)
        yield* untilWaiting(other, 1)
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(open)
        assert.deepStrictEqual(yield* Fiber.join(waiting), applied(1))
        assert.deepStrictEqual(yield* leases(shop, queue), end === "commits" ? [] : [1])
        assert.deepStrictEqual(yield* complete(other, [first, second]), applied(2))
        assert.deepStrictEqual(yield* leases(shop, queue), [])
        yield* LiveDatabase.assertCounts(shop)
      }))
  }

  it.effect("ends an attempt once, whichever of two connections settles it first", () =>
    Effect.gen(function*() {
      const queue = "both"
      const shop = yield* LiveDatabase.live()
      const claims = yield* running(shop, queue, 20)
      const answers = yield* Effect.forEach(
        claims,
        (claim) => Effect.all([complete(shop, [claim]), complete(shop, [claim])], { concurrency: 2 }),
        { concurrency: 5 }
      )
      assert.deepStrictEqual(answers.flat(2), applied(40))
      const finished = yield* shop.sql`select from millrace.finished where queue = ${queue}`
      assert.lengthOf(finished, 20)
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("takes leases in one order: calls that share them in another never deadlock", () =>
    Effect.gen(function*() {
      const queue = "crossed"
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 8 } })
      const claims = (yield* Effect.forEach(Array.from({ length: 30 }), () => running(shop, queue, 4))).flat()
      const before = yield* deadlocks(shop)
      const parts = [0, 1, 2, 3].map((part) => claims.filter((_, index) => index % 4 === part))
      const calls = parts.flatMap((part, index) => [
        complete(shop, index % 2 === 0 ? part : part.toReversed()),
        Effect.asVoid(shop.storage.transition(LiveDatabase.idsOf(part.toReversed()), { _tag: "Cancel", reason: "x" })),
        Effect.asVoid(complete(shop, part.toReversed()))
      ])
      yield* Effect.all(calls, { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* leases(shop, queue), [])
      assert.strictEqual(yield* deadlocks(shop), before)
      yield* LiveDatabase.assertCounts(shop)
    }))

  // F20, F25
  it.effect("answers a settlement again whose answer was lost, without a second end", () =>
    Effect.gen(function*() {
      const queue = "unheard"
      const { url } = yield* TestDatabase.TestDatabase
      const proxy = yield* LossyProxy.make(url)
      const far = yield* LiveDatabase.live({ client: { url: proxy.url, maxConnections: 1 } })
      const shop = yield* LiveDatabase.live()
      const claims = yield* running(shop, queue, 6)
      const kinds = [
        outcomes.completed(),
        outcomes.retried(60_000),
        outcomes.snoozed(60_000),
        outcomes.released(),
        outcomes.cancelled(),
        outcomes.dead()
      ]
      const settlements = claims.flatMap((claim, index) => {
        const outcome = kinds[index]
        return outcome === undefined ? [] : [settlement(claim, outcome)]
      })
      yield* proxy.loseNext
      const error = yield* Effect.flip(far.storage.settle("w1", settlements))
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.deepStrictEqual(yield* far.storage.settle("w1", settlements), applied(6))
      for (const claim of claims) assert.lengthOf(yield* shop.storage.inspect.history(claim.id), 1)
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("changes nothing when its connection ends before it is done, and is then settled by the next try", () =>
    Effect.gen(function*() {
      const queue = "killed"
      const shop = yield* LiveDatabase.live()
      const watcher = yield* LiveDatabase.live()
      const doomed = yield* LiveDatabase.live({ client: { maxConnections: 1, applicationName: "doomed" } })
      const claims = yield* running(shop, queue, 5)
      const settling = yield* shop.sql.withTransaction(Effect.gen(function*() {
        yield* shop.sql`lock table millrace.count_delta in exclusive mode`
        const settling = yield* Effect.forkChild(Effect.flip(complete(doomed, claims)))
        // Within a transaction the server would go on showing the sessions as it saw them first.
        yield* untilWaiting(watcher, 1)
        yield* shop.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'`
        return settling
      }))
      assert.strictEqual((yield* Fiber.join(settling)).reason._tag, "Unavailable")
      assert.deepStrictEqual(yield* leases(shop, queue), [5])
      assert.deepStrictEqual(yield* complete(doomed, claims), applied(5))
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("leaves a lease alone that is another worker's, or whose place, token or job does not fit", () =>
    Effect.gen(function*() {
      const queue = "foreign"
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w2")
      const [first, second] = yield* running(shop, queue, 2)
      assert(first !== undefined && second !== undefined)
      const done = settlement(first, outcomes.completed())
      assert.deepStrictEqual(yield* shop.storage.settle("w2", [done]), ["LeaseLost"])
      const wrong = [
        { ...done, leaseId: second.leaseId },
        { ...done, leaseId: "1.1.1" },
        { ...done, leaseId: `${first.leaseId.split(".")[0]}.3.3` },
        { ...done, leaseId: "nonsense" },
        { ...done, token: 2 },
        { ...done, id: second.id }
      ]
      assert.deepStrictEqual(yield* shop.storage.settle("w1", wrong), wrong.map(() => "LeaseLost" as const))
      assert.deepStrictEqual(yield* leases(shop, queue), [2])
      assert.deepStrictEqual(yield* complete(shop, [first, second]), applied(2))
    }))

  it.effect("takes reports of one lease from many connections", () =>
    Effect.gen(function*() {
      const queue = "reports"
      const shop = yield* LiveDatabase.live()
      const claims = yield* running(shop, queue, 3)
      const reports = claims.map(({ id, leaseId, token }, index) => ({ id, leaseId, token, progress: index / 10 }))
      assert.deepStrictEqual(
        yield* Effect.forEach(reports, (report) => shop.storage.report("w1", [report]), { concurrency: "unbounded" }),
        reports.map(() => applied(1))
      )
      const { items } = yield* shop.storage.list({ queues: [queue] })
      assert.deepStrictEqual(items.map((job) => job.progress?.value), [0.2, 0.1, 0])
    }))
})

const deadlocks = (live: LiveDatabase.Live) =>
  LiveDatabase.value<number>(
    live,
    "select deadlocks::int as value from pg_stat_database where datname = current_database()"
  )
