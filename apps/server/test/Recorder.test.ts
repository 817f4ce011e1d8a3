import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { MemoryServiceStorage, MemoryStorage, ServiceStorage, Storage } from "@millrace/storage"
import { PgServiceStorage, PgStorage } from "@millrace/storage-postgres"
import { Context, Effect, Fiber, Latch, Layer } from "effect"
import * as Audit from "../src/Audit.ts"
import * as Principal from "../src/Principal.ts"
import * as Recorder from "../src/Recorder.ts"
import { newJob } from "./support/newJob.ts"

/** Inserts as the request of a caller. */
const create = Effect.fnUntraced(function*(storage: Storage.Storage["Service"], actor: string, more = {}) {
  const change = { principal: Principal.admin(actor), action: "jobs.create", address: null }
  const pending: Audit.PendingChange = { change, isRecorded: false }
  const [result] = yield* Effect.provideService(storage.insert([newJob(more)]), Audit.CurrentChange, pending)
  return { id: result?.id ?? "", pending }
})

/** Inserts many jobs as one request. */
const createMany = (storage: Storage.Storage["Service"], actor: string, count: number) => {
  const change = { principal: Principal.admin(actor), action: "jobs.createBatch", address: null }
  const jobs = Array.from({ length: count }, () => newJob())
  return Effect.provideService(storage.insert(jobs), Audit.CurrentChange, { change, isRecorded: false })
}

const Inside = Context.Reference("@millrace/server/test/Recorder/Inside", { defaultValue: () => false })

/** A storage in memory whose transactions are counted, and wait for the latch. */
const make = Effect.gen(function*() {
  const latch = Latch.makeUnsafe(true)
  const memory = yield* MemoryStorage.make()
  const { audit } = yield* MemoryServiceStorage.make
  const seen = { transactions: 0, most: 0 }
  const storage = yield* Recorder.make({
    ...memory,
    insert: (jobs) => {
      seen.most = Math.max(seen.most, jobs.length)
      return memory.insert(jobs)
    },
    capabilities: {
      durable: false,
      inTransaction: Inside,
      transaction: (effect) =>
        Effect.suspend(() => {
          seen.transactions += 1
          return Effect.andThen(latch.await, Effect.provideService(effect, Inside, true))
        })
    }
  }, audit.append)
  return { storage, memory, audit, latch, seen }
})

describe("Recorder", () => {
  it.effect("stores what arrives meanwhile in one transaction, each job with its own line", () =>
    Effect.gen(function*() {
      const { audit, latch, seen, storage } = yield* make
      latch.closeUnsafe()
      const actors = Array.from({ length: 60 }, (_, n) => `k${n}`)
      const opened = Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 100 }), latch.open)
      const [created] = yield* Effect.all([
        Effect.forEach(actors, (actor) => create(storage, actor), { concurrency: "unbounded" }),
        opened
      ], { concurrency: 2 })
      assert.isAtMost(seen.transactions, 5)
      assert.isTrue(created.every(({ pending }) => pending.isRecorded))
      const lines = yield* audit.list({ limit: 100 })
      const about = new Map(lines.map(({ actor, targets }) => [actor, targets]))
      assert.lengthOf(lines, 60)
      assert.deepStrictEqual(actors.map((actor) => about.get(actor)), created.map(({ id }) => [id]))
      assert.lengthOf(new Set(created.map(({ id }) => id)), 60)
    }))

  it.effect("stores no more jobs in one transaction than one request may have", () =>
    Effect.gen(function*() {
      const { audit, latch, seen, storage } = yield* make
      latch.closeUnsafe()
      const opened = Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 100 }), latch.open)
      const counts = Array.from({ length: 20 }, (_, n) => n === 9 ? 1000 : 300)
      const [results] = yield* Effect.all([
        Effect.forEach(counts, (count, n) => createMany(storage, `k${n}`, count), { concurrency: "unbounded" }),
        opened
      ], { concurrency: 2 })
      assert.deepStrictEqual(results.map(({ length }) => length), counts)
      assert.strictEqual(seen.most, 1000)
      assert.lengthOf(yield* audit.list({ limit: 100 }), 20)
    }))

  it.effect("refuses a job that can not be, and stores the others of its transaction with their lines", () =>
    Effect.gen(function*() {
      const { audit, latch, storage } = yield* make
      latch.closeUnsafe()
      const opened = Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 100 }), latch.open)
      const [results] = yield* Effect.all([
        Effect.forEach(
          Array.from({ length: 20 }, (_, n) => n),
          (n) => Effect.exit(create(storage, `k${n}`, n === 7 ? { priority: 101 } : {})),
          { concurrency: "unbounded" }
        ),
        opened
      ], { concurrency: 2 })
      assert.deepStrictEqual(results.flatMap(({ _tag }, n) => _tag === "Failure" ? [n] : []), [7])
      const lines = yield* audit.list({ limit: 100 })
      assert.lengthOf(lines, 19)
      assert.notInclude(lines.map(({ actor }) => actor), "k7")
    }))

  it.effect("writes the line inside of a transaction that is open already, once", () =>
    Effect.gen(function*() {
      const { audit, seen, storage } = yield* make
      const change = { principal: Principal.admin("k"), action: "jobs.create", address: null }
      const pending: Audit.PendingChange = { change, isRecorded: false }
      yield* Effect.andThen(storage.insert([newJob()]), storage.insert([newJob()])).pipe(
        Effect.provideService(Audit.CurrentChange, pending),
        Effect.provideService(Inside, true)
      )
      assert.strictEqual(seen.transactions, 0)
      assert.lengthOf(yield* audit.list({ limit: 9 }), 1)
    }))

  it.effect("gives requests with keys or parents transactions of their own", () =>
    Effect.gen(function*() {
      const { audit, seen, storage } = yield* make
      const { id } = yield* create(storage, "parent")
      const unique = { key: "k", holds: "finished", periodMillis: null } as const
      const debounce = { key: "d", waitMillis: 1000, maxWaitMillis: null, payload: "keep" } as const
      const ways = [{ unique }, { debounce }, { parents: [id] }]
      const created = yield* Effect.forEach(ways, (way) => create(storage, "k", way), { concurrency: "unbounded" })
      assert.strictEqual(seen.transactions, 4)
      assert.strictEqual(seen.most, 1)
      assert.isTrue(created.every(({ pending }) => pending.isRecorded))
      assert.lengthOf(yield* audit.list({ limit: 9 }), 4)
    }))

  it.effect("leaves connections to others, however many want keys that are held", () =>
    Effect.gen(function*() {
      const { audit, latch, seen, storage } = yield* make
      latch.closeUnsafe()
      const creating = yield* Effect.forEach(Array.from({ length: 20 }, (_, n) => `k${n}`), (key) =>
        Effect.forkChild(create(storage, key, { unique: { key, holds: "finished", periodMillis: null } }), {
          startImmediately: true
        }))
      yield* Effect.repeat(Effect.yieldNow, { times: 100 })
      assert.strictEqual(seen.transactions, 4)
      yield* latch.open
      yield* Effect.forEach(creating, Fiber.join)
      assert.lengthOf(yield* audit.list({ limit: 99 }), 20)
    }))

  it.effect("leaves alone who records nothing, and storages without transactions", () =>
    Effect.gen(function*() {
      const { audit, memory, seen, storage } = yield* make
      yield* storage.insert([newJob()])
      assert.strictEqual(seen.transactions, 0)
      assert.deepStrictEqual(yield* audit.list({ limit: 9 }), [])
      assert.isFalse(yield* storage.capabilities.inTransaction ?? Effect.succeed(true))
      assert.strictEqual(yield* Recorder.make(memory, audit.append), memory)
    }))
})

const database = Layer.provideMerge(
  Recorder.layer,
  Layer.mergeAll(PgStorage.layerMigrated(), PgServiceStorage.layer).pipe(Layer.provideMerge(TestDatabase.layer))
)

layer(database, { excludeTestServices: true, timeout: 60_000 })("Recorder on PostgreSQL", (it) => {
  it.effect("commits many jobs and their lines together", () =>
    Effect.gen(function*() {
      const storage = yield* Storage.Storage
      const { audit } = yield* ServiceStorage.ServiceStorage
      const created = yield* Effect.forEach(Array.from({ length: 50 }, (_, n) => `k${n}`), (actor) =>
        create(storage, actor), { concurrency: "unbounded" })
      const lines = yield* audit.list({ limit: 100 })
      assert.sameMembers(
        lines.flatMap(({ targets }) =>
          targets
        ),
        created.map(({ id }) => id)
      )
      assert.lengthOf((yield* storage.list({ limit: 100 })).items, 50)
    }))

  it.effect("keeps nobody waiting for a key that a transaction holds for long, but who wants it", () =>
    Effect.gen(function*() {
      const storage = yield* Storage.Storage
      const { transaction } = storage.capabilities
      assert(transaction !== null)
      const unique = { key: "held", holds: "finished", periodMillis: null } as const
      const [taken, done] = [Latch.makeUnsafe(false), Latch.makeUnsafe(false)]
      const holder = yield* Effect.forkChild(
        transaction(
          storage.insert([newJob({ unique })]).pipe(Effect.andThen(taken.open), Effect.andThen(done.await))
        )
      )
      yield* taken.await
      const wanting = yield* Effect.forEach(
        Array.from({ length: 4 }),
        () => Effect.forkChild(create(storage, "w", { unique }), { startImmediately: true })
      )
      // More than once, so that each writer has its turn: the server's answer takes a while.
      for (let n = 0; n < 8; n++) yield* create(storage, "free")
      assert.deepStrictEqual(wanting.map((fiber) => fiber.pollUnsafe()), wanting.map(() => undefined))
      yield* done.open
      yield* Fiber.join(holder)
      const ids = yield* Effect.forEach(wanting, Fiber.join)
      assert.lengthOf(new Set(ids.map(({ id }) => id)), 1)
      assert.isTrue(ids.every(({ pending }) => pending.isRecorded))
    }))

  it.effect("stores no job whose line can not be written", () =>
    Effect.gen(function*() {
      const storage = yield* Storage.Storage
      const sql = yield* PgClient.PgClient
      const before = (yield* storage.list({ limit: 100 })).items.length
      yield* sql.unsafe("alter table millrace.audit rename to audit_away")
      const exits = yield* Effect.forEach(["a", "b", "c", "d", "e", "f"], (actor) =>
        Effect.exit(create(storage, actor)), { concurrency: "unbounded" })
      yield* sql.unsafe("alter table millrace.audit_away rename to audit")
      assert.isTrue(exits.every(({ _tag }) =>
        _tag === "Failure"
      ))
      assert.lengthOf((yield* storage.list({ limit: 100 })).items, before)
    }))
})
