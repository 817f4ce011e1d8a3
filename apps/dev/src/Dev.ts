/**
 * One run of Millrace on this machine: database, migrations, server and worker, in this order, and back.
 *
 * Stopping takes less than ten seconds, however long a job runs: server and worker get `programGrace` to stop by
 * themselves, side by side, then PostgreSQL gets `databaseGrace` before it is stopped without a checkpoint, which costs
 * it a recovery at the next start and nobody any data.
 *
 * @since 0.1.0
 */
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { join, relative } from "node:path"
import * as Banner from "./Banner.ts"
import * as DatabaseKeeper from "./DatabaseKeeper.ts"
import type { DevConfig } from "./DevConfig.ts"
import { withoutPassword } from "./DevConfig.ts"
import type { Output } from "./Output.ts"
import type { Program } from "./Program.ts"
import * as Readiness from "./Readiness.ts"
import * as RunNote from "./RunNote.ts"
import * as ServerPort from "./ServerPort.ts"
import type { StopSignals } from "./StopSignals.ts"
import * as Supervisor from "./Supervisor.ts"

/** Time that server and worker get to stop by themselves: the worker's own grace and a second for the last writes. */
const programGrace = Duration.millis(7_300)

/** Time that running jobs get in a worker that stops. */
const workerGrace = "6 seconds"

/** Time that running requests get in a server that stops. */
const serverGrace = "3 seconds"

/** Time that PostgreSQL gets for a stop with a checkpoint. */
const databaseGrace = Duration.millis(1_700)

/** The database as far as a start needs it: `main.ts` chooses the driver. */
export interface Tables {
  /** Answers the names of what it applied. */
  readonly migrate: Effect.Effect<ReadonlyArray<string>, Failure>
  /** Process ids of the registered workers. */
  readonly workers: Effect.Effect<ReadonlyArray<number>, Failure>
}

/** An error that has something to say to the person who started this. */
export interface Failure {
  readonly message: string
}

/** The database of `DATABASE_URL` does not let itself be used. */
class DatabaseUnusable extends Schema.TaggedError<DatabaseUnusable>()("DatabaseUnusable", {
  url: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `The database ${this.url} can not be used: ${this.detail.replace(/\.$/, "")}. ` +
      "Check DATABASE_URL, or leave it out for the embedded PostgreSQL."
  }
}

/** What a run is made of. */
export interface Options {
  readonly config: DevConfig
  readonly environment: { readonly [variable: string]: string | undefined }
  readonly output: Output
  readonly signals: StopSignals
  readonly tables: (url: Redacted.Redacted) => Effect.Effect<Tables, Failure, Scope.Scope>
  /** Called with what kills server and worker at once, when there is something to kill. */
  readonly onSupervisor: (supervisor: Supervisor.Supervisor) => void
}

/** Runs until it is interrupted; what it started stops with the scope. */
export const run = Effect.fnUntraced(function*(options: Options) {
  const { config, output, signals } = options
  const port = yield* choosePort(config)
  const url = `http://${ServerPort.host}:${port}`
  yield* RunNote.leave(config.dataFolder, url)
  yield* Effect.asVoid(ServerPort.find(port))
  const database = config.databaseUrl ?? (yield* embedded(options))
  const supervisor = yield* Supervisor.make({
    programs: programsOf(options, port, database),
    output,
    grace: programGrace,
    urgent: signals.urgent
  })
  options.onSupervisor(supervisor)
  yield* Effect.scoped(startAll(options, supervisor, database, url))
  yield* supervisor.settled
  output.text(Banner.render(factsOf(config, supervisor, database, url)))
  return yield* Effect.never
})

/** A free port is chosen once, the note names it. */
const choosePort = (config: DevConfig) => config.port === 0 ? ServerPort.find(0) : Effect.succeed(config.port)

const shown = (root: string, path: string): string => {
  const below = relative(root, path)
  return below.startsWith("..") ? path : below
}

const postgresFolder = (config: DevConfig): string => join(config.dataFolder, "postgres")

/** Boots the embedded PostgreSQL, keeps it running, and stops it with the scope. */
const embedded = Effect.fnUntraced(function*({ config, output, signals }: Options) {
  const directory = postgresFolder(config)
  output.line("dev", `starting PostgreSQL 18 in ${shown(config.root, directory)} …`)
  const context = yield* Layer.build(EmbeddedPostgres.persistent({
    directory,
    startTimeout: "3 minutes",
    stopTimeout: databaseGrace
  })).pipe(
    Effect.catchReason(
      "EmbeddedPostgresError",
      "AlreadyRunning",
      ({ pid }) => Effect.fail(new RunNote.AlreadyRuns({ folder: config.dataFolder, pid, url: null }))
    )
  )
  const postgres = Context.get(context, EmbeddedPostgres.EmbeddedPostgres)
  yield* Effect.addFinalizer(() => signals.isUrgent() ? postgres.stop("immediate") : Effect.void)
  yield* Effect.forkScoped(DatabaseKeeper.keep(postgres, output))
  return postgres.url
})

const programsOf = (
  { config, environment }: Options,
  port: number,
  database: Redacted.Redacted
): ReadonlyArray<Program> => {
  const shared = {
    ...environment,
    DATABASE_URL: Redacted.value(database),
    MILLRACE_HOST: ServerPort.host,
    MILLRACE_PORT: String(port),
    MILLRACE_DATA_DIR: config.dataFolder,
    MILLRACE_MIGRATE: "off"
  }
  const program = (name: string, more: { readonly [variable: string]: string }): Program => ({
    name,
    entry: join(config.root, "apps", name, "src", "main.ts"),
    folder: config.root,
    environment: { ...shared, ...more }
  })
  return [program("server", { MILLRACE_GRACE: serverGrace }), program("worker", { MILLRACE_GRACE: workerGrace })]
}

const startAll = Effect.fnUntraced(function*(
  { config, output, tables }: Options,
  supervisor: Supervisor.Supervisor,
  database: Redacted.Redacted,
  url: string
) {
  const shownUrl = withoutPassword(Redacted.value(database))
  output.line("dev", `migrating ${shownUrl} …`)
  const { migrate, workers } = yield* tables(database)
  const applied = yield* Effect.mapError(
    migrate,
    (error) => config.databaseUrl === null ? error : new DatabaseUnusable({ url: shownUrl, detail: error.message })
  )
  if (applied.length > 0) output.line("dev", `migrated: ${applied.join(", ")}`)
  output.line("dev", "starting server and worker …")
  yield* supervisor.start
  const isRegistered = Effect.map(workers, (pids) => pids.some((pid) => pid === supervisor.pid("worker")))
  yield* Effect.raceFirst(
    Effect.andThen(
      Readiness.wait("server", Readiness.answers(`${url}/ready`), output),
      Readiness.wait("worker", isRegistered, output)
    ),
    supervisor.failure
  )
})

const factsOf = (
  config: DevConfig,
  supervisor: Supervisor.Supervisor,
  database: Redacted.Redacted,
  url: string
): Banner.Facts => ({
  url,
  databaseUrl: withoutPassword(Redacted.value(database)),
  passwordFile: config.databaseUrl === null ? shown(config.root, join(postgresFolder(config), "cluster.json")) : null,
  dataFolder: config.dataFolder,
  serverPid: supervisor.pid("server") ?? 0,
  workerPid: supervisor.pid("worker") ?? 0
})
