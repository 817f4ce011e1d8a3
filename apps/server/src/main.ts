/**
 * The program `millrace-server`: the HTTP API on the PostgreSQL that `DATABASE_URL` names.
 *
 * Starts whether the database is there or not, and answers 503 until it is. `ServerConfig.ts` lists the settings.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as PgClient from "@effect/sql-pg/PgClient"
import { BuiltinJobs } from "@millrace/jobs"
import { PgMigrations, PgStorage } from "@millrace/storage-postgres"
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as JobsModule from "./JobsModule.ts"
import * as Logging from "./Logging.ts"
import * as Migrations from "./Migrations.ts"
import * as Server from "./Server.ts"
import * as ServerConfig from "./ServerConfig.ts"

/** Below the time limit of a request, so that a statement in flight does not hold up the answer or the stop. */
const statementDeadline = "8 seconds"

const database = ({ databaseConnections, databaseUrl, migrate }: ServerConfig.ProgramConfig) =>
  Layer.mergeAll(
    PgStorage.layerWith({ deadline: statementDeadline }),
    migrate ? Layer.effectDiscard(Effect.forkScoped(Migrations.run(PgMigrations.migrate()))) : Layer.empty
  ).pipe(
    Layer.provide(PgClient.layer({
      url: databaseUrl,
      maxConnections: databaseConnections,
      applicationName: "millrace-server",
      connectTimeout: "5 seconds"
    }))
  )

const announce = Layer.effectDiscard(
  HttpServer.addressFormattedWith((address) =>
    Effect.logInfo(`Millrace API on ${address}, reference on ${address}/docs`)
  )
)

const program = Effect.fnUntraced(function*(jobsPath: Option.Option<string>) {
  const server = yield* ServerConfig.server
  const program = yield* ServerConfig.program
  const path = Option.orElse(jobsPath, () => program.jobs)
  const module = Option.isNone(path) ? [] : yield* JobsModule.load(path.value)
  return announce.pipe(
    Layer.provide(Server.layer({ config: server, jobs: { builtIn: BuiltinJobs.definitions, module } })),
    Layer.provide(database(program))
  )
})

const command = Command.make("millrace-server", {
  jobs: Flag.Path("jobs").pipe(
    Flag.withDescription("A module whose exported job definitions the server knows; also MILLRACE_JOBS"),
    Flag.optional
  )
}, ({ jobs }) => Layer.launch(Layer.unwrap(program(jobs)))).pipe(
  Command.withDescription("The HTTP API of Millrace, on the PostgreSQL that DATABASE_URL names")
)

const isStop = <A, E>(exit: Exit.Exit<A, E>) => Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide([NodeServices.layer, Logging.layer(process.stdout.isTTY)]),
  NodeRuntime.runMain({ teardown: (exit, onExit) => onExit(isStop(exit) ? 0 : 1) })
)
