/**
 * Loaded by Node in front of a program that has a life line: starts the thread that waits for its end.
 *
 * @since 0.1.0
 */
import { isMainThread, Worker } from "node:worker_threads"
import * as LifeLine from "./LifeLine.ts"

const patience = process.env[LifeLine.variable]

// Threads and programs that this one starts inherit the arguments of Node, but no pipe.
if (isMainThread && patience !== undefined) {
  delete process.env[LifeLine.variable]
  // Whoever read along dies with the owner: a last line that nobody takes must not disturb an orderly stop.
  process.stdout.on("error", () => undefined)
  process.stderr.on("error", () => undefined)
  new Worker(new URL("./LifeLineThread.ts", import.meta.url), { execArgv: [], env: {}, workerData: Number(patience) })
    .unref()
}
