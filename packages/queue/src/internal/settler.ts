/**
 * Settler: writes the outcomes of attempts, many at a time.
 *
 * Whatever arrived during a write goes into the next. A write that failed is repeated with the same tokens until the
 * storage answers or the session is lost: the fence decides, not the clock of this process, so that an outage of the
 * storage repeats no job that ended during it. Two settlers work side by side; each has one write in flight.
 */
import type { FencedResult } from "@millrace/storage/Claim"
import type { Outcome, Settlement } from "@millrace/storage/Outcome"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Defaults from "../Defaults.ts"
import * as Metrics from "../Metrics.ts"
import type { Held } from "./claimTable.ts"
import * as ClaimTable from "./claimTable.ts"
import * as JobLog from "./jobLog.ts"
import * as Lane from "./lane.ts"
import * as Loop from "./loop.ts"
import * as Outcomes from "./outcome.ts"
import * as Settlements from "./settlement.ts"
import * as StorageCall from "./storageCall.ts"
import * as Workshop from "./workshop.ts"

/** Settlers of one worker. */
export const count = 2

/** A settler. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => {
  // Survives a failed step: the same outcomes are written again.
  const batches: Array<ReadonlyArray<Held>> = []
  return { name: "settler", wake: shop.table.settleWake, step: step(shop, batches) }
}

const step = (
  shop: Workshop.Workshop,
  batches: Array<ReadonlyArray<Held>>
): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.suspend(() => {
    if (batches.length === 0) batches.push(take(shop.table))
    const batch = (batches[0] ?? []).filter((held) => isStillOurs(shop, held))
    if (batch.length === 0) {
      batches.shift()
      return Effect.succeed(batches.length > 0 || shop.table.outbox.length > 0 ? Loop.again : Loop.untilWoken)
    }
    return Effect.as(write(shop, batches, batch), Loop.again)
  })

/** The oldest outcomes, all of one session. One that may wait for a transaction's end goes alone. */
const take = (table: ClaimTable.ClaimTable): ReadonlyArray<Held> => {
  const { outbox } = table
  const session = outbox[0]?.session
  const isApart = (held: Held, index: number) =>
    index >= Defaults.settleBatch || held.session !== session || (held.transaction === "unknown" && index > 0)
  const isAlone = outbox[0]?.transaction === "unknown"
  const end = isAlone ? 1 : outbox.findIndex(isApart)
  if (end === -1) {
    table.outbox = []
    return outbox
  }
  return outbox.splice(0, end)
}

const isStillOurs = (shop: Workshop.Workshop, held: Held): boolean => {
  if (held.session.state !== "lost") return true
  Metrics.leaseLost.updateUnsafe(1, shop.context)
  JobLog.lost(shop, held)
  ClaimTable.remove(shop.table, held)
  return false
}

const write = (
  shop: Workshop.Workshop,
  batches: Array<ReadonlyArray<Held>>,
  batch: ReadonlyArray<Held>
): Effect.Effect<void, StorageError> => {
  const settlements = batch.map((held) => Settlements.make(held, held.outcome ?? Outcomes.released, held.endedMillis))
  const workerId = batch[0]?.session.workerId ?? shop.session.workerId
  return shop.storage.settle(workerId, settlements).pipe(
    StorageCall.within("settle", Defaults.callMillis),
    Effect.matchEffect({
      onSuccess: (results) =>
        Effect.sync(() => {
          batches.shift()
          finish(shop, batch, settlements, results)
        }),
      onFailure: (error) =>
        error.reason._tag === "Invalid"
          ? Effect.sync(() => narrowDown(shop, batches, batch, error))
          : Effect.fail(error)
    })
  )
}

const finish = (
  shop: Workshop.Workshop,
  batch: ReadonlyArray<Held>,
  settlements: ReadonlyArray<Settlement>,
  results: ReadonlyArray<FencedResult>
): void => {
  const tally: Tally = { completed: 0, failed: 0, dead: 0, quarantined: 0, lost: 0 }
  for (let index = 0; index < batch.length; index++) {
    const held = batch[index]
    const settlement = settlements[index]
    if (held === undefined || settlement === undefined) continue
    ClaimTable.remove(shop.table, held)
    if (held.claim.limits.length > 0) Lane.reopen(held.lane)
    if (results[index] === "Applied") {
      countOutcome(tally, settlement.outcome)
      JobLog.settled(shop, held, settlement)
    } else {
      tally.lost += 1
      JobLog.lost(shop, held)
    }
  }
  publish(shop, tally, batch.length)
  // Claimers that paused because of the backlog may go on.
  if (batch.length + shop.table.outbox.length > Defaults.settleBacklog / 2) Workshop.wakeClaimers(shop)
}

interface Tally {
  completed: number
  failed: number
  dead: number
  quarantined: number
  lost: number
}

const countOutcome = (tally: Tally, outcome: Outcome): void => {
  if (outcome._tag === "Completed") tally.completed += 1
  else if (outcome._tag === "Retried") tally.failed += 1
  else if (outcome._tag === "Quarantined") tally.quarantined += 1
  else if (outcome._tag === "Dead") {
    tally.failed += 1
    tally.dead += 1
  }
}

const publish = (shop: Workshop.Workshop, tally: Tally, size: number): void => {
  Metrics.settleBatch.updateUnsafe(size, shop.context)
  if (tally.completed > 0) Metrics.completed.updateUnsafe(tally.completed, shop.context)
  if (tally.failed > 0) Metrics.failed.updateUnsafe(tally.failed, shop.context)
  if (tally.dead > 0) Metrics.dead.updateUnsafe(tally.dead, shop.context)
  if (tally.quarantined > 0) Metrics.quarantined.updateUnsafe(tally.quarantined, shop.context)
  if (tally.lost > 0) Metrics.leaseLost.updateUnsafe(tally.lost, shop.context)
}

/** The storage refuses something in this batch: find out what, and settle that with data that it can hold. */
const narrowDown = (
  shop: Workshop.Workshop,
  batches: Array<ReadonlyArray<Held>>,
  batch: ReadonlyArray<Held>,
  error: StorageError
): void => {
  batches.shift()
  if (batch.length > 1) {
    batches.unshift(...batch.map((held) => [held]))
    return
  }
  for (const held of batch) replace(shop, batches, held, error)
}

const replace = (
  shop: Workshop.Workshop,
  batches: Array<ReadonlyArray<Held>>,
  held: Held,
  error: StorageError
): void => {
  JobLog.say(shop, "Error", error.message, JobLog.annotations(held))
  if (held.outcome?._tag === "Dead" && held.outcome.reason === Outcomes.refusedReason) {
    // Nothing more can be done here: with its session this claim is given back.
    held.session.isTainted = true
    ClaimTable.remove(shop.table, held)
    return
  }
  held.outcome = Outcomes.refused(held.outcome ?? Outcomes.released, error.message)
  batches.unshift([held])
}
