/**
 * Shutdown: lets running jobs end within the grace time, gives back the rest without an attempt spent, writes the last
 * outcomes and leaves. All of it is bounded, whether the storage answers or not.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Defaults from "../Defaults.ts"
import type { Held } from "./claimTable.ts"
import * as ClaimTable from "./claimTable.ts"
import * as JobLog from "./jobLog.ts"
import * as Renewer from "./renewer.ts"
import type * as Session from "./session.ts"
import * as StorageCall from "./storageCall.ts"
import * as Workshop from "./workshop.ts"

/** Part of the margin after the grace that is for the outcomes; the rest is for leaving. */
const flushShare = 0.7

/** Stops a worker and its actors. */
export const stopWorker = (
  shop: Workshop.Workshop,
  actors: ReadonlyArray<Fiber.Fiber<never>>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    stopClaiming(shop)
    JobLog.say(shop, "Info", "worker stops", { worker: shop.id, running: shop.table.running })
    yield* drain(shop, () => true)
    const isFlushed = () => shop.table.held.size === 0 && shop.table.claiming === 0
    yield* StorageCall.atMost(ClaimTable.waitUntil(shop.table, isFlushed), marginLeft(shop, flushShare))
    // Before leaving, or the renewer would take that for a loss. Not awaited: a storage may not answer.
    for (const actor of actors) actor.interruptUnsafe()
    yield* StorageCall.atMost(leaveAll(shop), marginLeft(shop, 1))
    JobLog.say(shop, "Info", "worker stopped", { worker: shop.id, unsettled: shop.table.held.size })
  })

/** Claims nothing more, and gives back what waits for a slot. */
export const stopClaiming = (shop: Workshop.Workshop): void => {
  shop.isStopping = true
  for (const lane of shop.lanes) ClaimTable.releaseBuffer(shop.table, lane, Workshop.nowMillis(shop))
  shop.table.changed.openUnsafe()
}

/** Gives running jobs the grace time to end, then interrupts them and waits a moment. */
export const drain = (shop: Workshop.Workshop, concerns: (held: Held) => boolean): Effect.Effect<void> =>
  Effect.gen(function*() {
    const isRunning = (held: Held) => held.phase === "running" && concerns(held)
    const isOver = () => !some(shop, isRunning)
    const grace = graceLeft(shop)
    shop.drains += 1
    const hasEnded = yield* StorageCall.atMost(ClaimTable.waitUntil(shop.table, isOver), grace)
    if (!hasEnded) {
      const nowMillis = Workshop.nowMillis(shop)
      for (const held of shop.table.held) {
        if (isRunning(held)) ClaimTable.stop(shop.table, held, { _tag: "Shutdown" }, nowMillis)
      }
      yield* StorageCall.atMost(ClaimTable.waitUntil(shop.table, isOver), interruptLeft(shop, isRunning))
    }
    shop.drains -= 1
    shop.drainedMillis = Workshop.nowMillis(shop)
  })

/** Time that interrupted handlers get for their finalizers, in milliseconds. */
const interruptMillis = 300

/** What is left of that time: a handler that was interrupted by an earlier drain does not get it again. */
const interruptLeft = (shop: Workshop.Workshop, isRunning: (held: Held) => boolean): number => {
  let latest = -Infinity
  for (const held of shop.table.held) if (isRunning(held)) latest = Math.max(latest, held.stoppedMillis)
  return latest + interruptMillis - Workshop.nowMillis(shop)
}

/** What is left of a share of the margin after the grace. */
const marginLeft = (shop: Workshop.Workshop, share: number): number =>
  shop.graceEndMillis + Defaults.shutdownMarginMillis * share - Workshop.nowMillis(shop)

/** Drains that follow each other within this time, in milliseconds, are one shutdown and share its grace. */
const sameShutdownMillis = 1_000

/** What is left of the grace: handlers that are closed one after the other do not get it each. */
const graceLeft = (shop: Workshop.Workshop): number => {
  const nowMillis = Workshop.nowMillis(shop)
  const isNear = shop.drains > 0 || nowMillis < shop.drainedMillis + sameShutdownMillis
  const isSame = isNear && nowMillis < shop.graceEndMillis + sameShutdownMillis
  if (!isSame) shop.graceEndMillis = nowMillis + shop.settings.graceMillis
  return shop.graceEndMillis - nowMillis
}

const some = (shop: Workshop.Workshop, holds: (held: Held) => boolean): boolean => {
  for (const held of shop.table.held) if (holds(held)) return true
  return false
}

const leaveAll = (shop: Workshop.Workshop): Effect.Effect<void> =>
  Effect.forEach(Workshop.sessions(shop), (session) => leave(shop, session), {
    discard: true,
    concurrency: "unbounded"
  })

/**
 * A session with a handler that still goes on does not leave: that would hand its job to another worker at once. Its
 * lease lapses when this process is gone.
 */
const leave = (shop: Workshop.Workshop, session: Session.Session): Effect.Effect<void> => {
  if (session.state !== "live" || some(shop, (held) => held.session === session && held.phase === "running")) {
    return Effect.void
  }
  return Effect.ignore(Renewer.leave(shop, session))
}
