/**
 * What `npm start` runs: Millrace with everything it needs, on this machine.
 *
 * Boots a PostgreSQL 18 in `.millrace/postgres` (or uses `DATABASE_URL`), migrates it, keeps a server and a worker
 * running, and says what runs where. `DevConfig.ts` lists the settings.
 *
 * Ctrl-C, SIGTERM or SIGHUP stop everything within ten seconds; a second one stops at once. Exit codes: 0 after a stop
 * that was asked for, 130 after one at once, 1 when it could not start.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as PgClient from "@effect/sql-pg/PgClient"
import { PgMigrations, PgStorage } from "@millrace/storage-postgres"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Redacted from "effect/Redacted"
import { dirname } from "node:path"
import * as Dev from "./Dev.ts"
import * as DevConfig from "./DevConfig.ts"
import * as Output from "./Output.ts"
import * as StopSignals from "./StopSignals.ts"
import type { Supervisor } from "./Supervisor.ts"

/** Whatever hangs, this is the end: milliseconds after the first request to stop. */
const latestMillis = 9_500

const root = dirname(dirname(dirname(import.meta.dirname)))

const output = Output.make(process.stdout)

const logger = Logger.make(({ message }) =>
  output.line("dev", Array.isArray(message) ? message.join(" ") : String(message))
)

const tables = Effect.fnUntraced(function*(url: Redacted.Redacted) {
  const client = yield* Layer.build(PgClient.layer({
    url,
    maxConnections: 2,
    applicationName: "millrace-dev",
    connectTimeout: "10 seconds"
  }))
  const storage = yield* Effect.provide(PgStorage.make(), client)
  return {
    migrate: Effect.provide(PgMigrations.migrate(), client),
    workers: Effect.map(storage.overview, ({ workers }) => workers.map(({ info }) => info.pid))
  }
})

const main = Effect.gen(function*() {
  const signals = yield* StopSignals.listen
  const config = yield* Effect.fromResult(DevConfig.parse(process.env, root))
  let supervisor: Supervisor | undefined
  const run = yield* Effect.forkChild(Effect.scoped(Dev.run({
    config,
    environment: process.env,
    output,
    signals,
    tables,
    onSupervisor: (made) => void (supervisor = made)
  })))
  const reason = yield* Effect.raceFirst(signals.requested, Fiber.join(run))
  output.line("dev", `stopping (${reason}); a second Ctrl-C stops at once …`)
  setTimeout(() => {
    output.line("dev", "not everything stopped in time")
    supervisor?.killNow()
    process.exit(1)
  }, latestMillis).unref()
  yield* Fiber.interrupt(run)
  output.line("dev", signals.isUrgent() ? "stopped at once" : "stopped")
  return signals.isUrgent() ? 130 : 0
}).pipe(Effect.provide([NodeFileSystem.layer, Logger.layer([logger])]))

const explain = (cause: Cause.Cause<Dev.Failure>): void => {
  const failure = Cause.findErrorOption(cause)
  output.text(`\n${failure._tag === "Some" ? failure.value.message : Cause.pretty(cause)}\n`)
}

Effect.runFork(main).addObserver((exit) => {
  if (Exit.isFailure(exit)) explain(exit.cause)
  // Not process.exit: what is still to be written to a slow terminal is written first.
  process.exitCode = Exit.isSuccess(exit) ? exit.value : 1
  process.stdout.write("", () => process.exit())
})
