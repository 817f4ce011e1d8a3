import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { ConnectionPool } from "@millrace/storage"
import { Deferred, Effect, Exit, Fiber, Layer, Queue, Redacted, Schedule, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import * as Net from "node:net"
import * as PgPooledClient from "../src/PgPooledClient.ts"

/** Looks until the pool is as a test expects it; the time limit of the test is the deadline. */
const until = Effect.fnUntraced(function*(expected: Partial<ConnectionPool.PoolFigures>) {
  const pool = yield* ConnectionPool.ConnectionPool
  if (pool === null) return yield* Effect.die("there is no pool")
  while (true) {
    const figures = yield* pool
    if (Object.entries(expected).every(([name, value]) => Reflect.get(figures, name) === value)) return figures
    yield* Effect.sleep("5 millis")
  }
})

/** A client with settings of the test, and beside it one that the figures do not count. */
const withClient = <A, E>(
  config: PgPooledClient.PgPooledClientOptions,
  use: (
    client: PgClient.PgClient,
    beside: PgClient.PgClient
  ) => Effect.Effect<A, E, PgClient.PgClient | SqlClient.SqlClient>
) =>
  Effect.gen(function*() {
    const beside = yield* PgClient.PgClient
    const { url } = yield* TestDatabase.TestDatabase
    const program = Effect.flatMap(PgClient.PgClient, (client) => use(client, beside))
    return yield* Effect.provide(program, Layer.fresh(PgPooledClient.layer({ url, ...config })))
  }).pipe(Effect.provide(TestDatabase.layer))

/** Holds a connection in a transaction until it is told to end. */
const hold = Effect.fnUntraced(function*(sql: PgClient.PgClient) {
  const begun = yield* Deferred.make<void>()
  const end = yield* Deferred.make<void>()
  const fiber = yield* Effect.forkChild(
    sql.withTransaction(
      Effect.andThen(sql`select 1`, Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(end)))
    )
  )
  yield* Deferred.await(begun)
  return { end: Effect.andThen(Deferred.succeed(end, undefined), Fiber.join(fiber)) }
})

const sessionsOf = (beside: PgClient.PgClient, name: string) =>
  Effect.map(
    beside<{ count: bigint }>`select count(*) from pg_stat_activity where application_name = ${name}`,
    ([row]) => Number(row?.count)
  )

describe("PgPooledClient", () => {
  it.live(
    "tells who waits for a connection while all are in use, and that nobody does when they are back",
    () =>
      withClient({ maxConnections: 2 }, (sql) =>
        Effect.gen(function*() {
          yield* until({ max: 2, total: 0, idle: 0, waiting: 0, waited: 0 })
          const first = yield* hold(sql)
          yield* until({ total: 1, idle: 0, waiting: 0 })
          const second = yield* hold(sql)
          const full = yield* until({ total: 2, idle: 0, waiting: 0, waited: 0 })
          assert.isTrue(ConnectionPool.isExhausted(full))
          const third = yield* Effect.forkChild(sql`select 3 as n`)
          const fourth = yield* Effect.forkChild(sql.withTransaction(sql`select 4 as n`))
          yield* until({ total: 2, idle: 0, waiting: 2, waited: 2 })
          yield* first.end
          assert.deepStrictEqual(yield* Fiber.join(third), [{ n: 3 }])
          assert.deepStrictEqual(yield* Fiber.join(fourth), [{ n: 4 }])
          yield* until({ total: 2, idle: 1, waiting: 0, waited: 2 })
          yield* second.end
          yield* until({ total: 2, idle: 2, waiting: 0, waited: 2 })
        })),
    30_000
  )

  it.live(
    "counts off who is interrupted while it waits, and who fails",
    () =>
      withClient({ maxConnections: 1 }, (sql) =>
        Effect.gen(function*() {
          const held = yield* hold(sql)
          const waiting = [
            yield* Effect.forkChild(sql`select 1`),
            yield* Effect.forkChild(sql.withTransaction(sql`select 1`))
          ]
          yield* until({ waiting: 2 })
          yield* Fiber.interruptAll(waiting)
          yield* until({ waiting: 0, idle: 0, total: 1 })
          yield* held.end
          assert.isTrue(Exit.isFailure(yield* Effect.exit(sql`select nothing`)))
          assert.isTrue(Exit.isFailure(yield* Effect.exit(sql.withTransaction(sql`select nothing`))))
          yield* until({ total: 1, idle: 1, waiting: 0 })
        })),
    30_000
  )

  it.live(
    "counts as many connections as the server does: opened, idle too long, killed, and closed with it",
    () =>
      withClient(
        { maxConnections: 3, idleTimeout: "200 millis", applicationName: "counted" },
        (sql, beside) =>
          Effect.gen(function*() {
            const held = yield* Effect.forEach([1, 2, 3], () => hold(sql))
            yield* until({ total: 3, idle: 0 })
            assert.strictEqual(yield* sessionsOf(beside, "counted"), 3)
            yield* Effect.all(held.map(({ end }) => end))
            yield* until({ total: 0, idle: 0 })
            yield* sql`select 1`
            yield* until({ total: 1 })
            yield* beside`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'counted'`
            yield* until({ total: 0 })
            assert.deepStrictEqual(yield* sql`select 5 as n`, [{ n: 5 }])
            yield* until({ total: 1 })
          })
      ),
    30_000
  )

  it.live(
    "keeps as many connections open as it is told",
    () =>
      withClient(
        { minConnections: 2, maxConnections: 3, applicationName: "kept" },
        (_, beside) =>
          Effect.gen(function*() {
            yield* until({ max: 3, total: 2, idle: 2 })
            yield* Effect.repeat(sessionsOf(beside, "kept"), {
              until: (count) => count === 2
            })
          })
      ),
    30_000
  )

  it.live(
    "takes the password wherever it is: in the URL, as its parameter, as a value, as an effect",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const [bare, parameter] = [new URL(Redacted.value(url)), new URL(Redacted.value(url))]
        const password = Redacted.make(decodeURIComponent(bare.password))
        bare.password = ""
        parameter.password = ""
        parameter.searchParams.set("password", Redacted.value(password))
        const configs: ReadonlyArray<PgPooledClient.PgPooledClientOptions> = [
          { url },
          { url: Redacted.make(parameter.href) },
          { url: Redacted.make(bare.href), password },
          { url: Redacted.make(bare.href), password: Effect.succeed(password) }
        ]
        for (const config of configs) {
          const { client, look } = yield* PgPooledClient.make(config)
          assert.deepStrictEqual(yield* client`select 1 as n`, [{ n: 1 }])
          assert.deepInclude(yield* look, { max: 10, total: 1, idle: 1 })
          assert.strictEqual(client.config, config)
        }
      }).pipe(Effect.scoped, Effect.provide([TestDatabase.layer, Reactivity.layer])),
    30_000
  )

  it.live("gives up on a server that does not answer after the time that it was told", () =>
    Effect.gen(function*() {
      const silent = Net.createServer(() => {})
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => {
          silent.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.sync(() => silent.close())
      )
      const address = silent.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const { client, look } = yield* PgPooledClient.make({
        host: "127.0.0.1",
        port,
        username: "nobody",
        connectTimeout: "100 millis"
      })
      // Unless it is told, it is 5 seconds.
      const error = yield* Effect.flip(Effect.timeout(client`select 1`, "4 seconds"))
      assert.isTrue(error._tag === "SqlError" && error.reason._tag === "ConnectionError", String(error))
      const { waiting } = yield* Effect.repeat(look, {
        until: ({ total }) => total === 0,
        schedule: Schedule.spaced("5 millis")
      })
      assert.strictEqual(waiting, 0)
    }).pipe(Effect.scoped, Effect.provide(Reactivity.layer)), 30_000)

  it.live("does not count connections that were refused, and says why they were", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const wrong = new URL(Redacted.value(url))
      wrong.password = "wrong"
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const error = yield* Effect.flip(sql`select 1`)
        assert.strictEqual(error.reason._tag, "AuthenticationError")
        yield* until({ total: 0, idle: 0, waiting: 0 })
      }).pipe(Effect.provide(PgPooledClient.layer({ url: Redacted.make(wrong.href) })))
    }).pipe(Effect.provide(TestDatabase.layer)), 30_000)

  it.live(
    "is a PgClient in everything else: JSON, streams, notifications, savepoints, commits that were none",
    () =>
      withClient({ maxConnections: 4 }, (sql) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* SqlClient.SqlClient).driver, "pg")
          assert.deepStrictEqual(yield* sql`select ${sql.json({ aB: [1, null] })}::jsonb as value`, [
            { value: { aB: [1, null] } }
          ])
          const numbers = sql<{ n: number }>`select n from generate_series(1, 3) as n`
          assert.deepStrictEqual(yield* Stream.runCollect(numbers.stream), [{ n: 1 }, { n: 2 }, { n: 3 }])
          assert.deepStrictEqual(yield* numbers.values, [[1], [2], [3]])
          assert.deepStrictEqual(yield* numbers.unprepared, [{ n: 1 }, { n: 2 }, { n: 3 }])

          yield* Effect.scoped(Effect.gen(function*() {
            const heard = yield* sql.listen("news")
            yield* until({ idle: 0, total: 1 })
            yield* sql.notify("news", "hello")
            assert.strictEqual((yield* Queue.take(heard)).payload, "hello")
          }))

          yield* sql`create table kept (n int primary key)`
          yield* sql.withTransaction(Effect.gen(function*() {
            yield* sql`insert into kept values (1)`
            yield* Effect.ignore(
              sql.withTransaction(Effect.andThen(sql`insert into kept values (2)`, Effect.fail("no")))
            )
          }))
          const swallowed = sql.withTransaction(
            Effect.andThen(sql`insert into kept values (3)`, Effect.ignore(sql`insert into kept values (1)`))
          )
          assert.strictEqual((yield* Effect.flip(swallowed)).reason._tag, "UnknownError")
          assert.deepStrictEqual(yield* sql`select n from kept`, [{ n: 1 }])
        })),
    30_000
  )
})
