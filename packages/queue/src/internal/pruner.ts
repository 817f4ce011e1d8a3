/**
 * Pruner: once an hour lets the storage drop finished jobs that were kept long enough, and prepare the days to come.
 */
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Defaults from "../Defaults.ts"
import * as JobLog from "./jobLog.ts"
import * as Loop from "./loop.ts"
import type * as Workshop from "./workshop.ts"

/** The pruner of a worker. It has no deadline but the storage's own: dropping a day of history may take its time. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => ({
  name: "pruner",
  wake: Latch.makeUnsafe(false),
  step: Effect.map(
    shop.storage.prune({ finishedMillis: shop.settings.keepFinishedMillis, deadMillis: shop.settings.keepDeadMillis }),
    ({ dead, finished }) => {
      if (finished !== 0 || dead !== 0) JobLog.say(shop, "Info", "old jobs were pruned", { finished, dead })
      return Loop.about(Defaults.pruneMillis)
    }
  )
})
