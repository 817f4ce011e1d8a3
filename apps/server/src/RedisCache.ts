/**
 * The cache of counts in a Redis or Valkey. The connection is made in the background, and again whenever it is lost:
 * the server starts, answers and stops without it.
 *
 * @since 0.1.0
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Persistence from "effect/persistence/Persistence"
import * as Redis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { CountsCache } from "./CountsCache.ts"

/**
 * Where the cache is, and what is kept in it.
 *
 * **Details**
 *
 * `databaseUrl` names the database whose counts are kept; user and password are not part of the name.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly url: Redacted.Redacted
  readonly timeToLive: Duration.Duration
  readonly databaseUrl: Redacted.Redacted
}

/** The longest wait between two tries to connect. */
const retryMillis = 2000

/** The longest time to open a connection. */
const connectMillis = 2000

/** A connection that hangs does not hold up the stop. */
const closeLongest = "250 millis"

/**
 * The cache of counts in a Redis, as long as the layer is open.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never> =>
  Layer.effect(
    CountsCache,
    Effect.gen(function*() {
      const redis = yield* connect(Redacted.value(options.url))
      const persistence = yield* Layer.build(
        Layer.provide(Persistence.layerRedis, Layer.succeed(Redis.Redis, redis))
      )
      return {
        persistence: Context.get(persistence, Persistence.Persistence),
        timeToLive: options.timeToLive,
        database: nameOf(Redacted.value(options.databaseUrl)),
        lead: (name: string, duration: Duration.Duration) => lead(redis, name, duration)
      }
    })
  )

/**
 * A name for a database: its URL without user and password.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const nameOf = (databaseUrl: string): string => {
  const url = new URL(databaseUrl)
  url.username = ""
  url.password = ""
  url.searchParams.delete("user")
  url.searchParams.delete("password")
  return url.href
}

/** Whether this caller is the first for some time. */
const lead = (
  redis: Redis.Redis["Service"],
  name: string,
  duration: Duration.Duration
): Effect.Effect<boolean, Persistence.PersistenceError> =>
  redis.send<string | null>(
    "SET",
    `millrace-counts-lead:${name}`,
    "1",
    "NX",
    "PX",
    String(Math.max(1, Math.ceil(Duration.toMillis(duration))))
  ).pipe(
    Effect.map((reply) => reply !== null),
    Effect.mapError(({ cause }) => new Persistence.PersistenceError({ message: "the lead can not be taken", cause }))
  )

/** A Redis that answers once it is connected, and fails at once until then. */
const connect = Effect.fnUntraced(function*(url: string) {
  let connected: Redis.Redis["Service"] | null = null
  let reason = "there is no connection yet"
  const options = {
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: connectMillis,
      reconnectStrategy: (retries: number, cause: Error) => {
        reason = cause.message === "" ? String(cause) : cause.message
        return Math.min(2 ** retries * 50, retryMillis)
      }
    }
  }
  const inside = yield* Scope.make()
  const build = Layer.buildWithScope(NodeRedis.layer(options), inside).pipe(
    // Its own lines come with every try. What matters is told by those who ask.
    Effect.provideService(References.MinimumLogLevel, "None")
  )
  const ready = Effect.map(build, (context) => {
    connected = Context.get(context, Redis.Redis)
    return Context.get(context, NodeRedis.NodeRedis).client
  })
  const fiber = yield* Effect.forkDetach(ready)
  yield* Effect.addFinalizer(() => close(fiber, inside))
  const use = <A, E>(f: (redis: Redis.Redis["Service"]) => Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | Redis.RedisError> =>
      connected === null ? Effect.fail(new Redis.RedisError({ cause: new Error(reason) })) : f(connected)
    )
  return yield* Redis.make({
    send: (command, ...args) => use((redis) => redis.send(command, ...args)),
    subscribe: () => Effect.fail(unsupported),
    connect: Effect.fail(unsupported)
  })
})

const unsupported = new Redis.RedisError({ cause: new Error("the cache only gets and sets") })

/** Commands in flight are given up: what they were asked for is not needed any more. */
const close = (
  fiber: Fiber.Fiber<NodeRedis.NodeRedis["Service"]["client"], Redis.RedisError>,
  inside: Scope.Closeable
): Effect.Effect<void> =>
  Effect.gen(function*() {
    // A client that waits for its first answer ends when that comes, or with the process.
    const ending = Effect.gen(function*() {
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      if (Exit.isSuccess(exit)) yield* Effect.sync(() => exit.value.destroy())
      yield* Scope.close(inside, Exit.void)
    })
    yield* Effect.timeoutOption(Fiber.await(yield* Effect.forkDetach(ending)), closeLongest)
  })
