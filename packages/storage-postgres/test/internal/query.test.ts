import { assert, layer } from "@effect/vitest"
import type { JobId } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Deferred, Effect, Fiber } from "effect"
import * as LiveDatabase from "../support/liveDatabase.ts"

const { newJob, outcomes, settlement } = Fixture

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("query", (it) => {
  it.effect("pages through jobs of all places without missing or repeating one, whatever is asked", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1", { queues: ["pages"] })
      const queue = "pages"
      const results = yield* shop.storage.insert(
        Array.from({ length: 240 }, (_, n) =>
          newJob({
            queue,
            tenant: `t${n % 4}`,
            tags: n % 3 === 0 ? ["third"] : [],
            delayMillis: n % 8 === 7 ? 60_000 : 0
          }))
      )
      const ids = LiveDatabase.idsOf(results)
      const claims = yield* LiveDatabase.claim(shop, { queue, limit: 120, perTenant: 120 })
      const kinds = [outcomes.completed(), outcomes.cancelled(), outcomes.dead(), outcomes.retried(60_000)]
      yield* shop.storage.settle(
        "w1",
        claims.slice(20).flatMap((claim, index) => {
          const outcome = kinds[index % 4]
          return outcome === undefined ? [] : [settlement(claim, outcome)]
        })
      )
      const follow = Effect.fnUntraced(function*(query: Parameters<typeof shop.storage.list>[0]) {
        const seen: Array<JobId.JobId> = []
        let page = yield* shop.storage.list({ ...query, limit: 7 })
        for (; page.next !== null; page = yield* shop.storage.list({ ...query, limit: 7, before: page.next })) {
          assert.lengthOf(page.items, 7)
          seen.push(...LiveDatabase.idsOf(page.items))
        }
        return [...seen, ...LiveDatabase.idsOf(page.items)]
      })
      const newest = ids.toReversed()
      assert.deepStrictEqual(yield* follow({ queues: [queue] }), newest)
      assert.deepStrictEqual(yield* follow({ tags: ["third"] }), newest.filter((_, n) => (239 - n) % 3 === 0))
      assert.deepStrictEqual(yield* follow({ tenants: ["t1"] }), newest.filter((_, n) => (239 - n) % 4 === 1))
      const all = (yield* shop.storage.list({ queues: [queue], limit: 1000 })).items
      for (
        const state of ["available", "scheduled", "retryable", "running", "completed", "cancelled", "dead"] as const
      ) {
        const expected = LiveDatabase.idsOf(all.filter((job) => job.state === state))
        assert.isAbove(expected.length, 0, state)
        assert.deepStrictEqual(yield* follow({ states: [state] }), expected)
        assert.deepStrictEqual(
          yield* follow({ states: [state], tenants: ["t2"], names: ["SendMail"] }),
          LiveDatabase.idsOf(all.filter((job) => job.state === state && job.tenant === "t2"))
        )
      }
    }))

  it.effect("acts on a job that is between two places when it looks", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const ids = LiveDatabase.idsOf(
        yield* shop.storage.insert(Array.from({ length: 60 }, () => newJob({ queue: "moving" })))
      )
      const claiming = Effect.forEach(
        Array.from({ length: 20 }),
        () => LiveDatabase.claim(shop, { queue: "moving", limit: 3 }),
        { concurrency: 4 }
      )
      const cancelling = Effect.forEach(ids, (id) => shop.storage.transition([id], { _tag: "Cancel", reason: "x" }), {
        concurrency: 4
      })
      const [, answers] = yield* Effect.all([claiming, cancelling], { concurrency: 2 })
      assert.isTrue(answers.every((results) => results.length === 1), "every job got an answer")
      assert.isTrue(answers.flat().every(({ to }) => to === "cancelled" || to === "requested"))
    }))

  // F60
  it.effect("takes no key for a job that somebody else removes while it is redriven", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const other = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      for (const end of [outcomes.dead(), outcomes.cancelled()]) {
        const [job] = yield* shop.storage.insert([newJob({ queue: "redrive", unique: Fixture.unique("k") })])
        const [claim] = yield* LiveDatabase.claim(shop, { queue: "redrive" })
        assert(job !== undefined && claim !== undefined)
        yield* shop.storage.settle("w1", [settlement(claim, end)])
        const removed = yield* Deferred.make<void>()
        const release = yield* Deferred.make<void>()
        const removing = yield* other.sql.withTransaction(Effect.gen(function*() {
          yield* other.storage.transition([job.id], { _tag: "Remove" })
          yield* Deferred.succeed(removed, undefined)
          yield* Deferred.await(release)
        })).pipe(Effect.forkChild)
        yield* Deferred.await(removed)
        const redriving = yield* shop.storage.transition([job.id], { _tag: "Retry" }).pipe(Effect.forkChild)
        yield* LiveDatabase.eventually(
          Effect.filterOrFail(
            LiveDatabase.value<number>(shop, "select count(*)::int as value from pg_locks where not granted"),
            (waiting) => waiting > 0
          )
        )
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(removing)
        assert.deepStrictEqual(yield* Fiber.join(redriving), [])
        const again = yield* shop.storage.insert([newJob({ queue: "elsewhere", unique: Fixture.unique("k") })])
        assert.deepStrictEqual(again.map(({ _tag }) => _tag), ["Enqueued"])
        yield* shop.storage.transition(LiveDatabase.idsOf(again), { _tag: "Remove" })
      }
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("redrives a job once when two people press the button", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const queue = "pressed"
      const ids = LiveDatabase.idsOf(
        yield* shop.storage.insert(
          Array.from({ length: 20 }, (_, n) => newJob({ queue, unique: Fixture.unique(`p${n}`) }))
        )
      )
      const claims = yield* LiveDatabase.claim(shop, { queue, limit: 20, perTenant: 20 })
      yield* shop.storage.settle("w1", claims.map((claim) => settlement(claim, outcomes.dead())))
      const answers = yield* Effect.all(
        [ids, ids.toReversed()].map((order) => shop.storage.transition(order, { _tag: "Retry" })),
        { concurrency: 2 }
      )
      assert.lengthOf(answers.flat().filter(({ to }) => to === "available"), 20)
      assert.lengthOf(yield* LiveDatabase.claim(shop, { queue, limit: 100, perTenant: 100 }), 20)
      yield* LiveDatabase.assertCounts(shop)
    }))

  // F43
  it.effect("says that tables are missing, and is well again once they are back", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* shop.sql`alter table millrace.ready rename to lost`
      for (
        const step of [
          Effect.asVoid(shop.storage.insert([newJob()])),
          Effect.asVoid(LiveDatabase.claim(shop)),
          Effect.asVoid(shop.storage.list({})),
          Effect.asVoid(shop.storage.promote({ limit: 1 }))
        ]
      ) {
        const { isTransient, reason } = yield* Effect.flip(step)
        assert.strictEqual(reason._tag, "OutdatedSchema")
        assert.isFalse(isTransient)
        assert.include(reason.message, "Run the migrations.")
      }
      yield* shop.sql`alter table millrace.lost rename to ready`
      assert.lengthOf(yield* shop.storage.insert([newJob({ queue: "well" })]), 1)
    }))

  it.effect("works on after its tables were emptied under it", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      yield* shop.storage.insert([newJob({ queue: "emptied" })])
      const claims = yield* LiveDatabase.claim(shop, { queue: "emptied" })
      yield* shop
        .sql`truncate millrace.ready, millrace.lease, millrace.worker, millrace.count_delta, millrace.count_total`
      assert.deepStrictEqual(
        yield* shop.storage.settle("w1", claims.map((claim) => settlement(claim, outcomes.completed()))),
        ["LeaseLost"]
      )
      assert.deepStrictEqual(yield* shop.storage.renew({ _tag: "Renew", workerId: "w1", leaseMillis: 1000 }), {
        _tag: "Lost"
      })
    }))
})
