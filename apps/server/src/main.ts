#!/usr/bin/env node
/**
 * The program `millrace-server`: the HTTP API on the PostgreSQL that `DATABASE_URL` names.
 *
 * Starts whether the database is there or not, and answers 503 until it is. SIGTERM and SIGINT stop it gracefully
 * (exit 0). `ServerConfig.ts` lists the settings.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as BuiltinJobs from "@millrace/jobs/BuiltinJobs"
import * as JobDefaults from "@millrace/queue/JobDefaults"
import * as PayloadCodec from "@millrace/queue/PayloadCodec"
import * as PoolWatch from "@millrace/queue/PoolWatch"
import * as PgMigrations from "@millrace/storage-postgres/PgMigrations"
import * as PgPooledClient from "@millrace/storage-postgres/PgPooledClient"
import * as PgReplica from "@millrace/storage-postgres/PgReplica"
import * as PgSampleStorage from "@millrace/storage-postgres/PgSampleStorage"
import * as PgScheduleStorage from "@millrace/storage-postgres/PgScheduleStorage"
import * as PgServiceStorage from "@millrace/storage-postgres/PgServiceStorage"
import * as PgStorage from "@millrace/storage-postgres/PgStorage"
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as ApiKeyText from "./ApiKeyText.ts"
import * as JobsModule from "./JobsModule.ts"
import * as Logging from "./Logging.ts"
import * as Migrations from "./Migrations.ts"
import * as RedisCache from "./RedisCache.ts"
import * as Replica from "./Replica.ts"
import * as Server from "./Server.ts"
import * as ServerConfig from "./ServerConfig.ts"
import * as StartFailure from "./StartFailure.ts"
import * as Telemetry from "./Telemetry.ts"

/** Below the time limit of a request, so that a statement in flight does not hold up the answer or the stop. */
const statementDeadline = "8 seconds"

const poolOf = (config: ServerConfig.ProgramConfig) => ({
  maxConnections: config.databaseConnections,
  minConnections: config.databaseMinConnections,
  idleTimeout: config.databaseIdleTimeout,
  connectTimeout: config.databaseConnectTimeout
})

const database = (config: ServerConfig.ProgramConfig) =>
  Layer.mergeAll(
    Layer.provideMerge(
      PgScheduleStorage.layerWith({ deadline: statementDeadline }),
      PgStorage.layerWith({ deadline: statementDeadline })
    ),
    PgServiceStorage.layerWith({ deadline: statementDeadline }),
    PgSampleStorage.layerWith({ deadline: statementDeadline }),
    replica(config),
    counts(config),
    config.migrate ? Layer.effectDiscard(Effect.forkScoped(Migrations.run(PgMigrations.migrate()))) : Layer.empty
  ).pipe(
    Layer.provideMerge(PgPooledClient.layer({
      ...poolOf(config),
      url: config.databaseUrl,
      applicationName: "millrace-server"
    }))
  )

/** Below the deadline of the primary, which answers what the replica did not. */
const replicaDeadline = "3 seconds"

const replica = (config: ServerConfig.ProgramConfig) =>
  config.replicaUrl === null ? Layer.empty : Layer.effect(
    Replica.Replica,
    Effect.gen(function*() {
      const { client } = yield* PgPooledClient.make({
        ...poolOf(config),
        url: config.replicaUrl ?? config.databaseUrl,
        applicationName: "millrace-server replica"
      })
      return { ...(yield* PgReplica.make(client, { deadline: replicaDeadline })), maxLag: config.replicaLag }
    })
  ).pipe(Layer.provide(Reactivity.layer))

const counts = ({ cacheTtl, cacheUrl, databaseUrl }: ServerConfig.ProgramConfig) =>
  cacheUrl === null ? Layer.empty : RedisCache.layer({ url: cacheUrl, timeToLive: cacheTtl, databaseUrl })

const announce = Layer.effectDiscard(
  HttpServer.addressFormattedWith((address) =>
    Effect.logInfo(`Millrace API on ${address}, its reference on ${address}/docs`)
  )
)

/** What a drain runs: the built-in jobs, and those of the modules. */
const handlersOf = Effect.fnUntraced(function*(files: ReadonlyArray<string>) {
  const modules = yield* Effect.forEach(files, JobsModule.loadLayers)
  return [Layer.provide(BuiltinJobs.layer, NodeServices.layer), ...modules.flat()]
})

const program = Effect.fnUntraced(function*(paths: ReadonlyArray<string>) {
  const config = yield* ServerConfig.server
  const program = yield* ServerConfig.program
  const files = paths.length > 0 ? paths : program.jobs
  const modules = yield* Effect.forEach(files, JobsModule.load)
  const handlers = config.drainSecret === null ? [] : yield* handlersOf(files)
  const watch = Layer.effectDiscard(Effect.forkScoped(PoolWatch.watch(program.metricsInterval)))
  return Layer.merge(announce, watch).pipe(
    Layer.provide(
      Server.layer({ config, handlers, jobs: { builtIn: BuiltinJobs.definitions, module: modules.flat() } })
    ),
    Layer.provide(PayloadCodec.layerText(program.payloadKeys)),
    Layer.provide(JobDefaults.layer(program.jobDefaults)),
    Layer.provide(database(program))
  )
})

const observed = Layer.provideMerge(Telemetry.layer("millrace-server"), Logging.layer(process.stdout.isTTY))

const newKey = Command.make(
  "new-key",
  {},
  () => Effect.flatMap(ApiKeyText.make, (key) => Console.log(ApiKeyText.toText(key)))
).pipe(Command.withDescription("Prints a new key for MILLRACE_ADMIN_KEY; stores nothing"))

const command = Command.make("millrace-server", {
  jobs: Flag.String("jobs").pipe(
    Flag.withDescription(
      "A module (.ts, .js) whose exported job definitions are known; repeatable; also MILLRACE_JOBS"
    ),
    Flag.withMetavar("<module>"),
    Flag.atLeast(0)
  )
}, ({ jobs }) => Effect.provide(Layer.launch(Layer.unwrap(program(jobs))), observed)).pipe(
  Command.withDescription("Serves the HTTP API on the PostgreSQL that DATABASE_URL names"),
  Command.withSubcommands([newKey])
)

const isStop = (cause: Cause.Cause<unknown>) => Cause.hasInterruptsOnly(cause)

const report = (cause: Cause.Cause<unknown>) =>
  isStop(cause)
    ? Effect.void
    : Effect.forEach(StartFailure.linesOf(cause, process.env), (line) => Console.error(`millrace-server: ${line}`), {
      discard: true
    })

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide([NodeServices.layer, ConfigProvider.layer(ServerConfig.provider(process.env))]),
  Effect.tapCause(report),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || isStop(exit.cause) ? 0 : 1)
  })
)
