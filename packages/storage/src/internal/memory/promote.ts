/**
 * Promotion: scheduled and retryable jobs whose time has come become available, and pending ones whose parents are
 * completed; those that waited too long for their first start, or in vain, are cancelled.
 */
import * as JobId from "../../JobId.ts"
import type { Promoted } from "../../Storage.ts"
import { releaseMillis } from "../../Storage.ts"
import * as Pending from "./pending.ts"
import type { MemoryJob, MemoryState } from "./state.ts"
import { moveToAvailable, moveToFinished } from "./state.ts"

/** Makes due jobs available, the longest due first, at most `limit`. */
export const promote = (state: MemoryState, limit: number, now: number): Promoted => {
  expire(state, now)
  const waiting = [...state.waiting.values()].toSorted(byDueTime)
  const due = waiting.filter((job) => job.runAt <= now).slice(0, limit)
  for (const job of due) moveToAvailable(state, job)
  const next = waiting[due.length]
  state.nextDue = next?.runAt ?? Number.POSITIVE_INFINITY
  const released = Pending.release(state, now)
  const promoted = [...due, ...released.available]
  return {
    count: promoted.length,
    queues: [...new Set(promoted.map((job) => job.queue))].toSorted(),
    nextDueMillis: nextLookOf(state, released, now)
  }
}

/** When to promote again: a job is due, or others wait for parents. */
const nextLookOf = (state: MemoryState, { isAnyCancelled }: Pending.Released, now: number): number | null => {
  const nextDue = Math.max(0, state.nextDue - now)
  const nextLook = state.pending.size === 0 ? nextDue : Math.min(nextDue, isAnyCancelled ? 0 : releaseMillis)
  return nextLook === Number.POSITIVE_INFINITY ? null : nextLook
}

const expire = (state: MemoryState, now: number): void => {
  for (const job of state.expiring.values()) {
    if (job.expiresAt === null) state.expiring.delete(job.id)
    if (job.expiresAt === null || job.expiresAt > now) continue
    state.expiring.delete(job.id)
    job.error = { tag: "Expired", message: `Job ${job.id} did not start in time` }
    moveToFinished(state, job, "cancelled", now)
  }
}

const byDueTime = (a: MemoryJob, b: MemoryJob): number => a.runAt - b.runAt || JobId.compare(a.id, b.id)
