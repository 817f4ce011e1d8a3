/**
 * Renewer: keeps the registration of the worker, and with it all its claims, alive.
 *
 * One renewal per lease third for the whole process. Where the process has a heart, that renews the lease on a thread of
 * its own, and the renewer only takes over when the heart falls silent. It hands cancellations to running handlers, and when the storage
 * says that the registration is gone it drops every claim of it and registers under a fresh id. It needs nothing but
 * `storage.renew` and the table of claims.
 */
import { Corrupt, StorageError } from "@millrace/storage/StorageError"
import type { RenewRequest, RenewResult } from "@millrace/storage/WorkerRecord"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Defaults from "../Defaults.ts"
import * as ClaimTable from "./claimTable.ts"
import * as JobLog from "./jobLog.ts"
import * as Loop from "./loop.ts"
import * as Session from "./session.ts"
import * as StorageCall from "./storageCall.ts"
import * as Workshop from "./workshop.ts"

/** The renewer of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => ({
  name: "renewer",
  wake: shop.wakes.renewer,
  step: step(shop)
})

const step = (shop: Workshop.Workshop): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.gen(function*() {
    const { session } = shop
    const asked = shop.isRenewalAsked
    shop.isRenewalAsked = false
    if (asked || !isKept(shop, session)) yield* renew(shop, session)
    if (shop.session !== session) return Loop.again
    if (session.isTainted && session.state === "live") yield* replace(shop)
    for (const old of shop.oldSessions) yield* keepOrLeave(shop, old)
    const sentMillis = session.keeping?.sentMillis() ?? -Infinity
    if (isKept(shop, session)) {
      return Loop.exactly(Math.max(1, Math.ceil(sentMillis + patienceMillis(shop) - Workshop.nowMillis(shop))))
    }
    const unit = yield* Random.next
    return Loop.exactly(pauseMillis(shop.settings.leaseMillis, unit))
  })

/** A third of the lease, or up to a fifth less: never more, so that two renewals may fail. `unit` is from 0 to 1. */
export const pauseMillis = (leaseMillis: number, unit: number): number =>
  Math.round(leaseMillis / Defaults.renewalsPerLease * (1 - Defaults.jitterShare * unit))

/** How long a heart may be silent before the renewer takes over: half of the lease, which leaves time for two tries. */
const patienceMillis = (shop: Workshop.Workshop): number => shop.settings.leaseMillis / 2

/** Was the lease renewed by the heart a moment ago, and is there nothing else to tell the storage? */
const isKept = (shop: Workshop.Workshop, { isOutdated, keeping, state }: Session.Session): boolean =>
  keeping !== null && state === "live" && !isOutdated
  && Workshop.nowMillis(shop) - keeping.sentMillis() < patienceMillis(shop)

/** Lets the heart renew a registration from now on. */
const keep = (shop: Workshop.Workshop, session: Session.Session): void => {
  if (shop.heart === null || session.keeping !== null || session.state !== "live") return
  session.keeping = shop.heart.keep({
    workerId: session.workerId,
    leaseMillis: shop.settings.leaseMillis,
    everyMillis: shop.settings.leaseMillis / Defaults.renewalsPerLease,
    standstillMillis: shop.settings.standstillMillis,
    heard: (result, sentMillis) => {
      if (session.state === "lost" || session.state === "left") return
      receive(shop, session, result, sentMillis)
      // A fresh session has to be registered.
      if (result._tag === "Lost") Workshop.askForRenewal(shop)
    }
  })
}

const renew = (shop: Workshop.Workshop, session: Session.Session): Effect.Effect<void, StorageError> =>
  Effect.gen(function*() {
    const isNew = session.state === "joining"
    if (!isNew) yield* tell(shop, session, renewal(shop, session))
    if (!isNew && (!session.isOutdated || session.state === "lost")) return
    // A registration of a known id would bring a lost one back to life, without its claims: so only after a renewal.
    session.isOutdated = false
    yield* Effect.tapCause(
      tell(shop, session, registration(shop, session)),
      () => Effect.sync(() => session.isOutdated = true)
    )
  })

const tell = (
  shop: Workshop.Workshop,
  session: Session.Session,
  request: RenewRequest
): Effect.Effect<void, StorageError> =>
  Effect.suspend(() => {
    const sentMillis = Workshop.nowMillis(shop)
    return Effect.flatMap(send(shop, request), (result) => {
      if (result._tag === "Lost" && request._tag === "Register") return Effect.fail(notRegistered)
      return Effect.sync(() => receive(shop, session, result, sentMillis))
    })
  })

const notRegistered = new StorageError({
  reason: new Corrupt({ operation: "renew", detail: "a registration was answered with Lost" })
})

const send = (shop: Workshop.Workshop, request: RenewRequest): Effect.Effect<RenewResult, StorageError> =>
  StorageCall.within("renew", shop.settings.leaseMillis / Defaults.renewalsPerLease)(shop.storage.renew(request))

const renewal = (shop: Workshop.Workshop, { workerId }: Session.Session): RenewRequest => ({
  _tag: "Renew",
  workerId,
  leaseMillis: shop.settings.leaseMillis
})

const registration = (shop: Workshop.Workshop, { workerId }: Session.Session): RenewRequest => {
  const { leaseMillis, queues } = shop.settings
  const slots = shop.lanes.map((lane) => [lane.settings.queue, lane.slots] as const)
  return {
    _tag: "Register",
    workerId,
    leaseMillis,
    info: {
      ...shop.identity,
      queues: queues.map(({ queue }) => queue),
      names: Workshop.names(shop),
      handles: Workshop.handles(shop),
      concurrency: slots.reduce((sum, [, count]) => sum + count, 0),
      slots: Object.fromEntries(slots)
    }
  }
}

const receive = (
  shop: Workshop.Workshop,
  session: Session.Session,
  result: RenewResult,
  sentMillis: number
): void => {
  if (result._tag === "Lost") return lose(shop, session)
  const deadline = Session.deadlineMillis(sentMillis, shop.settings.leaseMillis, Defaults.leaseMarginShare)
  session.deadlineMillis = Math.max(session.deadlineMillis, deadline)
  ClaimTable.ring(shop.table, session.deadlineMillis)
  for (const { id, reason, token } of result.cancellations) cancel(shop, id, token, reason)
  if (result.suspects && !shop.hasSuspects) {
    shop.hasSuspects = true
    shop.wakes.isolator.openUnsafe()
  }
  const { nextExpiryMillis } = result
  if (typeof nextExpiryMillis === "number") awaitExpiry(shop, Workshop.nowMillis(shop) + nextExpiryMillis)
  const wasAble = Session.mayClaim(session)
  if (session.state === "joining") session.state = "live"
  keep(shop, session)
  session.isFenced = Workshop.nowMillis(shop) >= session.deadlineMillis
  if (!wasAble && Session.mayClaim(session)) Workshop.wakeClaimers(shop)
}

/** The reclaimer looks when it pleases; only an earlier end of a lease than the one it knows of is news. */
const awaitExpiry = (shop: Workshop.Workshop, atMillis: number): void => {
  const isNews = atMillis < shop.expiryMillis
  shop.expiryMillis = atMillis
  if (isNews) shop.wakes.reclaimer.openUnsafe()
}

const cancel = (shop: Workshop.Workshop, id: string, token: number, reason: string): void => {
  for (const held of shop.table.held) {
    if (held.claim.id === id && held.claim.token === token) {
      return ClaimTable.stop(shop.table, held, { _tag: "Cancel", reason }, Workshop.nowMillis(shop))
    }
  }
}

/** Every claim of the session is gone: its handlers stop, and nothing of it is settled. */
const lose = (shop: Workshop.Workshop, session: Session.Session): void => {
  session.state = "lost"
  Session.letGo(session)
  JobLog.say(shop, "Error", "the registration of this worker is gone: its jobs are interrupted and run elsewhere", {
    worker: session.workerId,
    claims: session.held
  })
  ClaimTable.drop(shop.table, session, Workshop.nowMillis(shop))
  if (shop.session === session) shop.session = Workshop.nextSession(shop)
  else shop.oldSessions = shop.oldSessions.filter((other) => other !== session)
}

/** A fresh session claims from now on; the tainted one lives on until its last known claim is settled. */
const replace = (shop: Workshop.Workshop): Effect.Effect<void, StorageError> => {
  const next = Workshop.nextSession(shop)
  return Effect.map(renew(shop, next), () => {
    shop.oldSessions.push(shop.session)
    shop.session = next
    Workshop.wakeClaimers(shop)
  })
}

/** An old session without claims leaves, which gives back what the storage lent it and nobody knows of. */
const keepOrLeave = (shop: Workshop.Workshop, session: Session.Session): Effect.Effect<void, StorageError> =>
  Session.isIdle(session) ? leave(shop, session) : isKept(shop, session) ? Effect.void : renew(shop, session)

/** Ends the registration of a session. */
export const leave = (shop: Workshop.Workshop, session: Session.Session): Effect.Effect<void, StorageError> =>
  Effect.map(send(shop, { _tag: "Leave", workerId: session.workerId }), () => {
    session.state = "left"
    Session.letGo(session)
    shop.oldSessions = shop.oldSessions.filter((other) => other !== session)
  })
