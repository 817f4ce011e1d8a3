/**
 * Claimer: asks the storage for as many jobs as there are free slots, and a few ahead, of the names with handlers.
 *
 * One for each queue. A claim and taking it into the table are one uninterruptible step, so that no claim is owned by
 * nobody.
 */
import type { Claim } from "@millrace/storage/Claim"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Defaults from "../Defaults.ts"
import * as Metrics from "../Metrics.ts"
import * as ClaimTable from "./claimTable.ts"
import * as Lane from "./lane.ts"
import * as Loop from "./loop.ts"
import * as Spread from "./spread.ts"
import * as StorageCall from "./storageCall.ts"
import * as Workshop from "./workshop.ts"

/** The claimer of a queue. */
export const make = (shop: Workshop.Workshop, lane: Lane.Lane): Loop.Actor<StorageError> => ({
  name: `claimer of ${lane.settings.queue}`,
  wake: lane.claimWake,
  step: step(shop, lane)
})

const step = (shop: Workshop.Workshop, lane: Lane.Lane): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.suspend(() => {
    Lane.measurePace(lane, Workshop.nowMillis(shop))
    return Effect.map(claim(shop, lane, () => wanted(shop, lane), false), ({ count, limit }) => {
      if (limit === 0) return Loop.about(shop.settings.pollMillis)
      lane.isDrained = count < limit
      return lane.isDrained ? Loop.about(Math.min(shop.settings.pollMillis, lane.gatedPauseMillis)) : Loop.again
    })
  })

const wanted = (shop: Workshop.Workshop, lane: Lane.Lane): number =>
  Workshop.mayClaim(shop) ? Lane.wanted(lane, Defaults.settleBacklog - shop.table.outbox.length) : 0

/** What a claim asked for, and how many jobs there were. */
interface Claimed {
  readonly limit: number
  readonly count: number
}

/**
 * Claims as many jobs as `limitNow` says, and takes them into the table.
 *
 * Deciding and noting that a claim is under way are one step: were another fiber to run in between, the isolator could
 * find nothing under way, and run a suspect beside what this claim brings.
 */
export const claim = (
  shop: Workshop.Workshop,
  lane: Lane.Lane,
  limitNow: () => number,
  suspects: boolean
): Effect.Effect<Claimed, StorageError> =>
  Effect.uninterruptible(Effect.suspend(() => {
    const limit = limitNow()
    if (limit <= 0) return Effect.succeed({ limit: 0, count: 0 })
    const { session } = shop
    const { slots } = lane
    session.claiming += 1
    shop.table.claiming += 1
    const request = {
      workerId: session.workerId,
      queue: lane.settings.queue,
      handles: Workshop.handles(shop),
      limit,
      perTenant: Lane.turn(limit, shop.settings.perTenant),
      agingEvery: shop.settings.agingEvery,
      slots: suspects ? 1 : Lane.freeSlots(lane)
    }
    const claiming = suspects
      ? Effect.tap(shop.storage.claim({ ...request, suspects }), (claims) => tellStart(shop, session.workerId, claims))
      : shop.storage.claim(request)
    return Effect.matchCauseEffect(StorageCall.within("claim", Defaults.callMillis)(claiming), {
      onSuccess: (claims) => {
        land(shop, session)
        if (session.state !== "lost") takeIn(shop, session, lane, claims)
        lane.promised = claims.length > 0 ? slots : 0
        return Effect.succeed({ limit, count: claims.length })
      },
      onFailure: (cause) => {
        land(shop, session)
        // It may have succeeded all the same: the renewer lets this session go, and with it what nobody knows of.
        session.isTainted = true
        Workshop.askForRenewal(shop)
        return Effect.failCause(cause)
      }
    })
  }))

/** A suspect starts as soon as it is here. From now on the loss of this worker is a crash of this job. */
const tellStart = (
  shop: Workshop.Workshop,
  workerId: string,
  claims: ReadonlyArray<Claim>
): Effect.Effect<void, StorageError> => {
  if (claims.length === 0) return Effect.void
  const starts = claims.map(({ id, leaseId, token }) => ({ id, leaseId, token, started: true }) as const)
  return Effect.asVoid(shop.storage.report(workerId, starts))
}

const land = (shop: Workshop.Workshop, session: Workshop.Workshop["session"]): void => {
  session.claiming -= 1
  shop.table.claiming -= 1
  shop.table.changed.openUnsafe()
}

const takeIn = (
  shop: Workshop.Workshop,
  session: Workshop.Workshop["session"],
  lane: Lane.Lane,
  claims: ReadonlyArray<Claim>
): void => {
  const gated = claims.reduce((count, { limits }) => limits.length > 0 ? count + 1 : count, 0)
  Lane.noteGated(lane, gated)
  if (claims.length === 0) return
  Spread.tell(shop, lane, claims)
  const nowMillis = Workshop.nowMillis(shop)
  ClaimTable.accept(shop.table, session, lane, claims, nowMillis)
  Metrics.claimed.updateUnsafe(claims.length, shop.context)
  Metrics.claimBatch.updateUnsafe(claims.length, shop.context)
  if (shop.isStopping || session.isFenced) ClaimTable.releaseBuffer(shop.table, lane, nowMillis)
}
