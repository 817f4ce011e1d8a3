/**
 * A running server as the service of the package: the part that throw-away and
 * lasting clusters share.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as Databases from "./databases.ts"
import type { Access } from "./dataPath.ts"
import type { Binaries } from "./platform.ts"
import * as Ports from "./ports.ts"
import * as Postmaster from "./postmaster.ts"
import * as Settings from "./settings.ts"
import type { SystemUser } from "./systemUser.ts"

/** The superuser of every cluster. */
export const superuser = "postgres"

/** The database that every cluster has. */
const maintenanceDatabase = "postgres"

/** Options that both kinds of cluster have. */
export interface CommonOptions {
  readonly port?: number | undefined
  readonly maxConnections?: number | undefined
  readonly settings?: Settings.Settings | undefined
  readonly startTimeout?: Duration.Input | undefined
  readonly stopTimeout?: Duration.Input | undefined
}

/** The defaults that the option docs of `EmbeddedPostgres` promise. */
export const withDefaults = (options: CommonOptions) => ({
  maxConnections: options.maxConnections ?? 200,
  settings: options.settings ?? {},
  startTimeout: options.startTimeout ?? "60 seconds",
  stopTimeout: options.stopTimeout ?? "10 seconds"
})

/** What the layers hand over after the data directory is there. */
export interface ServerOptions {
  readonly binaries: Binaries
  readonly user: SystemUser | undefined
  readonly directory: string
  readonly access: Access
  readonly log: string
  readonly password: Redacted.Redacted
  /** Ports to try in this order; undefined stands for any free one. */
  readonly ports: ReadonlyArray<number | undefined>
  readonly durable: boolean
  readonly maxConnections: number
  readonly settings: Settings.Settings
  readonly doomed: string
  readonly startTimeout: Duration.Input
  readonly stopTimeout: Duration.Input
}

/** The URL of a database. */
const urlOf = (port: number, password: Redacted.Redacted, database: string): Redacted.Redacted =>
  Redacted.make(
    `postgres://${superuser}:${encodeURIComponent(Redacted.value(password))}@${Ports.loopback}:${port}/${
      encodeURIComponent(database)
    }`
  )

const noPort = EmbeddedPostgresError.because(
  new EmbeddedPostgresError.SystemFailed({ operation: "find", path: Ports.loopback, detail: "no free port" })
)

const startOn = Effect.fnUntraced(function*(options: ServerOptions, wanted: number | undefined) {
  const port = wanted ?? (yield* Ports.free)
  if (port === undefined) return yield* noPort
  const postmaster = yield* Postmaster.make({
    ...options,
    port,
    settings: Settings.make({ ...options, port }),
    startTimeout: Duration.fromInputUnsafe(options.startTimeout),
    stopTimeout: Duration.fromInputUnsafe(options.stopTimeout)
  })
  yield* postmaster.start
  return { postmaster, port }
})

/** Takes the next port when one is taken: a port found free may be lost before the server binds it. */
const startOnFirst = (options: ServerOptions) =>
  options.ports.slice(1).reduce(
    (earlier, port) => Effect.catchReason(earlier, "EmbeddedPostgresError", "PortInUse", () => startOn(options, port)),
    startOn(options, options.ports[0])
  )

/** Starts the server; it is stopped when the scope closes. */
export const make = Effect.fnUntraced(function*(options: ServerOptions) {
  const { port, postmaster } = yield* startOnFirst(options)
  const url = urlOf(port, options.password, maintenanceDatabase)
  yield* Databases.ping(url)
  return {
    url,
    host: Ports.loopback,
    port,
    user: superuser,
    password: options.password,
    database: maintenanceDatabase,
    dataDirectory: options.directory,
    pid: postmaster.pid,
    createDatabase: (name: string, template?: string) =>
      Effect.as(Databases.create(url, name, template ?? "template1"), urlOf(port, options.password, name)),
    dropDatabase: (name: string) => Databases.drop(url, name),
    start: postmaster.start,
    stop: postmaster.stop,
    restart: Effect.andThen(postmaster.stop("fast"), postmaster.start),
    crash: postmaster.crash,
    failure: postmaster.failure
  }
})
