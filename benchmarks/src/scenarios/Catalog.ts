/**
 * All scenarios, in the order in which they run.
 */
import type { Scenario } from "../Scenario.ts"
import { drainOne, drainTwo, endToEnd } from "./drain.ts"
import { enqueueBulk, enqueueOne } from "./enqueue.ts"
import { latency } from "./latency.ts"

/** All scenarios. */
export const scenarios: ReadonlyArray<Scenario> = [
  enqueueOne,
  enqueueBulk,
  drainOne,
  drainTwo,
  endToEnd,
  latency
]
