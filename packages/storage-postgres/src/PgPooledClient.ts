/**
 * A `PgClient` whose pool can be looked at: how many connections are open, how many of them idle, and who waits.
 *
 * Use its layer in place of `PgClient.layer`, with the same settings, where somebody watches the pool
 * (`ConnectionPool`). Statements, transactions and listeners run as those of `PgClient` do, on the same kind of pool.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as PgConnection from "@effect/sql-pg/PgConnection"
import * as PgPool from "@effect/sql-pg/PgPool"
import { ConnectionPool } from "@millrace/storage/ConnectionPool"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { Borrower, Connection } from "effect/sql/SqlConnection"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { PoolMeter } from "./internal/poolMeter.ts"

/**
 * The settings of `PgClient.layer`, for a pool with one user to a connection, and without functions that rename.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type PgPooledClientOptions = Omit<
  PgClient.PgPoolConfig,
  "multiplex" | "multiplexConcurrency" | "transformQueryNames" | "transformResultNames" | "transformJson"
>

/**
 * A client, and figures of its pool.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PgPooledClient {
  readonly client: PgClient.PgClient
  readonly look: PoolMeter["look"]
}

/** What the driver of the client takes when nothing is said. */
const connectionsByDefault = 10

/**
 * Makes a client on a pool of its own. Closing the scope closes all connections.
 *
 * **Details**
 *
 * Nothing is connected before the first statement, or before `minConnections` ask for it. The figures count what asks
 * for connections, and cost the database nothing.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  config: PgPooledClientOptions
): Effect.fn.Return<PgPooledClient, SqlError, Scope.Scope | Reactivity.Reactivity> {
  const meter = new PoolMeter(config.maxConnections ?? connectionsByDefault)
  const pool = yield* PgPool.make({ ...config, password: countedPassword(config, meter) })
  const lease = Effect.map(meter.leasing(pool.get), connectionOf)
  const reserve = meter.leasing(pool.reserve)
  const borrow: Borrower = (use) => meter.borrowing(pool.use((connection) => use(connectionOf(connection))))
  const base = yield* SqlClient.make({
    acquirer: lease,
    borrower: borrow,
    transactionAcquirer: Effect.map(reserve, connectionOf),
    compiler: PgClient.makeCompiler(),
    driver: "pg",
    prepareTransactionControls: true,
    commit,
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: spanAttributesOf(config)
  })
  const client: PgClient.PgClient = Object.assign(base, {
    [PgClient.TypeId]: PgClient.TypeId,
    // For those who connect beside the pool: the password as it was given, so that they are not counted.
    config,
    json: (value: unknown) => Statement.fragment([jsonSegment(value, undefined, undefined)]),
    listen: (channel: string) => Effect.flatMap(reserve, (connection) => connection.listen(channel)),
    notify: (channel: string, payload: string) =>
      Effect.asVoid(borrow((connection) => connection.executeRaw("select pg_notify($1, $2)", [channel, payload])))
  })
  return { client, look: meter.look }
})

/**
 * A client on a pool that can be looked at, as `PgClient`, `SqlClient` and `ConnectionPool`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  config: PgPooledClientOptions
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, SqlError> =>
  Layer.effectContext(
    Effect.map(make(config), ({ client, look }) =>
      Context.make(PgClient.PgClient, client).pipe(
        Context.add(SqlClient.SqlClient, client),
        Context.add(ConnectionPool, look)
      ))
  ).pipe(Layer.provide(Reactivity.layer))

/**
 * The password as an effect, which the driver runs once for each connection that it opens, in the scope of that
 * connection: the one place where a pool lets others see that. Empty where there is none; the server refuses it as it
 * would refuse nothing.
 */
const countedPassword = (
  { password, url }: PgPooledClientOptions,
  meter: PoolMeter
): Effect.Effect<Redacted.Redacted> =>
  Effect.andThen(
    meter.opened,
    Effect.isEffect(password) ? password : Effect.sync(() => password ?? passwordIn(url) ?? Redacted.make(""))
  )

/** The password of a URL: as its user's, or as a parameter, which comes first. */
const passwordIn = (url: Redacted.Redacted | undefined): Redacted.Redacted | undefined => {
  const parsed = url === undefined ? null : URL.parse(Redacted.value(url))
  if (parsed === null) return undefined
  const parameter = parsed.searchParams.getAll("password").at(-1)
  if (parameter !== undefined) return Redacted.make(parameter)
  return parsed.password === "" ? undefined : Redacted.make(decodeURIComponent(parsed.password))
}

const spanAttributesOf = (config: PgPooledClientOptions): ReadonlyArray<readonly [string, unknown]> => {
  const url = config.url === undefined ? null : URL.parse(Redacted.value(config.url))
  return [
    ...Object.entries(config.spanAttributes ?? {}),
    ["db.system.name", "postgresql"],
    ["db.namespace", config.database ?? url?.pathname.slice(1) ?? config.username ?? "postgres"],
    ["server.address", config.host ?? url?.hostname ?? "localhost"],
    ["server.port", config.port ?? (Number(url?.port) || 5432)]
  ]
}

/** JSON as the compiler of the client knows it. */
const jsonSegment = Statement.custom<Statement.Custom<"PgJson", unknown, undefined, undefined>>("PgJson")

/** Rows as `Connection` lets its users have them changed. */
type Transform = Parameters<Connection["execute"]>[2]

/** The connection of the driver as the client wants it. */
const connectionOf = (connection: PgConnection.PgConnection): Connection => {
  const rows = (sql: string, params: ReadonlyArray<unknown>, transform: Transform, prepare: boolean) =>
    Effect.map(connection.query(sql, params, prepare), (result) => transform?.(result.rows) ?? result.rows)
  return {
    execute: (sql, params, transform) => rows(sql, params, transform, true),
    executeUnprepared: (sql, params, transform) => rows(sql, params, transform, false),
    executeRaw: (sql, params) => connection.query(sql, params),
    executeValues: (sql, params) => connection.queryValues(sql, params),
    executeValuesUnprepared: (sql, params) => connection.queryValues(sql, params, false),
    executeStream: (sql, params, transform) => {
      const stream = connection.stream(sql, params)
      return transform === undefined ? stream : Stream.flatMap(stream, (row) => Stream.fromIterable(transform([row])))
    }
  }
}

/** PostgreSQL answers the `COMMIT` of a transaction that failed before with success, and rolls back. */
const commit = (connection: Connection): Effect.Effect<void, SqlError> =>
  Effect.flatMap(connection.executeRaw("COMMIT", []), (result) =>
    isRollback(result)
      ? new SqlError({
        reason: new UnknownError({
          cause: new Error("a statement of the transaction had failed"),
          message: "the transaction was rolled back at its COMMIT: a statement of it had failed",
          operation: "commit"
        })
      })
      : Effect.void)

const isRollback = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "command" in result && result.command === "ROLLBACK"
