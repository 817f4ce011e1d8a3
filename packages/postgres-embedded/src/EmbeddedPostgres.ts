/**
 * Boots a real PostgreSQL 18 from npm packages, for development and tests.
 *
 * `ephemeral` makes a throw-away cluster in a temporary folder; `persistent`
 * keeps its data in a folder of yours. Both listen on 127.0.0.1 only, with a
 * random password, run PostgreSQL under another system user when this process
 * is root, and stop it when the layer closes, or when this process dies without
 * closing it. Nothing of the machine is needed: no installed PostgreSQL, no Docker.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import type { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import * as Ephemeral from "./internal/ephemeral.ts"
import * as Persistent from "./internal/persistent.ts"

/**
 * A PostgreSQL server of this process.
 *
 * **Details**
 *
 * The server listens on 127.0.0.1 only. `url`, `user`, `password` and
 * `database` are those of its superuser and of the database `postgres`. The
 * port stays the same over `stop`, `start`, `restart` and `crash`.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class EmbeddedPostgres extends Context.Service<EmbeddedPostgres, {
  /** Connection URL with the password. */
  readonly url: Redacted.Redacted
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: Redacted.Redacted
  readonly database: string
  /** Absolute path of the data directory. */
  readonly dataDirectory: string
  /** Process id of the server; undefined while it is stopped. */
  readonly pid: Effect.Effect<number | undefined>
  /** Creates a database as a copy of `template` (default `template1`) and returns its URL. */
  readonly createDatabase: (name: string, template?: string) => Effect.Effect<Redacted.Redacted, EmbeddedPostgresError>
  /** Drops a database and ends the sessions in it; harmless when there is none. */
  readonly dropDatabase: (name: string) => Effect.Effect<void, EmbeddedPostgresError>
  /** Starts a stopped server on the same port and waits until it takes connections; harmless while it runs. */
  readonly start: Effect.Effect<void, EmbeddedPostgresError>
  /**
   * Stops the server and waits until it has ended. `fast` disconnects clients
   * and writes a checkpoint, `immediate` aborts and leaves recovery to the next start.
   */
  readonly stop: (mode: "fast" | "immediate") => Effect.Effect<void>
  /** `stop("fast")`, then `start`. */
  readonly restart: Effect.Effect<void, EmbeddedPostgresError>
  /** Kills the server and all its backends with SIGKILL, as a power cut would; `start` recovers. */
  readonly crash: Effect.Effect<void>
  /** Waits until the server ends without having been asked to, and fails then with its last log lines. */
  readonly failure: Effect.Effect<never, EmbeddedPostgresError>
}>()("@millrace/postgres-embedded/EmbeddedPostgres") {}

/**
 * Options of both kinds of server.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ServerOptions {
  /** Port on 127.0.0.1. Defaults to any free one. */
  readonly port?: number | undefined
  /** Connections the server takes. Defaults to 200. */
  readonly maxConnections?: number | undefined
  /** More settings as in postgresql.conf, e.g. `{ log_statement: "all" }`. Defaults to none. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** How long to wait until the server takes connections. Defaults to 60 seconds. */
  readonly startTimeout?: Duration.Input | undefined
  /** How long a fast stop may take before an immediate one, and that before SIGKILL. Defaults to 10 seconds each. */
  readonly stopTimeout?: Duration.Input | undefined
}

/**
 * Options of a throw-away server.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface EphemeralOptions extends ServerOptions {
  /**
   * Flushes to disk, so that committed rows survive `crash` and a crash of the
   * machine. Defaults to false: fast, and only safe against a clean stop.
   */
  readonly durable?: boolean | undefined
}

/**
 * A server over a new cluster in a temporary folder, which is removed at the end.
 *
 * **Details**
 *
 * Takes about one second, most of it `initdb`. If this process is killed, a
 * watcher stops the server and removes the folder (not on Windows).
 *
 * **Errors**
 *
 * `EmbeddedPostgresError`, mostly with reason `UnsupportedPlatform`,
 * `NoSystemUser`, `PortInUse` (only with the option `port`) or `ServerFailed`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const ephemeral = (options: EphemeralOptions = {}): Layer.Layer<EmbeddedPostgres, EmbeddedPostgresError> =>
  Layer.effect(EmbeddedPostgres, Ephemeral.make(options)).pipe(Layer.provide(NodeFileSystem.layer))

/**
 * Options of a server that keeps its data.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PersistentOptions extends ServerOptions {
  /**
   * Folder for data, password, port and log; made when it is not there. Relative
   * paths are resolved against the working directory of this process.
   */
  readonly directory: string
}

/**
 * A server that keeps its data in a folder: `initdb` once, then the same cluster at every start.
 *
 * **Details**
 *
 * Commits are flushed to disk. Without the option `port`, the port of the last
 * start is used again if it is free. One process at a time may use the folder.
 * If this process is killed, a watcher stops the server (not on Windows); a
 * server that is still there at the next start is stopped first.
 *
 * As root, PostgreSQL runs as the user who owns the data, at first `postgres`,
 * else `nobody`, else any user but root; the folder may lie where that user may
 * not go (Linux).
 *
 * **Errors**
 *
 * `EmbeddedPostgresError`: `AlreadyRunning` when another living process uses
 * the folder, `IncompatibleData` when the data is of another major version,
 * `PortInUse` (only with the option `port`), `ServerFailed` with the last lines
 * of the log, and those of `ephemeral`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const persistent = (options: PersistentOptions): Layer.Layer<EmbeddedPostgres, EmbeddedPostgresError> =>
  Layer.effect(EmbeddedPostgres, Persistent.make(options)).pipe(Layer.provide(NodeFileSystem.layer))

/**
 * A `PgClient` and `SqlClient` for the server's database `postgres`.
 *
 * **Details**
 *
 * `config` takes the settings of `PgClient`, e.g. `maxConnections` (default 10).
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerClientWith = (
  config: Omit<PgClient.PgPoolConfig, "url">
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, SqlError.SqlError, EmbeddedPostgres> =>
  Layer.unwrap(EmbeddedPostgres.use(({ url }) => Effect.succeed(PgClient.layer({ ...config, url }))))

/**
 * A `PgClient` and `SqlClient` with default settings for the server's database `postgres`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerClient: Layer.Layer<
  PgClient.PgClient | SqlClient.SqlClient,
  SqlError.SqlError,
  EmbeddedPostgres
> = layerClientWith({})
