/**
 * Reclaimer: takes back the jobs of workers whose lease has ended.
 */
import type { Reclaimed } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Defaults from "../Defaults.ts"
import * as JobLog from "./jobLog.ts"
import * as Loop from "./loop.ts"
import * as StorageCall from "./storageCall.ts"
import type * as Workshop from "./workshop.ts"

/** The reclaimer of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => ({
  name: "reclaimer",
  wake: Latch.makeUnsafe(false),
  step: shop.storage.reclaim({ limit: Defaults.reclaimBatch }).pipe(
    StorageCall.within("reclaim", Defaults.callMillis),
    Effect.map((reclaimed) => {
      report(shop, reclaimed)
      tellOfSuspects(shop, reclaimed)
      return reclaimed.length === 0 ? Loop.about(Defaults.maintenanceMillis) : Loop.again
    })
  )
})

/** Who took them back need not wait for its next renewal to hear of them. */
const tellOfSuspects = (shop: Workshop.Workshop, reclaimed: ReadonlyArray<Reclaimed>): void => {
  const isOurs = ({ name, to }: Reclaimed) => to === "available" && shop.handlers.has(name)
  if (!reclaimed.some(isOurs)) return
  shop.hasSuspects = true
  shop.wakes.isolator.openUnsafe()
}

/** One line for each lost worker, one for each job that became dead. */
const report = (shop: Workshop.Workshop, reclaimed: ReadonlyArray<Reclaimed>): void => {
  const jobs = new Map<string, number>()
  for (const { crashes, id, name, queue, to, workerId } of reclaimed) {
    jobs.set(workerId, (jobs.get(workerId) ?? 0) + 1)
    if (to !== "dead") continue
    JobLog.say(shop, "Error", `job is dead: its worker died while it ran alone`, { job: id, name, queue, crashes })
  }
  for (const [lost, count] of jobs) {
    JobLog.say(shop, "Warn", `worker ${lost} is lost: ${count} of its jobs were taken back`, { lost, jobs: count })
  }
}
