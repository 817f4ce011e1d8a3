/**
 * The PostgreSQL of the benchmarks: a throw-away cluster with real durability
 * (`fsync` and `synchronous_commit` on), a fresh database for every contender
 * and round, and the meters of the server.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { EmbeddedPostgres, ephemeral } from "@millrace/postgres-embedded/EmbeddedPostgres"
import type { EmbeddedPostgresError } from "@millrace/postgres-embedded/EmbeddedPostgresError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { BenchmarkFailed } from "./BenchmarkFailed.ts"
import { failedIn } from "./BenchmarkFailed.ts"
import * as ProcessCpu from "./ProcessCpu.ts"

/** What a server has used so far. */
export interface Reading {
  /** CPU seconds of all its processes; null where the machine does not tell. */
  readonly cpuSeconds: number | null
  /** Bytes of write-ahead log; null for a store that has none. */
  readonly walBytes: number | null
}

/** A cluster that runs. */
export class Cluster extends Context.Service<Cluster, {
  readonly version: string
  /** The settings that matter for a comparison, as the server reports them. */
  readonly settings: Readonly<Record<string, string>>
  /** Creates an empty database and answers its URL; dropped with the scope. */
  readonly freshDatabase: Effect.Effect<string, BenchmarkFailed, Scope.Scope>
  /** The meters, now. */
  readonly reading: Effect.Effect<Reading, BenchmarkFailed>
  /** Holds a REPEATABLE READ snapshot in the database of the URL until the scope closes. */
  readonly holdSnapshot: (url: string) => Effect.Effect<void, BenchmarkFailed, Scope.Scope>
}>()("@millrace/benchmarks/Cluster/Cluster") {}

const shownSettings = [
  "server_version",
  "fsync",
  "synchronous_commit",
  "full_page_writes",
  "wal_level",
  "shared_buffers",
  "max_wal_size",
  "checkpoint_timeout",
  "max_connections",
  "autovacuum",
  "autovacuum_naptime",
  "jit"
]

/** Connects to the database of a URL, with one connection, for as long as the scope lives. */
export const connect = (url: string): Effect.Effect<PgClient.PgClient, BenchmarkFailed, Scope.Scope> =>
  PgClient.make({ url: Redacted.make(url), maxConnections: 1, applicationName: "millrace-benchmarks" }).pipe(
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make),
    Effect.mapError(failedIn(`connect to ${url}`))
  )

const readSettings = Effect.fnUntraced(function*(sql: PgClient.PgClient) {
  const rows = yield* sql<{ name: string; value: string }>`
    select name, current_setting(name) as value from pg_settings where name = any(${shownSettings})`
  return Object.fromEntries(rows.map((row) => [row.name, row.value]))
}, Effect.mapError(failedIn("read the settings of the server")))

const makeFreshDatabase = (server: EmbeddedPostgres["Service"]) => {
  let made = 0
  return Effect.acquireRelease(
    Effect.suspend(() => {
      made += 1
      const name = `bench_${made}`
      return Effect.map(server.createDatabase(name), (url) => ({ name, url }))
    }),
    ({ name }) => Effect.ignore(server.dropDatabase(name))
  ).pipe(Effect.map(({ url }) => Redacted.value(url)), Effect.mapError(failedIn("create a database")))
}

const makeReading = (sql: PgClient.PgClient, server: EmbeddedPostgres["Service"]) =>
  Effect.gen(function*() {
    const pid = yield* server.pid
    const [row] = yield* sql<{ bytes: string }>`select (pg_current_wal_insert_lsn() - '0/0')::text as bytes`
    return { cpuSeconds: pid === undefined ? null : yield* ProcessCpu.treeSeconds(pid), walBytes: Number(row?.bytes) }
  }).pipe(Effect.mapError(failedIn("read the meters of the server")))

const holdSnapshot = Effect.fnUntraced(function*(url: string) {
  const sql = yield* connect(url)
  const connection = yield* sql.reserve.pipe(Effect.mapError(failedIn("reserve a connection for the snapshot")))
  const run = (text: string) => connection.executeRaw(text, []).pipe(Effect.mapError(failedIn("hold a snapshot")))
  yield* run("begin isolation level repeatable read")
  yield* run("select count(*) from pg_class")
  yield* Effect.addFinalizer(() => Effect.ignore(run("rollback")))
})

/** Memory and log space enough that no checkpoint disturbs a run. Durability is what `durable` says. */
const serverLayer = ephemeral({
  durable: true,
  maxConnections: 400,
  settings: { shared_buffers: "512MB", max_wal_size: "16GB", checkpoint_timeout: "1h" }
})

/** Boots the cluster and stops it, with all its data, when the layer is released. */
export const layer: Layer.Layer<Cluster, BenchmarkFailed | EmbeddedPostgresError> = Layer.effect(
  Cluster,
  Effect.gen(function*() {
    const server = yield* EmbeddedPostgres
    const sql = yield* connect(Redacted.value(server.url))
    const settings = yield* readSettings(sql)
    return Cluster.of({
      version: settings["server_version"] ?? "unknown",
      settings,
      freshDatabase: makeFreshDatabase(server),
      reading: makeReading(sql, server),
      holdSnapshot
    })
  })
).pipe(Layer.provide(serverLayer))
