/**
 * Promotion: scheduled and retryable jobs whose time has come become available; those that waited too long for their
 * first start are cancelled.
 */
import * as JobId from "../../JobId.ts"
import type { Promoted } from "../../Storage.ts"
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
  return {
    count: due.length,
    queues: [...new Set(due.map((job) => job.queue))].toSorted(),
    nextDueMillis: next === undefined ? null : Math.max(0, next.runAt - now)
  }
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
