/**
 * A thread of `npm run simulate`: takes every n-th seed and tells what came of them now and then.
 */
import { Scenario, Simulation } from "@millrace/testing"
import { parentPort, workerData } from "node:worker_threads"
import * as Summary from "./Summary.ts"

/** The seeds of a thread. */
export interface Share {
  readonly first: number
  readonly last: number
  readonly step: number
}

/** Seeds between two messages. */
const seedsPerMessage = 20

const share = workerData as Share
const tell = parentPort?.postMessage.bind(parentPort)
let found = Summary.none
for (let seed = share.first; seed <= share.last; seed += share.step) {
  const { breach, events, executions, faults, jobs, virtualMillis } = Simulation.run(Scenario.make(seed))
  const failed = breach === null ? [] : [{ seed, invariant: breach.invariant, detail: breach.detail }]
  found = Summary.add(found, { seeds: 1, failed, jobs, executions, faults, events, virtualMillis })
  if (found.seeds < seedsPerMessage && seed + share.step <= share.last) continue
  tell?.(found)
  found = Summary.none
}
