/**
 * Ticker: fires due schedules.
 *
 * It sleeps until the next one is due, at most a second, and goes on at once while batches come back full. Any number
 * of nodes may do so: the storage lets one of them fire each instant.
 */
import * as Actor from "@millrace/queue/Actor"
import type { ScheduleStorage, Ticked } from "@millrace/storage/ScheduleStorage"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"
import * as Defaults from "../Defaults.ts"
import * as Firing from "./firing.ts"

/** The ticker of a scheduler. */
export const make = (
  storage: ScheduleStorage["Service"],
  wake: Latch.Latch,
  pollMillis: number = Defaults.tickMillis
): Actor.Actor<StorageError.StorageError> => ({
  name: "ticker",
  wake,
  step: storage.tick({ limit: Defaults.tickBatch, decide: Firing.decide }).pipe(
    Effect.timeoutOrElse({ duration: deadlineMillis, orElse: () => Effect.fail(late) }),
    Effect.map((ticked) => pauseAfter(ticked, pollMillis))
  )
})

/** Deadline of a tick, in milliseconds: what was not committed by then is undone and tried again. */
const deadlineMillis = 10_000

const late = new StorageError.StorageError({
  reason: new StorageError.Unavailable({ operation: "tick", detail: `no answer within ${deadlineMillis} ms` })
})

/** How far a spread pause may reach, as a share of it: a schedule that is due by then is waited for exactly. */
const longest = 1.2

/** How long to pause after a tick. */
export const pauseAfter = ({ nextDueMillis, schedules }: Ticked, pollMillis: number): Actor.Pause => {
  if (schedules >= Defaults.tickBatch) return Actor.again
  if (nextDueMillis === null || nextDueMillis > pollMillis * longest) return Actor.about(pollMillis)
  return Actor.exactly(Math.max(Defaults.leftoverMillis, Math.ceil(nextDueMillis)))
}
