/**
 * Reclaimer: takes back the jobs of workers whose lease has ended.
 *
 * It looks a third of a lease after it looked last, and at the instant at which the lease of another worker ends that did
 * not renew it, of which the renewals tell.
 */
import type { Reclaimed } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Defaults from "../Defaults.ts"
import * as JobLog from "./jobLog.ts"
import * as Loop from "./loop.ts"
import * as StorageCall from "./storageCall.ts"
import * as Workshop from "./workshop.ts"

/** The reclaimer of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => {
  const memory = { dueMillis: -Infinity }
  return { name: "reclaimer", wake: shop.wakes.reclaimer, step: step(shop, memory) }
}

const step = (shop: Workshop.Workshop, memory: { dueMillis: number }): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.suspend(() => {
    const nowMillis = Workshop.nowMillis(shop)
    const nextMillis = Math.min(memory.dueMillis, shop.expiryMillis)
    if (nowMillis < nextMillis) return Effect.succeed(Loop.exactly(Math.ceil(nextMillis - nowMillis)))
    // An end that is still to come stays known: the renewals tell of it only once.
    if (shop.expiryMillis <= nowMillis) shop.expiryMillis = Infinity
    return Effect.flatMap(reclaim(shop), (count) =>
      Effect.map(Random.next, (unit) => {
        const pauseMillis = count > 0 ? 0 : Loop.spreadMillis(pauseBetween(shop.settings.leaseMillis), unit)
        memory.dueMillis = Workshop.nowMillis(shop) + pauseMillis
        return Loop.again
      }))
  })

/**
 * Pause between two looks, in milliseconds. Renewals tell when a lease is about to end, so that these looks only find what
 * no renewal saw: a worker that lived for less than a third of its lease.
 */
export const pauseBetween = (leaseMillis: number): number =>
  Math.min(leaseMillis / Defaults.renewalsPerLease, Defaults.reclaimMillis)

const reclaim = (shop: Workshop.Workshop): Effect.Effect<number, StorageError> =>
  shop.storage.reclaim({ limit: Defaults.reclaimBatch }).pipe(
    StorageCall.within("reclaim", Defaults.callMillis),
    Effect.map((reclaimed) => {
      report(shop, reclaimed)
      tellOfSuspects(shop, reclaimed)
      return reclaimed.length
    })
  )

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
