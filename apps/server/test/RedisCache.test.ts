import { assert, describe, it } from "@effect/vitest"
import { MemoryStorage } from "@millrace/storage"
import { Context, Duration, Effect, Exit, Layer, Logger, Redacted, Schedule, Scope } from "effect"
import * as CountsCache from "../src/CountsCache.ts"
import * as RedisCache from "../src/RedisCache.ts"
import * as RedisServer from "./support/RedisServer.ts"

const sourceOf = Effect.fnUntraced(function*(port: number) {
  const context = yield* Layer.build(Layer.fresh(RedisCache.layer({
    url: Redacted.make(RedisServer.urlOf(port)),
    timeToLive: Duration.minutes(1),
    databaseUrl: Redacted.make("postgres://ada:secret@db/app")
  })))
  const source = Context.get(context, CountsCache.CountsCache)
  assert(source !== null)
  return source
})

/** A database that counts how often it is asked, and servers on it with a connection each. */
const make = Effect.fnUntraced(function*(port: number) {
  const memory = yield* MemoryStorage.make()
  const state = { asked: 0 }
  const database = {
    ...memory,
    overview: Effect.suspend(() => {
      state.asked += 1
      return memory.overview
    })
  }
  const server = Effect.flatMap(sourceOf(port), (source) => CountsCache.route(database, source))
  return { memory, server, state }
})

type World = Effect.Success<ReturnType<typeof make>>

/** Waits until an answer comes without the database. */
const fromCache = (state: World["state"], storage: Effect.Success<World["server"]>) =>
  Effect.gen(function*() {
    const before = state.asked
    yield* storage.overview
    if (state.asked !== before) return yield* Effect.fail("not yet")
  }).pipe(Effect.retry(Schedule.spaced("50 millis")))

if (!RedisServer.isThere) console.info("RedisCache is skipped: there is no redis-server on the PATH")
const real = it.live.skipIf(!RedisServer.isThere)

describe("RedisCache", () => {
  real(
    "keeps the counts of a fleet, so that the database is not asked while they are fresh",
    () =>
      Effect.gen(function*() {
        const port = yield* RedisServer.freePort
        yield* RedisServer.start(port)
        const { server, state } = yield* make(port)
        const first = yield* server
        yield* fromCache(state, first)
        const second = yield* server
        yield* fromCache(state, second)
        const asked = state.asked
        for (let poll = 0; poll < 50; poll += 1) {
          assert.deepStrictEqual(yield* first.overview, { queues: [], workers: [] })
          assert.deepStrictEqual(yield* second.overview, { queues: [], workers: [] })
        }
        assert.strictEqual(state.asked, asked)
      }).pipe(Effect.provide(Logger.layer([]))),
    30_000
  )

  real("gives the lead to one server at a time", () =>
    Effect.gen(function*() {
      const port = yield* RedisServer.freePort
      yield* RedisServer.start(port)
      const sources = yield* Effect.all([sourceOf(port), sourceOf(port), sourceOf(port)])
      const led = yield* Effect.forEach(
        sources,
        ({ lead }) =>
          (lead?.("x", Duration.minutes(1)) ?? Effect.die("no lead")).pipe(Effect.retry(Schedule.spaced("50 millis"))),
        { concurrency: 3 }
      )
      assert.lengthOf(led.filter((isFirst) => isFirst), 1)
    }), 30_000)

  real(
    "starts without its Redis, finds it when it comes, does without when it goes, and finds it again",
    () =>
      Effect.gen(function*() {
        const port = yield* RedisServer.freePort
        const { server, state } = yield* make(port)
        const storage = yield* server
        for (let poll = 1; poll <= 3; poll += 1) {
          yield* storage.overview
          assert.strictEqual(state.asked, poll)
        }
        const redis = yield* RedisServer.start(port)
        yield* fromCache(state, storage)
        yield* redis.signal("SIGKILL")
        yield* Effect.retry(
          Effect.suspend(() => {
            const before = state.asked
            return Effect.flatMap(storage.overview, () => state.asked > before ? Effect.void : Effect.fail("not yet"))
          }),
          Schedule.spaced("50 millis")
        )
        yield* RedisServer.start(port)
        yield* fromCache(state, storage)
      }).pipe(Effect.provide(Logger.layer([]))),
    60_000
  )

  real(
    "answers from the database while its Redis hangs, and ends all the same",
    () =>
      Effect.gen(function*() {
        const port = yield* RedisServer.freePort
        const redis = yield* RedisServer.start(port)
        const { server, state } = yield* make(port)
        const scope = yield* Scope.make()
        const storage = yield* Scope.provide(server, scope)
        yield* fromCache(state, storage)
        yield* redis.signal("SIGSTOP")
        // One whose connection never gets an answer, besides.
        yield* Scope.provide(server, scope)
        const before = state.asked
        yield* storage.overview
        yield* storage.overview
        assert.strictEqual(state.asked, before + 2)
        yield* Scope.close(scope, Exit.void)
      }).pipe(Effect.provide(Logger.layer([]))),
    30_000
  )

  it("names a database without who asks and how", () => {
    const plain = RedisCache.nameOf("postgres://db:5432/app?sslmode=require")
    assert.strictEqual(RedisCache.nameOf("postgres://ada:secret@db:5432/app?sslmode=require"), plain)
    assert.strictEqual(RedisCache.nameOf("postgres://db:5432/app?sslmode=require&user=ada&password=secret"), plain)
    assert.notStrictEqual(RedisCache.nameOf("postgres://db:5432/other?sslmode=require"), plain)
  })
})
