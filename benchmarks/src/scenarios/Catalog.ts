/**
 * All scenarios, in the order in which they run.
 */
import type { Scenario } from "../Scenario.ts"
import { backlogFinished, backlogScheduled } from "./backlog.ts"
import { drainOne, drainTwo, endToEnd } from "./drain.ts"
import { apiEnqueueBatch, apiEnqueueOne, enqueueBulk, enqueueOne } from "./enqueue.ts"
import { heldSnapshot } from "./heldSnapshot.ts"
import { latency } from "./latency.ts"
import { payloadOne, payloadThirtyTwo } from "./payload.ts"
import { tenants } from "./tenants.ts"

/** All scenarios. */
export const scenarios: ReadonlyArray<Scenario> = [
  enqueueOne,
  enqueueBulk,
  apiEnqueueOne,
  apiEnqueueBatch,
  drainOne,
  drainTwo,
  endToEnd,
  latency,
  backlogScheduled,
  backlogFinished,
  tenants,
  heldSnapshot,
  payloadOne,
  payloadThirtyTwo
]
