/**
 * How a claim was spread over tenants: told by metrics, and by a debug log line.
 */
import type { Claim } from "@millrace/storage/Claim"
import * as Metrics from "../Metrics.ts"
import * as JobLog from "./jobLog.ts"
import type { Lane } from "./lane.ts"
import type * as Workshop from "./workshop.ts"

/** The jobs that each tenant got, the most first. */
export const ofClaims = (
  claims: ReadonlyArray<Pick<Claim, "tenant">>
): ReadonlyArray<readonly [tenant: string, jobs: number]> => {
  const counts = new Map<string, number>()
  for (const { tenant } of claims) counts.set(tenant, (counts.get(tenant) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1])
}

/** Tenants that a log line names; the others are counted. */
const namedMax = 10

/** Tells how a claim was spread. */
export const tell = (shop: Workshop.Workshop, lane: Lane, claims: ReadonlyArray<Claim>): void => {
  const spread = ofClaims(claims)
  Metrics.claimTenants.updateUnsafe(spread.length, shop.context)
  if (spread.length > 1) Metrics.claimLargest.updateUnsafe(spread[0]?.[1] ?? 0, shop.context)
  if (!shop.logs.claim) return
  JobLog.say(shop, "Debug", `claimed ${claims.length} jobs of ${spread.length} tenants`, {
    worker: shop.session.workerId,
    queue: lane.settings.queue,
    jobs: claims.length,
    tenants: spread.length,
    spread: Object.fromEntries(spread.slice(0, namedMax))
  })
}
