import { assert, layer } from "@effect/vitest"
import type { Claim, NewJob } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Effect, Fiber, Ref } from "effect"
import * as LiveDatabase from "./support/liveDatabase.ts"

const rules = [
  { name: "five", kind: "concurrency", max: 5, perMillis: null, burst: null },
  { name: "rate", kind: "rate", max: 100, perMillis: 1000, burst: 7 },
  { name: "line", kind: "order", max: 1, perMillis: null, burst: null }
] as const

const handles = Fixture.handles("SendMail")

const job = (queue: string, n: number, limits: NewJob.NewJob["limits"]) =>
  Fixture.newJob({ queue, tenant: `t${n % 3}`, payload: n, limits })

/** What is held, and the places in orders. */
const holds = (shop: LiveDatabase.Live) =>
  LiveDatabase.value<number>(
    shop,
    "select ((select count(*) from millrace.hold) + (select count(*) from millrace.place))::int as value"
  )

const begin = Effect.gen(function*() {
  const shop = yield* LiveDatabase.live({ client: { maxConnections: 4 } })
  yield* shop.storage.control({ _tag: "DeclareLimits", release: "1", rules })
  return shop
})

/** Claims and completes until so many jobs are done; jobs of a lost worker run alone. */
const work = Effect.fnUntraced(
  function*(queue: string, workerId: string, done: Ref.Ref<number>, total: number, holdMillis = 3) {
    const shop = yield* LiveDatabase.live()
    yield* LiveDatabase.register(shop, workerId, { queues: [queue] })
    while ((yield* Ref.get(done)) < total) {
      const limit = 1 + (yield* Ref.get(done)) % 4
      const claims: ReadonlyArray<Claim.Claim> = [
        ...(yield* shop.storage.claim({ workerId, queue, handles, limit, perTenant: 2 })),
        ...(yield* shop.storage.claim({ workerId, queue, handles, limit: 1, perTenant: 1, suspects: true }))
      ]
      yield* Effect.sleep(holdMillis)
      const settlements = claims.map((claim) => Fixture.settlement(claim, Fixture.outcomes.completed()))
      const answers = yield* shop.storage.settle(workerId, settlements)
      yield* Ref.update(done, (count) => count + answers.filter((answer) => answer === "Applied").length)
    }
  }
)

/** A worker that claims and is never heard of again, over and over, and the reclaimer that takes its jobs back. */
const die = Effect.fnUntraced(function*(queue: string, times: number) {
  const shop = yield* LiveDatabase.live()
  const info = { host: "h", pid: 1, release: "r", queues: [queue], names: ["SendMail"], concurrency: 10 }
  for (let n = 0; n < times; n++) {
    const workerId = `${queue} dying ${n}`
    yield* shop.storage.renew({ _tag: "Register", workerId, leaseMillis: 60, info })
    yield* shop.storage.claim({ workerId, queue, handles, limit: 2, perTenant: 2 })
    yield* Effect.sleep(90)
    yield* shop.storage.reclaim({ limit: 100 })
  }
})

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 120_000 })("limits of many processes", (it) => {
  it.effect("never run more jobs than there are slots, at no instant, and leave no slot behind", () =>
    Effect.gen(function*() {
      const shop = yield* begin
      const keys = ["a", "b"]
      const jobs = Array.from(
        { length: 160 },
        (_, n) => job("slots", n, [{ name: "five", key: keys[n % 2] ?? "", weight: 1 }])
      )
      yield* shop.storage.insert(jobs)
      const done = yield* Ref.make(0)
      // One statement is one snapshot: this counts what runs at an instant of the database, by the leases themselves.
      const running = LiveDatabase.value<number>(
        shop,
        `select coalesce(max(n), 0)::int as value from (
          select count(*) as n from millrace.lease l
          cross join lateral (select l.jobs[i] as j, l.done[i] as done from generate_subscripts(l.jobs, 1) i) x
          where not coalesce(x.done, false) and (x.j).limits[1] = 'five' group by (x.j).limits[2]) c`
      )
      const most = yield* Ref.make({ most: 0, samples: 0 })
      const observer = yield* Effect.forkChild(Effect.forever(Effect.flatMap(running, (n) =>
        Effect.andThen(
          Ref.update(most, (seen) => ({ most: Math.max(seen.most, n), samples: seen.samples + 1 })),
          Effect.sleep(2)
        ))))
      yield* Effect.all([
        ...["w1", "w2", "w3", "w4"].map((id) => work("slots", id, done, jobs.length)),
        die("slots", 8)
      ], { concurrency: "unbounded" })
      yield* Fiber.interrupt(observer)
      const seen = yield* Ref.get(most)
      assert.isAbove(seen.samples, 20)
      assert.strictEqual(seen.most, 5, "all slots were used, and never one more")
      assert.strictEqual(yield* holds(shop), 0)
      const { items } = yield* shop.storage.list({ queues: ["slots"], states: ["completed"], limit: 1000 })
      assert.lengthOf(items, jobs.length)
    }))

  it.effect("never start more jobs in any window than a rate allows, and use what it allows", () =>
    Effect.gen(function*() {
      const shop = yield* begin
      const count = 150
      yield* shop.storage.insert(
        Array.from({ length: count }, (_, n) => job("rated", n, [{ name: "rate", key: "", weight: 1 }]))
      )
      const done = yield* Ref.make(0)
      yield* Effect.all(["r1", "r2", "r3", "r4"].map((id) => work("rated", id, done, count, 1)), {
        concurrency: "unbounded"
      })
      const rows = yield* shop.sql<{ at: number }>`
        select extract(epoch from claimed_at)::float8 * 1000 as at from millrace.finished
        where queue = 'rated' order by claimed_at`
      assert.lengthOf(rows, count)
      const instants = rows.map(({ at }) => at)
      for (const [first, from] of instants.entries()) {
        for (const [last, to] of instants.entries()) {
          if (last < first) continue
          assert.isAtMost(last - first + 1, 7 + (to - from) / 10 + 0.001, `starts ${first} to ${last}`)
        }
      }
    }))

  it.effect("F63: run the jobs of an order one by one, oldest first, though workers die", () =>
    Effect.gen(function*() {
      const shop = yield* begin
      const count = 24
      yield* shop.storage.insert(
        Array.from({ length: count }, (_, n) => job("ordered", n, [{ name: "line", key: "k", weight: 1 }]))
      )
      const done = yield* Ref.make(0)
      yield* Effect.all([
        ...["o1", "o2", "o3"].map((id) => work("ordered", id, done, count, 2)),
        die("ordered", 3)
      ], { concurrency: "unbounded" })
      const rows = yield* shop.sql<{ payload: number }>`
        select payload from millrace.finished where queue = 'ordered' order by claimed_at`
      assert.deepStrictEqual(rows.map(({ payload }) => payload), Array.from({ length: count }, (_, n) => n))
      assert.strictEqual(yield* holds(shop), 0)
    }))

  it.effect("have room again for each job of a claim that ends, though others of it end at the same time", () =>
    Effect.gen(function*() {
      const shop = yield* begin
      yield* LiveDatabase.register(shop, "parts", { queues: ["parts"] })
      const claim = shop.storage.claim({ workerId: "parts", queue: "parts", handles, limit: 10, perTenant: 10 })
      const settleEach = (claims: ReadonlyArray<Claim.Claim>) =>
        Effect.forEach(
          claims,
          (one) => shop.storage.settle("parts", [Fixture.settlement(one, Fixture.outcomes.completed())]),
          { concurrency: "unbounded", discard: true }
        )
      for (let times = 0; times < 5; times++) {
        yield* shop.storage.insert(
          Array.from({ length: 9 }, (_, n) => job("parts", n, [{ name: "five", key: "parts", weight: 1 }]))
        )
        const first = yield* claim
        assert.lengthOf(first, 5)
        yield* settleEach(first.slice(1))
        const next = yield* claim
        assert.lengthOf(next, 4, "one still runs")
        yield* settleEach([...first.slice(0, 1), ...next])
        assert.strictEqual(yield* holds(shop), 0)
      }
    }))

  it.effect("hold under an isolation level that shows a claim the past", () =>
    Effect.gen(function*() {
      const shop = yield* begin
      yield* shop.storage.insert(
        Array.from({ length: 40 }, (_, n) => job("isolated", n, [{ name: "five", key: "isolated", weight: 1 }]))
      )
      yield* shop.sql`alter database ${
        shop.sql(yield* LiveDatabase.value<string>(shop, "select current_database() as value"))
      }
        set default_transaction_isolation = 'repeatable read'`
      const claims = yield* Effect.all(
        ["i1", "i2", "i3", "i4"].map((workerId) =>
          Effect.gen(function*() {
            const own = yield* LiveDatabase.live()
            yield* LiveDatabase.register(own, workerId, { queues: ["isolated"] })
            return yield* Effect.retry(
              own.storage.claim({ workerId, queue: "isolated", handles, limit: 3, perTenant: 10 }),
              { times: 20, while: (error) => error.isTransient }
            )
          })
        ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(claims.flat().length, 5)
    }))
})
