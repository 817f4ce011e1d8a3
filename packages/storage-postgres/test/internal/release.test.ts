import { assert, layer } from "@effect/vitest"
import type { JobId, JobRecord } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Deferred, Effect, Fiber } from "effect"
import * as PgMigrations from "../../src/PgMigrations.ts"
import * as PgSchema from "../../src/PgSchema.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"

const { newJob, outcomes } = Fixture

const jobOf = (
  { storage }: LiveDatabase.Live,
  id: JobId.JobId
): Effect.Effect<JobRecord.JobRecord> =>
  Effect.map(Effect.orDie(storage.list({ ids: [id] })), ({ items: [job] }) => {
    assert(job !== undefined)
    return job
  })

/** Inserts jobs and answers their ids. */
const insert = ({ storage }: LiveDatabase.Live, ...jobs: ReadonlyArray<Parameters<typeof newJob>[0]>) =>
  Effect.map(storage.insert(jobs.map((job) => newJob(job))), LiveDatabase.idsOf)

const child = (live: LiveDatabase.Live, parents: ReadonlyArray<JobId.JobId>) =>
  Effect.map(insert(live, { queue: "children", parents }), ([id]) => {
    assert(id !== undefined)
    return id
  })

/** Claims jobs and completes them. */
const complete = Effect.fnUntraced(function*(live: LiveDatabase.Live, count: number) {
  const claims = yield* LiveDatabase.claim(live, { limit: count, perTenant: count })
  assert.lengthOf(claims, count)
  yield* live.storage.settle("w1", claims.map((claim) => Fixture.settlement(claim, outcomes.completed())))
})

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("release", (it) => {
  it.effect(
    "lets each job go on once, whoever looks after it, whatever ends at the same time",
    () =>
      Effect.gen(function*() {
        const shops = yield* Effect.forEach(Array.from({ length: 4 }), () => LiveDatabase.live())
        const [shop] = shops
        assert(shop !== undefined)
        yield* LiveDatabase.register(shop, "w1")
        for (let round = 0; round < 5; round++) {
          const parents = yield* insert(shop, ...Array.from({ length: 40 }, () => ({})))
          const children = yield* insert(
            shop,
            ...parents.map((_, n) => ({
              queue: "children",
              parents: [0, 1, 2, 3].flatMap((k) => parents[(n + k * 9) % 40] ?? [])
            }))
          )
          const promotions = Effect.forEach(
            shops,
            ({ storage }) => Effect.forEach(Array.from({ length: 8 }), () => storage.promote({ limit: 1000 })),
            { concurrency: "unbounded" }
          )
          const settling = Effect.forEach(Array.from({ length: 8 }), () => complete(shop, 5))
          yield* Effect.all([promotions, settling], { concurrency: "unbounded" })
          yield* shop.storage.promote({ limit: 1000 })
          const { items } = yield* shop.storage.list({ ids: children, limit: 100 })
          assert.deepStrictEqual(items.map(({ state }) => state), children.map(() => "available"))
          yield* LiveDatabase.assertCounts(shop)
        }
        const left =
          "select ((select count(*) from millrace.pending) + (select count(*) from millrace.dependency))::int as value"
        assert.strictEqual(yield* LiveDatabase.value<number>(shop, left), 0)
      }),
    60_000
  )

  it.effect("leaves it to the session that is at it, without waiting for it", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const other = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const parents = yield* insert(shop, { queue: "default" })
      const id = yield* child(shop, parents)
      yield* complete(shop, 1)
      const [held, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const holder = yield* Effect.forkChild(other.sql.withTransaction(Effect.gen(function*() {
        yield* other.sql`select pg_advisory_xact_lock(hashtextextended(${`${
          PgSchema.channel("millrace")
        }:release`}, 0))`
        yield* Deferred.succeed(held, undefined)
        yield* Deferred.await(gate)
      })))
      yield* Deferred.await(held)
      assert.deepStrictEqual(yield* shop.storage.promote({ limit: 10 }), { count: 0, queues: [], nextDueMillis: 1000 })
      assert.strictEqual((yield* jobOf(shop, id)).state, "pending")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      assert.strictEqual((yield* shop.storage.promote({ limit: 10 })).count, 1)
    }))

  it.effect("notices parents that ended or went while the transaction that waits for them was open", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const [gone] = yield* insert(shop, { queue: "nobody" })
      const [first] = yield* insert(shop, {})
      assert(gone !== undefined && first !== undefined)
      const [inserted, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const caller = yield* Effect.forkChild(shop.sql.withTransaction(Effect.gen(function*() {
        const ids = [yield* child(shop, [first]), yield* child(shop, [first, gone])] as const
        yield* Deferred.succeed(inserted, undefined)
        yield* Deferred.await(gate)
        return ids
      })))
      yield* Deferred.await(inserted)
      yield* complete(shop, 1)
      yield* shop.storage.transition([gone], { _tag: "Remove" })
      assert.deepStrictEqual(yield* shop.storage.promote({ limit: 10 }), { count: 0, queues: [], nextDueMillis: null })
      yield* Deferred.succeed(gate, undefined)
      const [good, bad] = yield* Fiber.join(caller)
      assert.strictEqual((yield* shop.storage.promote({ limit: 10 })).count, 1)
      assert.strictEqual((yield* jobOf(shop, good)).state, "available")
      assert.deepInclude(yield* jobOf(shop, bad), {
        state: "cancelled",
        error: {
          tag: "ParentFailed",
          message: `Job ${bad} waited for job ${gone}, which was removed`,
          data: { parent: gone, state: "removed" }
        }
      })
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("ends what waits when the release that knows of it is taken back", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const [parent] = yield* insert(shop, { queue: "nobody" })
      assert(parent !== undefined)
      const [id] = yield* insert(shop, { queue: "children", parents: [parent], unique: Fixture.unique("k") })
      assert(id !== undefined)
      assert.deepStrictEqual(yield* PgMigrations.rollback({ to: 7 }), ["parents"])
      assert.deepStrictEqual(yield* PgMigrations.migrate(), ["parents"])
      assert.deepInclude(yield* jobOf(shop, id), { state: "cancelled" })
      assert.strictEqual((yield* insert(shop, { unique: Fixture.unique("k") })).length, 1)
      assert.notStrictEqual((yield* insert(shop, { unique: Fixture.unique("k") }))[0], id)
      yield* LiveDatabase.assertCounts(shop)
    }))

  it.effect("waits for what is being enqueued when the release that knows of it is taken back, and ends it as well", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const { transaction } = shop.storage.capabilities
      assert(transaction !== null)
      const parents = yield* insert(shop, { queue: "nobody" })
      const [stored, done] = [yield* Deferred.make<JobId.JobId>(), yield* Deferred.make<void>()]
      const enqueuing = yield* Effect.forkChild(transaction(
        child(shop, parents).pipe(
          Effect.tap((id) => Deferred.succeed(stored, id)),
          Effect.andThen(Deferred.await(done))
        )
      ))
      const id = yield* Deferred.await(stored)
      const rollingBack = yield* Effect.forkChild(PgMigrations.rollback({ to: 7 }))
      const waiting = "select count(*)::int as value from pg_locks where mode = 'AccessExclusiveLock' and not granted"
      yield* Effect.repeat(LiveDatabase.value<number>(shop, waiting), { until: (count) => count > 0 })
      yield* Deferred.succeed(done, undefined)
      yield* Fiber.join(enqueuing)
      assert.deepStrictEqual(yield* Fiber.join(rollingBack), ["parents"])
      assert.deepStrictEqual(yield* PgMigrations.migrate(), ["parents"])
      assert.deepInclude(yield* jobOf(shop, id), { state: "cancelled" })
      yield* LiveDatabase.assertCounts(shop)
    }))
})
