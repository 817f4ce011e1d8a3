/**
 * A process of the comparison: worker, producer or observer of any queue, by its adapter.
 */
import { flushCompileCache } from "node:module"
import { setTimeout as sleep } from "node:timers/promises"
import * as CrashLedger from "./CrashLedger.ts"
import type { make } from "./MillracePeer.ts"
import * as ProcessOrder from "./ProcessOrder.ts"

const order = ProcessOrder.read(process.env)
const { adapter = "", role = "worker" } = order

process.stdin.on("end", () => process.exit(1)).resume()

// What the library leaves unhandled is told in the log: it must not decide the comparison.
process.on("unhandledRejection", (reason) => console.error("unhandled rejection:", reason))
process.on("uncaughtException", (error) => console.error("uncaught exception:", error.message))

const module: { readonly make: typeof make } = await import(adapter)
const peer = module.make(order.database)
const ledger = CrashLedger.open(order.ledger)

/** Every so many jobs one is poison, in a run with poison. */
const poisonEvery = 24

let executions = 0

const handle = async (number: number): Promise<void> => {
  executions += 1
  // Peers have no token: any number that no other execution has will do.
  const entry = { id: String(number), token: process.pid * 1_000_000 + executions, leaseId: "-" }
  ledger.started(entry)
  if (order.poison > 0 && number % poisonEvery === 5) {
    await sleep(20)
    process.abort()
  }
  await sleep(20 + number % 41)
  ledger.ended(entry, "c")
}

/** Jobs of one call. */
const batch = 20

const produce = async (): Promise<void> => {
  const startedMillis = performance.now()
  let next = 0
  let accepted = 0
  while (accepted < order.jobs) {
    const due = Math.min(order.jobs, (performance.now() - startedMillis) / 1_000 * order.perSecond)
    if (accepted >= due) {
      await sleep(20)
      continue
    }
    const numbers = Array.from({ length: Math.min(batch, order.jobs - accepted) }, () => next++)
    try {
      await peer.enqueueMany(numbers)
      ledger.acknowledged(numbers.map(String))
      accepted += numbers.length
    } catch (error) {
      console.error("not accepted:", error)
      await sleep(200)
    }
  }
  process.exit(0)
}

const observe = async (): Promise<void> => {
  while (true) {
    const count = await peer.unfinished().catch(() => -1)
    console.log(`unfinished ${count}`)
    await sleep(1_000)
  }
}

if (role === "setup") {
  await peer.setup()
  process.exit(0)
}

const connected = async (): Promise<void> => {
  try {
    await peer.connect()
  } catch (error) {
    console.error("not connected:", error)
    await sleep(300)
    return connected()
  }
}

await connected()
const { concurrency = 10 } = order.worker
// Peers know a fixed number of slots alone.
const slots = typeof concurrency === "number" ? concurrency : concurrency.max
if (role === "worker") await peer.work(slots, handle)
console.log("ready")
flushCompileCache()
if (role === "producer") await produce()
if (role === "observer") await observe()
