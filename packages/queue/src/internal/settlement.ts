/**
 * The row in which a worker tells the storage how an attempt ended.
 */
import type { Outcome, Settlement } from "@millrace/storage/Outcome"
import type { Held } from "./claimTable.ts"

/** The settlement of a claim. All its times count from the claim's reply, by the monotonic clock. */
export const make = (held: Held, outcome: Outcome, endedMillis: number): Settlement => ({
  id: held.claim.id,
  leaseId: held.claim.leaseId,
  token: held.claim.token,
  outcome,
  startedAfterMillis: held.startedMillis === null ? null : since(held, held.startedMillis),
  endedAfterMillis: since(held, endedMillis),
  uniqueKey: held.claim.uniqueKey,
  hasReport: held.hasReport
})

const since = (held: Held, millis: number): number => Math.max(0, Math.round(millis - held.claimedMillis))
