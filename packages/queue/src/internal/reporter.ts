/**
 * Reporter: writes what running handlers report, many reports at a time.
 *
 * Like the settler it repeats a failed write. An attempt is settled after its last report is written, so that no report
 * comes too late.
 */
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Defaults from "../Defaults.ts"
import * as ClaimTable from "./claimTable.ts"
import * as JobLog from "./jobLog.ts"
import * as Loop from "./loop.ts"
import type { Entry } from "./reportQueue.ts"
import * as Reports from "./reportQueue.ts"
import * as StorageCall from "./storageCall.ts"
import * as Workshop from "./workshop.ts"

/** The reporter of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => {
  // Survives a failed step: the same reports are written again.
  const batches: Array<ReadonlyArray<Entry>> = []
  return { name: "reporter", wake: shop.reports.wake, step: step(shop, batches) }
}

const step = (
  shop: Workshop.Workshop,
  batches: Array<ReadonlyArray<Entry>>
): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.suspend(() => {
    if (batches.length === 0) batches.push(Reports.take(shop.reports, Defaults.settleBatch))
    const [batch = []] = batches
    if (batch.length > 0 && batch[0]?.held.session.state !== "lost") {
      return Effect.as(write(shop, batches, batch), Loop.again)
    }
    batches.shift()
    for (const entry of batch) release(shop, entry)
    return Effect.succeed(batches.length > 0 || shop.reports.entries.length > 0 ? Loop.again : Loop.untilWoken)
  })

const write = (
  shop: Workshop.Workshop,
  batches: Array<ReadonlyArray<Entry>>,
  batch: ReadonlyArray<Entry>
): Effect.Effect<void, StorageError> =>
  shop.storage.report(batch[0]?.held.session.workerId ?? "", batch.map(({ report }) => report)).pipe(
    StorageCall.within("report", Defaults.callMillis),
    Effect.matchEffect({
      onSuccess: (results) =>
        Effect.sync(() => {
          batches.shift()
          batch.forEach((entry, index) => finish(shop, entry, results[index] === "Applied"))
        }),
      onFailure: (error) =>
        error.reason._tag === "Invalid"
          ? Effect.sync(() => narrowDown(shop, batches, batch, error))
          : Effect.fail(error)
    })
  )

const finish = (shop: Workshop.Workshop, entry: Entry, isApplied: boolean): void => {
  if (!isApplied) ClaimTable.stop(shop.table, entry.held, { _tag: "Lease" }, Workshop.nowMillis(shop))
  release(shop, entry)
}

/** Nobody waits for this report any more. */
const release = (shop: Workshop.Workshop, { held, written }: Entry): void => {
  ClaimTable.reportsWritten(shop.table, held, 1)
  written?.()
}

/** One report that the storage can not hold must not keep the others back; it is left out. */
const narrowDown = (
  shop: Workshop.Workshop,
  batches: Array<ReadonlyArray<Entry>>,
  batch: ReadonlyArray<Entry>,
  error: StorageError
): void => {
  batches.shift()
  if (batch.length > 1) {
    batches.unshift(...batch.map((entry) => [entry]))
    return
  }
  for (const entry of batch) {
    JobLog.say(shop, "Warn", `a report was left out: ${error.message}`, JobLog.annotations(entry.held))
    release(shop, entry)
  }
}
