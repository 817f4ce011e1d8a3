/**
 * The thread that waits for the end of the life line: asks its program to stop then, and ends it when it does not.
 *
 * @since 0.1.0
 */
import { Socket } from "node:net"
import { workerData } from "node:worker_threads"
import * as LifeLine from "./LifeLine.ts"

const patienceMillis: number = workerData

const line = new Socket({ fd: LifeLine.descriptor, readable: true, writable: false })

line.on("error", () => undefined)
line.once("close", () => {
  process.kill(process.pid, "SIGTERM")
  setTimeout(() => process.kill(process.pid, "SIGKILL"), patienceMillis)
})
line.resume()
