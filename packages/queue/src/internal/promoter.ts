/**
 * Promoter: makes scheduled and retryable jobs available when they are due.
 *
 * It sleeps until the next one is due, at most a second, and goes on at once while batches come back full.
 */
import type { Promoted } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Defaults from "../Defaults.ts"
import * as Loop from "./loop.ts"
import * as StorageCall from "./storageCall.ts"
import type * as Workshop from "./workshop.ts"

/** The promoter of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => ({
  name: "promoter",
  wake: shop.wakes.promoter,
  step: shop.storage.promote({ limit: Defaults.promoteBatch }).pipe(
    StorageCall.within("promote", Defaults.callMillis),
    Effect.map((promoted) => {
      for (const lane of shop.lanes) if (promoted.queues.includes(lane.settings.queue)) lane.claimWake.openUnsafe()
      return pauseAfter(promoted)
    })
  )
})

/** Shortest pause, in milliseconds, when a due job was left over: another worker is promoting it. */
const leftoverMillis = 20

/** A spread pause may become this long, in milliseconds: a job that is due by then is waited for exactly. */
const longestMillis = Defaults.maintenanceMillis * (1 + Defaults.jitterShare)

/** How long to pause after a promotion. */
export const pauseAfter = ({ count, nextDueMillis }: Promoted): Loop.Pause => {
  if (count >= Defaults.promoteBatch) return Loop.again
  if (nextDueMillis === null || nextDueMillis > longestMillis) return Loop.about(Defaults.maintenanceMillis)
  return Loop.exactly(Math.max(leftoverMillis, Math.ceil(nextDueMillis)))
}
