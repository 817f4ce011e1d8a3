import { assert, describe, it } from "@effect/vitest"
import { MemoryStorage, Storage, StorageError } from "@millrace/storage"
import { Context, Duration, Effect, Exit, Fiber, Layer, Logger, Redacted } from "effect"
import { Persistence } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as CountsCache from "../src/CountsCache.ts"
import { newJob } from "./support/newJob.ts"
import * as T from "./support/ServerUnderTest.ts"

const job = newJob({ queue: "mail" })

const unavailable = new StorageError.StorageError({
  reason: new StorageError.Unavailable({ operation: "overview", detail: "connection refused" })
})

const backing = Effect.map(
  Layer.build(Layer.fresh(Persistence.layerBackingMemory)),
  (context) => Context.get(context, Persistence.BackingPersistence)
)

/** A cache over a backing in memory, as broken as a test wants it. */
const over = (found: Persistence.BackingPersistence["Service"]) =>
  Effect.map(
    Layer.build(
      Layer.fresh(Persistence.layer).pipe(Layer.provide(Layer.succeed(Persistence.BackingPersistence, found)))
    ),
    (context) => Context.get(context, Persistence.Persistence)
  )

/** A database that counts how often it is asked for counts, and two servers of a fleet on it. */
const make = Effect.fnUntraced(function*(
  options: {
    readonly persistence?: Persistence.Persistence["Service"]
    readonly source?: Partial<CountsCache.CountsSource>
    readonly inTransaction?: () => boolean
  } = {}
) {
  const persistence = options.persistence ?? (yield* Effect.flatMap(backing, over))
  const memory = yield* MemoryStorage.make()
  const state = { asked: 0, isAway: false, hold: Effect.void }
  const database: Storage.Storage["Service"] = {
    ...memory,
    capabilities: { ...memory.capabilities, inTransaction: Effect.sync(() => options.inTransaction?.() ?? false) },
    overview: Effect.suspend(() => {
      state.asked += 1
      return state.isAway ? Effect.fail(unavailable) : Effect.andThen(state.hold, memory.overview)
    })
  }
  const server = CountsCache.route(database, {
    persistence,
    timeToLive: Duration.seconds(2),
    database: "postgres://db/app",
    ...options.source
  })
  return { memory, state, server, first: yield* server, second: yield* server }
})

const available = (storage: Storage.Storage["Service"]) =>
  Effect.map(storage.overview, ({ queues }) => queues.find(({ queue }) => queue === "mail")?.counts.available ?? 0)

const withWarnings = <A, E, R>(effect: (warnings: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const warnings: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Warn") warnings.push(String(message))
  })
  return Effect.provide(effect(warnings), Logger.layer([logger]))
}

describe("CountsCache", () => {
  it.effect("asks the database once in the time to live for all servers, also when there are no jobs", () =>
    Effect.gen(function*() {
      const { first, second, state } = yield* make()
      for (let poll = 0; poll < 10; poll += 1) {
        assert.deepStrictEqual(yield* first.overview, { queues: [], workers: [] })
        assert.deepStrictEqual(yield* second.overview, { queues: [], workers: [] })
      }
      assert.strictEqual(state.asked, 1)
      yield* TestClock.adjust(2000)
      yield* second.overview
      yield* first.overview
      assert.strictEqual(state.asked, 2)
    }))

  it.effect("answers what the storage answers, workers with their instants included", () =>
    Effect.gen(function*() {
      const { first, memory, second, state } = yield* make()
      const info = { host: "h", pid: 1, release: "1", queues: ["mail"], names: ["Send"], concurrency: 3 }
      yield* memory.renew({
        _tag: "Register",
        workerId: "w",
        leaseMillis: 30_000,
        info: { ...info, slots: { mail: 2 } }
      })
      yield* memory.insert([job])
      const counted = yield* first.overview
      assert.deepStrictEqual(yield* second.overview, counted)
      assert.deepStrictEqual(yield* memory.overview, counted)
      assert.lengthOf(counted.workers, 1)
      assert.strictEqual(state.asked, 1)
    }))

  it.effect("shows a change of its own after the time to live at the latest", () =>
    Effect.gen(function*() {
      const { first } = yield* make()
      assert.strictEqual(yield* available(first), 0)
      yield* first.insert([job])
      yield* TestClock.adjust(1999)
      assert.strictEqual(yield* available(first), 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* available(first), 1)
    }))

  it.effect("asks once for callers of one instant, and answers them all", () =>
    Effect.gen(function*() {
      const { first, state } = yield* make()
      state.hold = Effect.sleep("1 second")
      const fiber = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 20 }, () => first.overview), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 second")
      assert.lengthOf(yield* Fiber.join(fiber), 20)
      assert.strictEqual(state.asked, 1)
    }))

  it.effect("lets one server of many count when the entry has ended; the others wait for it, but not for long", () =>
    Effect.gen(function*() {
      let taken = 0
      const lead = () => Effect.sync(() => (taken += 1) === 1)
      const { first, second, state } = yield* make({ source: { lead } })
      state.hold = Effect.sleep("100 millis")
      const both = yield* Effect.forkChild(Effect.all([available(first), available(second)], { concurrency: 2 }))
      yield* TestClock.adjust("100 millis")
      yield* TestClock.adjust("25 millis")
      assert.deepStrictEqual(yield* Fiber.join(both), [0, 0])
      assert.deepStrictEqual([taken, state.asked], [2, 1])
      // The one that counts has died.
      yield* TestClock.adjust("2 seconds")
      state.hold = Effect.void
      const left = yield* Effect.forkChild(available(second))
      yield* TestClock.adjust("249 millis")
      assert.strictEqual(state.asked, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(left), 0)
      assert.strictEqual(state.asked, 2)
    }))

  it.effect("keeps no failure", () =>
    Effect.gen(function*() {
      const { first, second, state } = yield* make()
      state.isAway = true
      assert.deepStrictEqual(yield* Effect.flip(first.overview), unavailable)
      state.isAway = false
      assert.strictEqual(yield* available(second), 0)
      assert.strictEqual(state.asked, 2)
    }))

  it.effect("keeps the databases that share a cache apart", () =>
    Effect.gen(function*() {
      const persistence = yield* Effect.flatMap(backing, over)
      const one = yield* make({ persistence })
      const other = yield* make({ persistence, source: { database: "postgres://db/other" } })
      yield* one.memory.insert([job])
      assert.strictEqual(yield* available(one.first), 1)
      assert.strictEqual(yield* available(other.first), 0)
    }))

  it.effect("reads from the database inside a transaction", () =>
    Effect.gen(function*() {
      let bound = false
      const { first, state } = yield* make({ inTransaction: () => bound })
      yield* first.overview
      bound = true
      yield* first.insert([job])
      assert.strictEqual(yield* available(first), 1)
      assert.strictEqual(state.asked, 2)
    }))

  it.effect("answers from the database when the cache fails, and says so once a minute", () =>
    withWarnings((warnings) =>
      Effect.gen(function*() {
        const store = yield* Effect.flatMap(backing, (found) => found.make("x"))
        const broken = new Persistence.PersistenceError({ message: "GET failed", cause: new Error("ECONNREFUSED") })
        const persistence = yield* over({
          make: () => Effect.succeed({ ...store, get: () => Effect.fail(broken), set: () => Effect.fail(broken) })
        })
        const { first, state } = yield* make({ persistence })
        for (let poll = 0; poll < 3; poll += 1) assert.strictEqual(yield* available(first), 0)
        assert.strictEqual(state.asked, 3)
        assert.deepStrictEqual(warnings, ["the database answers in place of the cache: ECONNREFUSED"])
        yield* TestClock.adjust("61 seconds")
        yield* first.overview
        assert.lengthOf(warnings, 2)
      })
    ))

  it.effect("waits 250 ms for a cache that hangs, then leaves it alone for five seconds", () =>
    withWarnings((warnings) =>
      Effect.gen(function*() {
        const store = yield* Effect.flatMap(backing, (found) => found.make("x"))
        let hangs = true
        let gets = 0
        const get = (key: string) =>
          Effect.suspend(() => {
            gets += 1
            return hangs ? Effect.never : store.get(key)
          })
        const persistence = yield* over({ make: () => Effect.succeed({ ...store, get }) })
        const { first, second, state } = yield* make({ persistence })
        const fiber = yield* Effect.forkChild(available(first))
        yield* TestClock.adjust("249 millis")
        assert.strictEqual(state.asked, 0)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(fiber), 0)
        yield* first.overview
        yield* first.overview
        assert.deepStrictEqual([gets, state.asked], [1, 3])
        assert.deepStrictEqual(warnings, ["the database answers in place of the cache: no answer within 250ms"])
        hangs = false
        yield* TestClock.adjust("5 seconds")
        yield* first.overview
        yield* second.overview
        yield* first.overview
        assert.strictEqual(state.asked, 4)
      })
    ))

  it.effect("takes nothing that it can not read, or that is older than the time to live, and overwrites it", () =>
    withWarnings((warnings) =>
      Effect.gen(function*() {
        const kept: Array<object> = []
        let found: object | undefined
        const store: Persistence.BackingPersistenceStore = {
          ...yield* Effect.flatMap(backing, (found) => found.make("x")),
          get: () => Effect.sync(() => found),
          set: (_, value) => Effect.sync(() => void kept.push(value))
        }
        const { first, state } = yield* make({ persistence: yield* over({ make: () => Effect.succeed(store) }) })
        found = { _tag: "Success", value: { queues: "many" } }
        assert.strictEqual(yield* available(first), 0)
        assert.deepStrictEqual(warnings, ["the database answers in place of the cache: its entry can not be read"])
        assert.lengthOf(kept, 1)
        found = kept[0]
        yield* TestClock.adjust(2000)
        yield* first.overview
        assert.strictEqual(state.asked, 1)
        yield* TestClock.adjust(1)
        yield* first.overview
        assert.strictEqual(state.asked, 2)
      })
    ))

  it.effect("names entries by their shape, so that another release has its own", () =>
    Effect.gen(function*() {
      const keys: Array<string> = []
      const store = yield* Effect.flatMap(backing, (found) => found.make("x"))
      const persistence = yield* over({
        make: (storeId) =>
          Effect.succeed({ ...store, get: (key) => Effect.sync(() => void keys.push(`${storeId}:${key}`)) })
      })
      const { first } = yield* make({ persistence })
      assert(Exit.isSuccess(yield* Effect.exit(first.overview)))
      assert.match(keys[0] ?? "", /^millrace-counts:[0-9a-f]{16}-[0-9a-f]{16}$/)
    }))

  it.live("answers whatever shows counts over HTTP, and nothing that decides", () =>
    Effect.gen(function*() {
      const persistence = yield* Effect.flatMap(backing, over)
      const memory = yield* MemoryStorage.make()
      let asked = 0
      const overview = Effect.suspend(() => {
        asked += 1
        return memory.overview
      })
      const source = { persistence, timeToLive: Duration.minutes(1), database: "postgres://db/app" }
      const drainSecret = Redacted.make("0123456789abcdef")
      const server = T.layerOnStorage({ drainSecret }).pipe(
        Layer.provide(Layer.succeed(CountsCache.CountsCache, source)),
        Layer.provide(Layer.succeed(Storage.Storage, { ...memory, overview }))
      )
      yield* Effect.gen(function*() {
        assert.deepInclude((yield* T.get("/api/v1/queues")).json, { items: [] })
        assert.strictEqual(asked, 1)
        yield* memory.insert([job])
        for (const path of ["/api/v1/queues", "/api/v1/stats", "/api/v1/workers", "/health/detail"]) {
          assert.strictEqual((yield* T.get(path)).status, 200, path)
        }
        assert.strictEqual((yield* T.get("/api/v1/queues/mail")).status, 404)
        assert.notInclude((yield* T.get("/metrics")).text, "queue=\"mail\"")
        assert.strictEqual(asked, 1)
        const { items } = (yield* T.get("/api/v1/jobs")).json as { readonly items: ReadonlyArray<unknown> }
        assert.lengthOf(items, 1)
        const drained = yield* T.send("POST", "/api/v1/drain", {
          headers: { "content-type": "application/json", authorization: `Bearer ${Redacted.value(drainSecret)}` },
          body: "{}"
        })
        assert.strictEqual(drained.status, 200, drained.text)
        assert.strictEqual(asked, 2)
      }).pipe(Effect.provide(server))
    }))
})
