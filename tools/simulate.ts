/**
 * Runs simulations of whole clusters over a range of seeds, on all cores: `npm run simulate -- --seeds 10000`.
 *
 * Shows its progress, explains the first seed that breaks an invariant (shrunk, with its events), and ends with one line.
 * The exit code is 0 only when all invariants held in all seeds.
 */
import { Scenario, Simulation } from "@millrace/testing"
import { writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { Share } from "./src/simulate/crew.ts"
import type { Request } from "./src/simulate/Request.ts"
import * as Requests from "./src/simulate/Request.ts"
import * as Summary from "./src/simulate/Summary.ts"

const request = Requests.parse(process.argv.slice(2), availableParallelism())
if (typeof request === "string") {
  console.error(request)
  process.exitCode = 2
} else {
  const startMillis = performance.now()
  const total = await runAll(request)
  for (const { detail, invariant, seed } of total.failed) console.log(`seed ${seed} breaks ${invariant}: ${detail}`)
  const [first] = total.failed
  if (first !== undefined) console.log(`\n${Simulation.explain(Scenario.make(first.seed))}\n`)
  const seconds = (performance.now() - startMillis) / 1_000
  if (request.json !== null) {
    writeFileSync(request.json, `${JSON.stringify({ ...total, first: request.first, seconds }, null, 2)}\n`)
  }
  console.log(Summary.render(total, seconds))
  process.exitCode = total.failed.length === 0 && total.seeds === request.seeds ? 0 : 1
}

async function runAll({ first, seeds, threads }: Request): Promise<Summary.Summary> {
  let total = Summary.none
  let shownMillis = performance.now()
  const hear = (part: Summary.Summary) => {
    total = Summary.add(total, part)
    const now = performance.now()
    if (now - shownMillis < 1_000) return
    shownMillis = now
    process.stderr.write(`${total.seeds} of ${seeds} seeds, ${total.failed.length} failed\n`)
  }
  await Promise.all(
    Array.from(
      { length: threads },
      (_, index) => runShare({ first: first + index, last: first + seeds - 1, step: threads }, hear)
    )
  )
  return total
}

function runShare(share: Share, hear: (part: Summary.Summary) => void): Promise<void> {
  const thread = new Worker(new URL("src/simulate/crew.ts", import.meta.url), { workerData: share })
  return new Promise((resolve, reject) => {
    thread.on("message", hear)
    thread.on("error", reject)
    thread.on("exit", () => resolve())
  })
}
