/**
 * Promoter: makes scheduled and retryable jobs available when they are due.
 *
 * It sleeps until the next one is due, and goes on at once while batches come back full. A job that another process
 * schedules meanwhile is told of by a hint: while hints are to be had it looks every 8 seconds, else every second.
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
      return pauseAfter(promoted, shop.isListening)
    })
  )
})

/** Shortest pause, in milliseconds, when a due job was left over: another worker is promoting it. */
const leftoverMillis = 20

/** How long to pause after a promotion. A job that is due by the end of a spread pause is waited for exactly. */
export const pauseAfter = ({ count, nextDueMillis }: Promoted, isListening: boolean): Loop.Pause => {
  if (count >= Defaults.promoteBatch) return Loop.again
  const idleMillis = isListening ? Defaults.promoteIdleMillis : Defaults.maintenanceMillis
  if (nextDueMillis === null || nextDueMillis > idleMillis * (1 + Defaults.jitterShare)) return Loop.about(idleMillis)
  return Loop.exactly(Math.max(leftoverMillis, Math.ceil(nextDueMillis)))
}
