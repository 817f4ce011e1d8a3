/**
 * A worker of a storm: what a user would compose, with a ledger beside the database.
 *
 * Prints `ready` when it serves. Ends by itself when whoever started it is gone.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Queue from "@millrace/queue/Queue"
import * as Worker from "@millrace/queue/Worker"
import { WorkerIdentity } from "@millrace/queue/WorkerIdentity"
import * as PgHeart from "@millrace/storage-postgres/PgHeart"
import * as PgStorage from "@millrace/storage-postgres/PgStorage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { flushCompileCache } from "node:module"
import * as CrashJobs from "./CrashJobs.ts"
import * as CrashLedger from "./CrashLedger.ts"
import * as ProcessOrder from "./ProcessOrder.ts"
import * as WatchedStorage from "./WatchedStorage.ts"

const order = ProcessOrder.read(process.env)

process.stdin.on("end", () => process.exit(1)).resume()

const ledger = CrashLedger.open(order.ledger)

const worker = CrashJobs.layer(ledger).pipe(
  Layer.provideMerge([Queue.layer, Worker.layer(order.worker)]),
  Layer.provide(WatchedStorage.layer(ledger)),
  Layer.provide(Layer.merge(PgStorage.layer, PgHeart.layer)),
  Layer.provide(PgClient.layer({
    url: Redacted.make(order.database),
    applicationName: order.name,
    connectTimeout: "5 seconds",
    keepAlive: "10 seconds"
  })),
  Layer.provide(Layer.succeed(WorkerIdentity, { host: order.name, pid: process.pid, release: "crash" })),
  Layer.provide(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]))
)

// Who is killed writes no compile cache at its end: without this every start would compile everything anew.
const announce = Effect.sync(() => {
  console.log("ready")
  flushCompileCache()
})

Layer.launch(Layer.effectDiscard(announce).pipe(Layer.provideMerge(worker))).pipe(
  NodeRuntime.runMain({
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)
  })
)
