/**
 * Pulse: says that the event loop lives, and notices when it did not.
 *
 * A handler that computes without a pause holds up every other handler of the process, its time-outs and renewals. A heart
 * keeps the lease meanwhile; that it was needed is worth a line and a count.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Defaults from "../Defaults.ts"
import * as Metrics from "../Metrics.ts"
import * as JobLog from "./jobLog.ts"
import * as Loop from "./loop.ts"
import * as Workshop from "./workshop.ts"

/** The pulse of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<never> => {
  const memory = { dueMillis: Infinity }
  return { name: "pulse", wake: Latch.makeUnsafe(false), step: Effect.sync(() => step(shop, memory)) }
}

const step = (shop: Workshop.Workshop, memory: { dueMillis: number }): Loop.Pause => {
  shop.heart?.sign()
  const nowMillis = Workshop.nowMillis(shop)
  if (nowMillis - memory.dueMillis >= Defaults.blockedMillis) report(shop, nowMillis - memory.dueMillis)
  memory.dueMillis = nowMillis + Defaults.pulseMillis
  return Loop.exactly(Defaults.pulseMillis)
}

const report = (shop: Workshop.Workshop, lateMillis: number): void => {
  Metrics.blocked.updateUnsafe(1, shop.context)
  const blockedMillis = Math.round(lateMillis)
  JobLog.say(shop, "Warn", `the event loop stood still for ${blockedMillis} ms: nothing else ran meanwhile`, {
    worker: shop.session.workerId,
    blockedMillis,
    running: runningNames(shop)
  })
}

/** The names of what runs: one of them is likely the cause. */
const runningNames = (shop: Workshop.Workshop): string =>
  [...new Set([...shop.table.held].flatMap(({ claim, phase }) => phase === "running" ? [claim.name] : []))].join(", ")
