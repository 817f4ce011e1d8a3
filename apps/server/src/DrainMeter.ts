/**
 * A storage that lends a worker so many jobs and no more, and tells when nothing is left to lend.
 *
 * @since 0.1.0
 */
import type { Claim, Outcome, Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"

/**
 * What became of the attempts that a worker was lent: `failed` ones are tried again, `given back` ones count as `other`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Tally {
  readonly completed: number
  readonly failed: number
  readonly dead: number
  readonly other: number
}

/**
 * The meter.
 *
 * **Details**
 *
 * - `storage`: the storage for the worker
 * - `arm`: from now on a claim that finds nothing counts; before, not all handlers may be there
 * - `close`: lends nothing more
 * - `isSpent`: as many jobs were lent as may be
 * - `isDone`: nothing is being run, and nothing more will be lent or every queue was found empty
 * - `tally`: what became of the attempts so far
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Meter {
  readonly storage: Storage.Storage["Service"]
  readonly arm: () => void
  readonly close: () => void
  readonly isSpent: () => boolean
  readonly isDone: () => boolean
  readonly tally: () => Tally
}

const kinds: { readonly [Tag in Outcome.Outcome["_tag"]]: keyof Tally } = {
  Completed: "completed",
  Retried: "failed",
  Dead: "dead",
  Quarantined: "other",
  Snoozed: "other",
  Released: "other",
  Cancelled: "other"
}

/**
 * Makes a meter for a worker of these queues that may be lent `maxJobs` jobs.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  storage: Storage.Storage["Service"],
  queues: ReadonlyArray<string>,
  maxJobs: number
): Meter => {
  const held = new Set<string>()
  const found = new Set<string>()
  const tally = { completed: 0, failed: 0, dead: 0, other: 0 }
  let lent = 0
  let asking = 0
  let isArmed = false
  let isClosed = false
  const left = (): number => isClosed ? 0 : maxJobs - lent

  const take = (queue: string, claims: ReadonlyArray<Claim.Claim>): void => {
    lent += claims.length
    for (const { id, token } of claims) held.add(`${id} ${token}`)
    if (claims.length === 0 && isArmed) found.add(queue)
    // What a job enqueues may be in any queue.
    if (claims.length > 0) found.clear()
  }

  const claim: Storage.Storage["Service"]["claim"] = (options) =>
    Effect.suspend(() => {
      const limit = Math.min(options.limit, left())
      if (limit <= 0) return Effect.succeed([])
      // Reserved while it is asked for: claims of several queues run side by side.
      lent += limit
      asking += 1
      return storage.claim({ ...options, limit }).pipe(
        Effect.ensuring(Effect.sync(() => {
          lent -= limit
          asking -= 1
        })),
        Effect.tap((claims) => Effect.sync(() => take(options.queue, claims)))
      )
    })

  const settle: Storage.Storage["Service"]["settle"] = (workerId, settlements) =>
    Effect.tap(storage.settle(workerId, settlements), () =>
      Effect.sync(() => {
        for (const { id, outcome, token } of settlements) {
          if (held.delete(`${id} ${token}`)) tally[kinds[outcome._tag]] += 1
        }
      }))

  return {
    storage: { ...storage, claim, settle },
    arm: () => void (isArmed = true),
    close: () => void (isClosed = true),
    isSpent: () => lent >= maxJobs,
    isDone: () => held.size === 0 && asking === 0 && (left() <= 0 || queues.every((queue) => found.has(queue))),
    tally: () => ({ ...tally })
  }
}
