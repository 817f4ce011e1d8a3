/**
 * A fresh database for every test layer, on one PostgreSQL per test run.
 *
 * Name `TestGlobalSetup.ts` in the vitest configuration (`globalSetup`): it boots
 * one throw-away server when the first layer asks. Without it, `layer` boots a
 * server of its own. `MILLRACE_TEST_DATABASE_URL` names an installed server to
 * use instead; its user must be allowed to create databases.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as EmbeddedPostgres from "./EmbeddedPostgres.ts"
import type { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import * as Cluster from "./internal/cluster.ts"
import * as Databases from "./internal/databases.ts"
import * as TestServer from "./internal/testServer.ts"

/**
 * A database of this test's own.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class TestDatabase extends Context.Service<TestDatabase, {
  readonly name: string
  /** Connection URL with the password, for other processes and further clients. */
  readonly url: Redacted.Redacted
  /** Connection URL of the server's maintenance database, whose user may create databases. */
  readonly serverUrl: Redacted.Redacted
}>()("@millrace/postgres-embedded/TestDatabase") {}

/**
 * Options of a test database.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TestDatabaseOptions {
  /** The database that is copied; nobody may be connected to it. Defaults to `template1`, which is empty. */
  readonly template?: string | undefined
  /** Settings of the `PgClient`. Defaults to its own, with at most 10 connections. */
  readonly client?: Omit<PgClient.PgPoolConfig, "url"> | undefined
}

const withDatabase = (server: Redacted.Redacted, name: string): Redacted.Redacted => {
  const url = new URL(Redacted.value(server))
  url.pathname = `/${name}`
  return Redacted.make(url.href)
}

const makeOn = Effect.fnUntraced(function*(serverUrl: Redacted.Redacted, template: string) {
  const name = `millrace_test_${yield* Cluster.randomSuffix}`
  yield* Effect.acquireRelease(
    Databases.create(serverUrl, name, template),
    // A server that a test stopped or crashed takes its databases along.
    () => Effect.ignore(Databases.drop(serverUrl, name))
  )
  return TestDatabase.of({ name, url: withDatabase(serverUrl, name), serverUrl })
})

const ownServer = (template: string) =>
  Layer.effect(TestDatabase, EmbeddedPostgres.EmbeddedPostgres.use(({ url }) => makeOn(url, template))).pipe(
    Layer.provide(EmbeddedPostgres.ephemeral())
  )

const layerDatabase = (template: string): Layer.Layer<TestDatabase, EmbeddedPostgresError> =>
  Layer.unwrap(Effect.map(
    TestServer.find,
    Option.match({
      onNone: () => ownServer(template),
      onSome: (url) => Layer.effect(TestDatabase, makeOn(url, template))
    })
  )).pipe(Layer.provide(FetchHttpClient.layer))

/**
 * Makes a layer of a fresh database and a client for it; the database is dropped when the layer closes.
 *
 * **Details**
 *
 * Each built layer is another database: share one layer value where tests are
 * to share one database (`layer(L)("name", …)` of `@effect/vitest`).
 *
 * **Errors**
 *
 * `EmbeddedPostgresError`; reason `DatabaseFailed` when the server refuses to
 * create the database.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (
  options: TestDatabaseOptions
): Layer.Layer<
  TestDatabase | PgClient.PgClient | SqlClient.SqlClient,
  EmbeddedPostgresError | SqlError.SqlError
> =>
  Layer.unwrap(TestDatabase.use(({ url }) => Effect.succeed(PgClient.layer({ ...options.client, url })))).pipe(
    Layer.provideMerge(layerDatabase(options.template ?? "template1"))
  )

/**
 * A fresh, empty database and a client for it; the database is dropped when the layer closes.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  TestDatabase | PgClient.PgClient | SqlClient.SqlClient,
  EmbeddedPostgresError | SqlError.SqlError
> = layerWith({})
