/**
 * Leases of workers: registering, renewing, leaving, and taking back what a lost worker held.
 */
import type { JobFailure } from "../../JobFailure.ts"
import type { Reclaimed } from "../../Storage.ts"
import type { RenewRequest, RenewResult } from "../../WorkerRecord.ts"
import { closeAttempt, release } from "./settle.ts"
import type { MemoryJob, MemoryLease, MemoryState, MemoryWorker } from "./state.ts"
import { moveToAvailable, moveToFinished } from "./state.ts"

/** A job that crashed alone with at least this many crashes is dead. */
const crashesLimit = 3

/** Takes a sign of life. */
export const renew = (state: MemoryState, request: RenewRequest, now: number): RenewResult => {
  switch (request._tag) {
    case "Register":
      return register(state, request, now)
    case "Renew": {
      const worker = state.workers.get(request.workerId)
      return worker === undefined ? { _tag: "Lost" } : prolong(state, worker, request.leaseMillis, now)
    }
    case "Leave":
      return leave(state, request.workerId, now)
  }
}

/** Takes back the jobs of workers whose lease has ended, at most `limit` leases, oldest first. */
export const reclaim = (state: MemoryState, limit: number, now: number): ReadonlyArray<Reclaimed> => {
  for (const worker of state.workers.values()) if (worker.expiresAt <= now) dropWorker(state, worker.id)
  return [...state.leases.values()]
    .filter((lease) => !state.workers.has(lease.workerId))
    .slice(0, limit)
    .flatMap((lease) => [...lease.jobs.values()].map((job) => reclaimOne(state, job, lease, now)))
}

const register = (
  state: MemoryState,
  request: Extract<RenewRequest, { readonly _tag: "Register" }>,
  now: number
): RenewResult => {
  const known = state.workers.get(request.workerId)
  const worker = known ?? { id: request.workerId, startedAt: now, info: request.info, renewedAt: now, expiresAt: now }
  worker.info = request.info
  state.workers.set(worker.id, worker)
  return prolong(state, worker, request.leaseMillis, now)
}

const prolong = (state: MemoryState, worker: MemoryWorker, leaseMillis: number, now: number): RenewResult => {
  worker.renewedAt = now
  worker.expiresAt = now + leaseMillis
  const cancellations = jobsOf(state, worker.id).flatMap((job) =>
    job.cancelReason === null ? [] : [{ id: job.id, token: job.token, reason: job.cancelReason }]
  )
  return {
    _tag: "Renewed",
    cancellations,
    suspects: worker.info.queues.some((name) => hasSuspect(state, name, worker)),
    nextExpiryMillis: nextExpiry(state, worker, now)
  }
}

/** When the first lease of another worker ends. */
const nextExpiry = (state: MemoryState, worker: MemoryWorker, now: number): number | null => {
  const others = [...state.workers.values()].filter(({ id }) => id !== worker.id).map(({ expiresAt }) => expiresAt)
  return others.length === 0 ? null : Math.max(0, Math.min(...others) - now)
}

const hasSuspect = (state: MemoryState, queue: string, worker: MemoryWorker): boolean =>
  [...(state.queues.get(queue)?.suspects.values() ?? [])].some((job) => worker.info.names.includes(job.name))

const leave = (state: MemoryState, workerId: string, now: number): RenewResult => {
  for (const job of jobsOf(state, workerId)) release(state, job, now)
  dropWorker(state, workerId)
  return { _tag: "Lost" }
}

const dropWorker = (state: MemoryState, workerId: string): void => {
  state.workers.delete(workerId)
  for (const queue of state.queues.values()) queue.cursors.delete(workerId)
}

const jobsOf = (state: MemoryState, workerId: string): ReadonlyArray<MemoryJob> =>
  [...state.leases.values()].flatMap((lease) => lease.workerId === workerId ? [...lease.jobs.values()] : [])

const reclaimOne = (state: MemoryState, job: MemoryJob, lease: MemoryLease, now: number): Reclaimed => {
  if (lease.hasStarted) job.crashes += 1
  const to = fateOf(job, lease)
  job.attempt = job.failures + job.crashes + (to === "cancelled" && !lease.hasStarted ? 1 : 0)
  const error = to === "cancelled" || !lease.hasStarted ? null : crashError(job, lease)
  closeAttempt(job, {
    startedAt: null,
    finishedAt: now,
    outcome: to === "cancelled" ? "cancelled" : lease.hasStarted ? "crashed" : "released",
    error,
    settledAs: to === "cancelled" ? "Cancelled" : lease.hasStarted ? null : "Released"
  })
  if (error !== null) job.error = error
  if (to === "available") {
    job.suspect = true
    job.workerId = null
    job.startedAt = null
    job.runAt = now
    moveToAvailable(state, job)
  } else moveToFinished(state, job, to, now)
  const { crashes, id, name, queue, token } = job
  return { id, name, queue, token, workerId: lease.workerId, crashes, to }
}

const fateOf = (job: MemoryJob, lease: MemoryLease): Reclaimed["to"] => {
  if (job.cancelReason !== null) return "cancelled"
  return lease.isAlone && lease.hasStarted && job.crashes >= crashesLimit ? "dead" : "available"
}

const crashError = (job: MemoryJob, lease: MemoryLease): JobFailure => ({
  tag: "Crashed",
  message: `Worker ${lease.workerId} was lost while it ran job ${job.id}: crash ${job.crashes} of this job`
})
