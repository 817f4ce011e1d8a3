#!/usr/bin/env node
/**
 * The program `millrace-worker`: serves jobs from the PostgreSQL that `DATABASE_URL` names.
 *
 * SIGTERM and SIGINT stop it gracefully (exit 0); a second one at once (exit 130). `WorkerSettings.ts` lists the
 * settings.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as SystemJobs from "@millrace/jobs/SystemJobs"
import * as Worker from "@millrace/queue/Worker"
import { WorkerIdentity } from "@millrace/queue/WorkerIdentity"
import * as PgHeart from "@millrace/storage-postgres/PgHeart"
import * as PgMigrations from "@millrace/storage-postgres/PgMigrations"
import * as PgPooledClient from "@millrace/storage-postgres/PgPooledClient"
import * as PgSampleStorage from "@millrace/storage-postgres/PgSampleStorage"
import * as PgScheduleStorage from "@millrace/storage-postgres/PgScheduleStorage"
import * as PgServiceStorage from "@millrace/storage-postgres/PgServiceStorage"
import * as PgStorage from "@millrace/storage-postgres/PgStorage"
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { hostname } from "node:os"
import * as DatabaseGate from "./DatabaseGate.ts"
import * as Environment from "./Environment.ts"
import * as EventLoopLoad from "./EventLoopLoad.ts"
import * as JobsModule from "./JobsModule.ts"
import * as Logging from "./Logging.ts"
import * as Program from "./Program.ts"
import * as Reason from "./Reason.ts"
import * as Recycler from "./Recycler.ts"
import * as Telemetry from "./Telemetry.ts"
import * as WorkerSettings from "./WorkerSettings.ts"

const database = ({
  databaseConnectTimeout,
  databaseConnections,
  databaseIdleTimeout,
  databaseMinConnections,
  databaseUrl,
  recycle
}: WorkerSettings.WorkerSettings) =>
  Layer.mergeAll(
    Layer.provideMerge(PgScheduleStorage.layer, PgStorage.layer),
    PgSampleStorage.layer,
    // Of what the server keeps, the worker is given this alone.
    Layer.effect(SystemJobs.AuditPrune, Effect.map(PgServiceStorage.make(), ({ audit }) => audit.prune)),
    PgHeart.layerWith({ recycle: recycle !== null })
  ).pipe(
    Layer.provideMerge(PgPooledClient.layer({
      url: databaseUrl,
      maxConnections: databaseConnections,
      minConnections: databaseMinConnections,
      idleTimeout: databaseIdleTimeout,
      applicationName: "millrace-worker",
      connectTimeout: databaseConnectTimeout,
      // An idle connection that is dead without a word is found before somebody needs it.
      keepAlive: "10 seconds"
    }))
  )

const release = "0.1.0"

/** What the registration says of this process. */
const identity = Layer.sync(WorkerIdentity, () => ({ host: hostname(), pid: process.pid, release }))

const serve = Effect.fnUntraced(function*(settings: WorkerSettings.WorkerSettings) {
  const modules = yield* Effect.forEach(settings.jobs, JobsModule.load)
  const gate = DatabaseGate.pass(
    settings.migrate ? PgMigrations.migrate() : DatabaseGate.expectApplied(PgMigrations.status())
  )
  const program = Program.layer(settings, modules.flat()).pipe(
    Layer.provide(Layer.effectDiscard(gate)),
    Layer.provide(database(settings)),
    Layer.provide([identity, EventLoopLoad.layer])
  )
  const { recycle } = settings
  const life = Effect.flatMap(
    Worker.Worker,
    (worker) => recycle === null ? Effect.never : Recycler.watch(worker, recycle)
  )
  return yield* Effect.provide(life, program)
})

const command = Command.make(
  "millrace-worker",
  WorkerSettings.flags,
  Effect.fnUntraced(function*(flags) {
    const settings = yield* WorkerSettings.resolve(flags)
    const observed = Layer.provideMerge(
      Telemetry.layer("millrace-worker"),
      Logging.layer(settings, process.stdout.isTTY)
    )
    return yield* Effect.provide(serve(settings), observed)
  })
).pipe(
  Command.withDescription("Runs jobs: the built-in ones and those of your modules"),
  Command.withExamples([{
    command: "millrace-worker --jobs ./my-jobs.ts --queue default --concurrency 20",
    description: "Serve the jobs of a module, twenty at a time"
  }])
)

// The first signal is the runtime's: it interrupts the program, which drains. Who sends a second one means now.
let signals = 0
const countSignal = () => {
  signals += 1
  if (signals > 1) process.exit(130)
}
process.on("SIGINT", countSignal)
process.on("SIGTERM", countSignal)

// The help goes to the standard output where the flags are read; what was wrong with them is said here.
const report = (cause: Cause.Cause<unknown>) =>
  Cause.hasInterruptsOnly(cause)
    ? Effect.void
    : Effect.forEach(Reason.ofCause(cause, process.env), (reason) => Console.error(`millrace-worker: ${reason}`), {
      discard: true
    })

Command.run(command, { version: release, renderErrors: false }).pipe(
  Effect.provide([NodeServices.layer, ConfigProvider.layer(Environment.provider(process.env))]),
  Effect.tapCause(report),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)
  })
)
