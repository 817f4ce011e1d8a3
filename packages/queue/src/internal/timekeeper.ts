/**
 * Timekeeper: interrupts attempts when their time is over, and all attempts of a session before its lease ends.
 *
 * It sleeps until the next deadline of the table. A handler that goes on after it was interrupted is reported as stuck:
 * its slot stays taken and its lease is renewed until it ends, so that its job does not run twice at a time.
 */
import * as Effect from "effect/Effect"
import * as Defaults from "../Defaults.ts"
import * as Metrics from "../Metrics.ts"
import type { Held } from "./claimTable.ts"
import * as ClaimTable from "./claimTable.ts"
import * as JobLog from "./jobLog.ts"
import * as Loop from "./loop.ts"
import * as Session from "./session.ts"
import * as Workshop from "./workshop.ts"

/** The timekeeper of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<never> => ({
  name: "timekeeper",
  wake: shop.table.timeWake,
  step: Effect.sync(() => step(shop))
})

const step = (shop: Workshop.Workshop): Loop.Pause => {
  const nowMillis = Workshop.nowMillis(shop)
  let next = Infinity
  for (const session of Workshop.sessions(shop)) next = Math.min(next, watchLease(shop, session, nowMillis))
  for (const held of shop.table.held) {
    if (held.phase === "running") next = Math.min(next, watchAttempt(shop, held, nowMillis))
  }
  shop.table.alarmMillis = next
  return next === Infinity ? Loop.untilWoken : Loop.exactly(Math.max(1, Math.ceil(next - nowMillis)))
}

/** Answers when to look at the lease again. */
const watchLease = (shop: Workshop.Workshop, session: Session.Session, nowMillis: number): number => {
  if (session.state !== "live" || session.isFenced) return Infinity
  Session.catchUp(session, shop.settings.leaseMillis)
  if (session.deadlineMillis > nowMillis) return session.deadlineMillis
  session.isFenced = true
  JobLog.say(shop, "Error", "the lease could not be renewed in time: running jobs are interrupted", {
    worker: session.workerId,
    claims: session.held
  })
  for (const held of shop.table.held) {
    if (held.session === session) ClaimTable.stop(shop.table, held, { _tag: "Lease" }, nowMillis)
  }
  return Infinity
}

/** Answers when to look at the attempt again. */
const watchAttempt = (shop: Workshop.Workshop, held: Held, nowMillis: number): number => {
  if (held.stop === null) {
    if (held.timeoutAtMillis > nowMillis) return held.timeoutAtMillis
    const stop = held.timeoutKind === "Deadline"
      ? { _tag: "Deadline" } as const
      : { _tag: "Timeout", timeoutMillis: held.timeoutMillis } as const
    ClaimTable.stop(shop.table, held, stop, nowMillis)
  }
  if (held.isStuck || held.phase !== "running") return Infinity
  const stuckAtMillis = held.stoppedMillis + Defaults.stuckMillis
  if (stuckAtMillis > nowMillis) return stuckAtMillis
  held.isStuck = true
  shop.table.changed.openUnsafe()
  Metrics.stuck.updateUnsafe(1, shop.context)
  JobLog.say(shop, "Error", "the handler goes on after it was interrupted: its slot is stuck until it ends", {
    ...JobLog.annotations(held),
    reason: held.stop?._tag ?? "none"
  })
  return Infinity
}
