/**
 * Listener: turns the storage's hints into wake-ups.
 *
 * A hint that is lost costs at most a poll interval. A stream that ends or fails is opened again; `Connected` wakes
 * everybody, for hints may have been missed.
 */
import type { StorageEvent } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import * as Defaults from "../Defaults.ts"
import * as Loop from "./loop.ts"
import * as Workshop from "./workshop.ts"

/** The listener of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => ({
  name: "listener",
  wake: Latch.makeUnsafe(false),
  step: Effect.as(
    Effect.ensuring(
      Stream.runForEach(shop.storage.events, (event) => Effect.sync(() => hear(shop, event))),
      Effect.sync(() => {
        shop.isListening = false
        // Who slept long, trusting in hints, does so no more.
        shop.wakes.promoter.openUnsafe()
      })
    ),
    Loop.about(Defaults.maintenanceMillis)
  )
})

const hear = (shop: Workshop.Workshop, event: StorageEvent): void => {
  switch (event._tag) {
    case "Connected":
      shop.isListening = true
      Workshop.wakeClaimers(shop)
      shop.wakes.promoter.openUnsafe()
      Workshop.askForRenewal(shop)
      return
    case "Available":
      for (const lane of shop.lanes) if (lane.settings.queue === event.queue) lane.claimWake.openUnsafe()
      return
    case "Scheduled":
      shop.wakes.promoter.openUnsafe()
      return
    case "CancelRequested":
      // The renewal's answer names the jobs.
      if (Workshop.sessions(shop).some(({ workerId }) => workerId === event.workerId)) Workshop.askForRenewal(shop)
      return
    case "Finished":
  }
}
