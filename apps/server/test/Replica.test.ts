import { assert, describe, it } from "@effect/vitest"
import { MemorySampleStorage, MemoryStorage, Storage, StorageError } from "@millrace/storage"
import type { JobId } from "@millrace/storage"
import { Duration, Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as Replica from "../src/Replica.ts"
import { newJob } from "./support/newJob.ts"

const job = newJob()

const unavailable = new StorageError.StorageError({
  reason: new StorageError.Unavailable({ operation: "list", detail: "connection refused" })
})

/** Two storages with other contents, so that each answer shows whose it is; and what was logged. */
const make = Effect.fnUntraced(function*(options: { readonly inTransaction?: () => boolean } = {}) {
  const primary = yield* MemoryStorage.make()
  const copy = yield* MemoryStorage.make()
  const [ids] = yield* Effect.all([
    primary.insert([{ ...job, queue: "primary", tenant: "primary" }]),
    copy.insert([{ ...job, queue: "replica", tenant: "replica" }])
  ])
  const state = { lag: 0 as number | null, isAway: false, reads: 0 }
  const guarded = <A>(read: Effect.Effect<A, StorageError.StorageError>): Effect.Effect<A, StorageError.StorageError> =>
    Effect.suspend(() => {
      state.reads += 1
      return state.isAway ? Effect.fail(unavailable) : read
    })
  const samples = yield* MemorySampleStorage.make.pipe(Effect.provideService(Storage.Storage, primary))
  const routed = yield* Replica.route(
    {
      storage: {
        ...primary,
        capabilities: { ...primary.capabilities, inTransaction: Effect.sync(() => options.inTransaction?.() ?? false) }
      },
      samples
    },
    {
      storage: {
        list: (query) => guarded(copy.list(query)),
        overview: guarded(copy.overview),
        inspect: {
          ...copy.inspect,
          tenants: (query) => guarded(copy.inspect.tenants(query)),
          history: (id) => guarded(copy.inspect.history(id)),
          logs: (id) => guarded(copy.inspect.logs(id))
        }
      },
      samples,
      lagMillis: Effect.suspend(() => state.isAway ? Effect.fail(unavailable) : Effect.succeed(state.lag)),
      maxLag: Duration.seconds(5)
    }
  )
  const { storage } = routed
  return { storage, state, id: ids[0]?.id as JobId.JobId }
})

/** Whose answer a list, an overview and the tenants are. */
const answerers = Effect.fnUntraced(function*({ storage }: Effect.Success<ReturnType<typeof make>>) {
  const [page, { queues }, tenants] = yield* Effect.all([
    storage.list({}),
    storage.overview,
    storage.inspect.tenants({})
  ])
  return [page.items[0]?.queue, queues[0]?.queue, tenants[0]?.tenant]
})

const primary = ["primary", "primary", "primary"]
const replica = ["replica", "replica", "replica"]

describe("Replica", () => {
  it.effect("sends lists, totals and tenants to the replica from the first look on", () =>
    Effect.gen(function*() {
      const world = yield* make()
      assert.deepStrictEqual(yield* answerers(world), primary)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* answerers(world), replica)
    }))

  it.effect("reads a job that is named, and everything inside a transaction, from the primary", () =>
    Effect.gen(function*() {
      let bound = false
      const world = yield* make({ inTransaction: () => bound })
      yield* TestClock.adjust(1)
      const named = yield* world.storage.list({ ids: [world.id] })
      assert.deepStrictEqual(named.items.map(({ queue }) => queue), ["primary"])
      assert.strictEqual(world.state.reads, 0)
      bound = true
      assert.deepStrictEqual(yield* answerers(world), primary)
      assert.strictEqual(world.state.reads, 0)
    }))

  it.effect("changes nothing but the primary", () =>
    Effect.gen(function*() {
      const { id, storage } = yield* make()
      yield* TestClock.adjust(1)
      yield* storage.transition([id], { _tag: "Cancel", reason: "r" })
      assert.strictEqual((yield* storage.list({ ids: [id] })).items[0]?.state, "cancelled")
      assert.strictEqual((yield* storage.list({})).items[0]?.state, "available")
    }))

  it.effect("answers from the primary at once when the replica is away, and says so once a minute", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        if (logLevel === "Warn") warnings.push(String(message))
      })
      yield* Effect.gen(function*() {
        const world = yield* make()
        yield* TestClock.adjust(1)
        world.state.isAway = true
        assert.deepStrictEqual(yield* answerers(world), primary)
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(yield* answerers(world), primary)
        assert.lengthOf(warnings, 1)
        assert.match(warnings[0] ?? "", /in place of the replica: .*connection refused/)
        yield* TestClock.adjust("31 seconds")
        assert.lengthOf(warnings, 2)
        world.state.isAway = false
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* answerers(world), replica)
      }).pipe(Effect.provide(Logger.layer([logger])))
    }))

  it.effect("answers from the primary while the replica is further behind than it may be", () =>
    Effect.gen(function*() {
      const world = yield* make()
      world.state.lag = 5001
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* answerers(world), primary)
      assert.strictEqual(world.state.reads, 0)
      world.state.lag = 5000
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* answerers(world), replica)
      world.state.lag = null
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* answerers(world), replica)
    }))

  it.effect("does not ask the primary a question that can not be answered", () =>
    Effect.gen(function*() {
      const world = yield* make()
      yield* TestClock.adjust(1)
      const error = yield* Effect.flip(world.storage.list({ limit: 1001 }))
      assert.strictEqual(error.reason._tag, "Invalid")
      assert.deepStrictEqual(yield* answerers(world), replica)
    }))
})
