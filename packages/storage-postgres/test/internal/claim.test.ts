import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { Claim } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Deferred, Effect, Fiber } from "effect"
import * as LiveDatabase from "../support/liveDatabase.ts"
import * as LossyProxy from "../support/lossyProxy.ts"

const { newJob, outcomes, settlement } = Fixture

const insert = ({ storage }: LiveDatabase.Live, n: number, fields: Parameters<typeof newJob>[0] = {}) =>
  Effect.map(storage.insert(Array.from({ length: n }, () => newJob(fields))), LiveDatabase.idsOf)

/** Claims one by one until there is nothing more. */
const drain = Effect.fnUntraced(function*(shop: LiveDatabase.Live, options: Partial<Claim.ClaimOptions>) {
  const claims: Array<Claim.Claim> = []
  for (;;) {
    const next = yield* LiveDatabase.claim(shop, options)
    if (next.length === 0) return claims
    claims.push(...next)
  }
})

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("claim", (it) => {
  it.effect("finds jobs that were committed behind its mark, at the latest after 64 claims", () =>
    Effect.gen(function*() {
      const queue = "stragglers"
      const shop = yield* LiveDatabase.live()
      const slow = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const inserted = yield* Deferred.make<void>()
      const release = yield* Deferred.make<void>()
      const straggler = yield* slow.sql.withTransaction(Effect.gen(function*() {
        const [id] = yield* insert(slow, 1, { queue })
        yield* Deferred.succeed(inserted, undefined)
        yield* Deferred.await(release)
        return id
      })).pipe(Effect.forkChild)
      yield* Deferred.await(inserted)
      const ids = yield* insert(shop, 200, { queue })
      const first = yield* LiveDatabase.claim(shop, { queue, limit: 1 })
      yield* Deferred.succeed(release, undefined)
      const late = yield* Fiber.join(straggler)
      assert(late !== undefined)
      const claims = [...first, ...yield* drain(shop, { queue, limit: 1 })]
      assert.deepStrictEqual(LiveDatabase.idsOf(claims).toSorted(), [...ids, late].toSorted())
      assert.isAtMost(LiveDatabase.idsOf(claims).indexOf(late), 65)
    }))

  it.effect("finds a straggler at once when the claim before came back short", () =>
    Effect.gen(function*() {
      const queue = "late"
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      yield* insert(shop, 5, { queue })
      assert.lengthOf(yield* LiveDatabase.claim(shop, { queue }), 5)
      // What is committed late has an earlier position.
      const [id] = yield* insert(shop, 1, { queue })
      yield* shop.sql`update millrace.ready set seq = 1 where id = ${BigInt(id ?? 0)}`
      assert.deepStrictEqual(LiveDatabase.idsOf(yield* LiveDatabase.claim(shop, { queue })), [id])
    }))

  it.effect("fills up from the next priorities, each under a lease of its own", () =>
    Effect.gen(function*() {
      const queue = "levels"
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      for (const priority of [70, 0, 100, 50]) yield* insert(shop, 2, { queue, priority })
      const claims = yield* LiveDatabase.claim(shop, { queue, limit: 7 })
      assert.deepStrictEqual(claims.map((claim) => claim.priority), [0, 0, 50, 50, 70, 70, 100])
      assert.strictEqual(new Set(claims.map(({ leaseId }) => leaseId.split(".")[0])).size, 4)
      const answers = yield* shop.storage.settle("w1", claims.map((claim) => settlement(claim, outcomes.completed())))
      assert.isTrue(answers.every((answer) => answer === "Applied"))
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("comes past more tenants without work for it than one call looks at", () =>
    Effect.gen(function*() {
      const queue = "blocked"
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      yield* shop.storage.insert(
        Array.from({ length: 250 }, (_, n) => newJob({ queue, tenant: `t${n}`, name: "Other", priority: 0 }))
      )
      const [id] = yield* insert(shop, 1, { queue, priority: 50 })
      let calls = 0
      for (let found: ReadonlyArray<unknown> = []; found.length === 0; calls++) {
        assert.isBelow(calls, 5)
        found = yield* LiveDatabase.claim(shop, { queue, limit: 1, perTenant: 1 })
        if (found.length > 0) assert.deepStrictEqual(found.map((claim) => (claim as Claim.Claim).id), [id])
      }
    }))

  // F25
  it.effect("gives back what it had claimed when the answer was lost, and only that", () =>
    Effect.gen(function*() {
      const queue = "lost"
      const { url } = yield* TestDatabase.TestDatabase
      const proxy = yield* LossyProxy.make(url)
      // Only claims go through the proxy: no hint is on its way when it loses an answer.
      const shop = yield* LiveDatabase.live({ client: { url: proxy.url, maxConnections: 1 } })
      const other = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      yield* LiveDatabase.register(shop, "w2")
      const ids = yield* insert(other, 6, { queue })
      const held = yield* LiveDatabase.claim(shop, { queue, limit: 1 })
      const others = yield* LiveDatabase.claim(shop, { queue, limit: 1, workerId: "w2" })
      yield* proxy.loseNext
      const error = yield* Effect.flip(LiveDatabase.claim(shop, { queue, limit: 3 }))
      assert.strictEqual(error.reason._tag, "Unavailable")
      const { items } = yield* shop.storage.list({ queues: [queue], states: ["running"] })
      assert.lengthOf(items, 5)
      const again = yield* LiveDatabase.claim(shop, { queue })
      assert.deepStrictEqual(LiveDatabase.idsOf(again).toSorted(), ids.slice(2).toSorted())
      assert.deepStrictEqual(
        again.map((claim) => `attempt ${claim.attempt}, token ${claim.token}`).toSorted(),
        ["attempt 1, token 1", "attempt 1, token 2", "attempt 1, token 2", "attempt 1, token 2"]
      )
      for (const [claims, workerId] of [[held, "w1"], [others, "w2"], [again, "w1"]] as const) {
        const answers = yield* shop.storage.settle(
          workerId,
          claims.map((claim) => settlement(claim, outcomes.completed()))
        )
        assert.isTrue(answers.every((answer) => answer === "Applied"))
      }
      const twice = again.find((claim) => claim.token === 2)
      assert(twice !== undefined)
      assert.deepStrictEqual(
        (yield* shop.storage.inspect.history(twice.id)).map(({ attempt, outcome }) => [attempt, outcome]),
        [[1, "released"], [1, "completed"]]
      )
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("claims again what an interrupted claim may have taken", () =>
    Effect.gen(function*() {
      const queue = "interrupted"
      const shop = yield* LiveDatabase.live()
      const blocker = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const ids = yield* insert(shop, 3, { queue })
      // The claim waits for its lock at the last of its steps; it is interrupted there, and the lock given free.
      const fiber = yield* blocker.sql.withTransaction(Effect.gen(function*() {
        yield* blocker.sql`lock table millrace.count_delta in exclusive mode`
        const claiming = yield* LiveDatabase.claim(shop, { queue }).pipe(Effect.forkChild)
        yield* LiveDatabase.eventually(
          Effect.filterOrFail(
            LiveDatabase.value<number>(blocker, "select count(*)::int as value from pg_locks where not granted"),
            (waiting) => waiting > 0
          )
        )
        yield* Fiber.interrupt(claiming)
        return claiming
      }))
      assert.isTrue((yield* Fiber.await(fiber))._tag === "Failure")
      assert.deepStrictEqual(LiveDatabase.idsOf(yield* LiveDatabase.claim(shop, { queue })).toSorted(), ids.toSorted())
    }))

  // F40
  it.effect("passes by rows that somebody else has locked, while a person's command gives up in time", () =>
    Effect.gen(function*() {
      const queue = "locked"
      const shop = yield* LiveDatabase.live()
      const hurried = yield* LiveDatabase.live({ deadline: "100 millis" })
      const psql = yield* LiveDatabase.client({ maxConnections: 1 })
      yield* LiveDatabase.register(shop, "w1")
      const ids = yield* insert(shop, 10_000, { queue })
      yield* psql.withTransaction(Effect.gen(function*() {
        yield* psql`select from millrace.ready where queue = ${queue} for update`
        const more = yield* insert(shop, 5, { queue })
        assert.deepStrictEqual(LiveDatabase.idsOf(yield* LiveDatabase.claim(shop, { queue })), more)
        const error = yield* Effect.flip(
          hurried.storage.transition(ids.slice(0, 10), { _tag: "Cancel", reason: "enough" })
        )
        assert.strictEqual(error.message, "Storage unavailable during transition: no answer within 100ms")
      }))
      assert.lengthOf(yield* LiveDatabase.claim(shop, { queue, limit: 1000 }), 1000)
    }))

  // F36
  it.effect("F36: loses and doubles nothing where every transaction is serializable", () =>
    Effect.gen(function*() {
      const queue = "serial"
      const workers = yield* Effect.forEach(["a", "b", "c", "d"], (workerId) =>
        Effect.map(
          LiveDatabase.live({
            client: { maxConnections: 2, startupParameters: { default_transaction_isolation: "serializable" } }
          }),
          (shop) => ({ shop, workerId })
        ))
      const [first] = workers
      assert(first !== undefined)
      assert.strictEqual(
        yield* LiveDatabase.value(first.shop, "select current_setting('transaction_isolation') as value"),
        "serializable"
      )
      const ids = yield* insert(first.shop, 300, { queue, tenant: "t" })
      // A conflict that outlives the driver's own repetitions is for its caller to repeat.
      const patiently = <A>(step: Effect.Effect<A, { readonly isTransient: boolean }>) =>
        Effect.retry(step, { times: 50, while: (error) => error.isTransient })
      const done = yield* Effect.forEach(workers, ({ shop, workerId }) =>
        Effect.gen(function*() {
          yield* patiently(LiveDatabase.register(shop, workerId))
          const claimed: Array<string> = []
          for (;;) {
            const claims = yield* patiently(LiveDatabase.claim(shop, { queue, workerId }))
            if (claims.length === 0) return claimed
            claimed.push(...LiveDatabase.idsOf(claims))
            const settlements = claims.map((claim) => settlement(claim, outcomes.completed()))
            const answers = yield* patiently(shop.storage.settle(workerId, settlements))
            assert.isTrue(answers.every((answer) => answer === "Applied"))
          }
        }), { concurrency: "unbounded" })
      assert.deepStrictEqual(done.flat().toSorted(), ids.toSorted())
      yield* LiveDatabase.assertCounts(first.shop)
    }), 60_000)
})
