/**
 * Ending attempts, and storing what running handlers report: the fenced writes.
 *
 * A fence holds while the lease is there, belongs to the worker, and the job still runs in it
 * with the same token. A settlement that agrees with how the attempt ended is applied already.
 */
import * as DateTime from "effect/DateTime"
import type { AttemptOutcome } from "../../Attempt.ts"
import type { Fence, FencedResult } from "../../Claim.ts"
import type { JobFailure } from "../../JobFailure.ts"
import type { Outcome, Report, Settlement } from "../../Outcome.ts"
import * as Pauses from "./pauses.ts"
import type { MemoryAttempt, MemoryJob, MemoryState } from "./state.ts"
import { moveToAvailable, moveToFinished, moveToWaiting } from "./state.ts"

/** Settles claims of one worker; results in the order of the input. */
export const settle = (
  state: MemoryState,
  workerId: string,
  settlements: ReadonlyArray<Settlement>,
  now: number
): ReadonlyArray<FencedResult> => settlements.map((settlement) => settleOne(state, workerId, settlement, now))

/** Stores reports of one worker; results in the order of the input. */
export const report = (
  state: MemoryState,
  workerId: string,
  reports: ReadonlyArray<Report>,
  now: number
): ReadonlyArray<FencedResult> => reports.map((entry) => reportOne(state, workerId, entry, now))

/** Gives a running job back unfinished, as a worker that leaves does. */
export const release = (state: MemoryState, job: MemoryJob, now: number): void =>
  end(state, job, { outcome: { _tag: "Released" }, startedAt: null, finishedAt: now }, now)

/** Writes the end of the attempt under way into the history. */
export const closeAttempt = (
  job: MemoryJob,
  entry: Pick<MemoryAttempt, "startedAt" | "finishedAt" | "outcome" | "error" | "settledAs">
): void => {
  const attempt = job.attempts.at(-1)
  if (attempt !== undefined) Object.assign(attempt, entry)
}

const settleOne = (state: MemoryState, workerId: string, settlement: Settlement, now: number): FencedResult => {
  const job = state.jobs.get(settlement.id)
  if (job === undefined) return "LeaseLost"
  if (!holds(job, workerId, settlement)) return agrees(job, workerId, settlement) ? "Applied" : "LeaseLost"
  const claimedAt = job.attempts.at(-1)?.claimedAt ?? now
  end(state, job, {
    outcome: settlement.outcome,
    startedAt: settlement.startedAfterMillis === null ? null : Math.round(claimedAt + settlement.startedAfterMillis),
    finishedAt: Math.round(claimedAt + settlement.endedAfterMillis)
  }, now)
  return "Applied"
}

const reportOne = (state: MemoryState, workerId: string, entry: Report, now: number): FencedResult => {
  const job = state.jobs.get(entry.id)
  if (job === undefined || !holds(job, workerId, entry)) return "LeaseLost"
  if (entry.started === true) {
    if (job.lease?.isAlone === true) job.lease.hasStarted = true
    return "Applied"
  }
  job.hasReport = true
  if (entry.progress !== undefined) job.progress = entry.progress
  if (entry.note !== undefined) {
    job.note = entry.note
    job.progress ??= 0
  }
  if (entry.log !== undefined) {
    job.logs.push({
      at: DateTime.makeUnsafe(now),
      token: job.token,
      level: entry.log.level,
      message: entry.log.message
    })
  }
  if (entry.checkpoint !== undefined) job.checkpoint = JSON.stringify(entry.checkpoint)
  return "Applied"
}

const holds = (job: MemoryJob, workerId: string, fence: Fence): boolean =>
  job.lease?.id === fence.leaseId && job.lease.workerId === workerId && job.token === fence.token

const agrees = (job: MemoryJob, workerId: string, { outcome, token }: Settlement): boolean => {
  const attempt = job.attempts.find((attempt) => attempt.token === token)
  if (attempt === undefined || attempt.workerId !== workerId) return false
  return attempt.settledAs === outcome._tag || (attempt.settledAs === "Cancelled" && isGivenBack(outcome))
}

const attemptOutcome: { readonly [Tag in Outcome["_tag"]]: AttemptOutcome } = {
  Completed: "completed",
  Retried: "failed",
  Snoozed: "snoozed",
  Released: "released",
  Cancelled: "cancelled",
  Dead: "failed",
  Quarantined: "quarantined"
}

const isGivenBack = (outcome: Outcome): boolean =>
  outcome._tag === "Retried" || outcome._tag === "Snoozed" || outcome._tag === "Released"

interface Ending {
  readonly outcome: Outcome
  readonly startedAt: number | null
  readonly finishedAt: number
}

const end = (state: MemoryState, job: MemoryJob, ending: Ending, now: number): void => {
  const outcome = job.cancelReason === null ? ending.outcome : afterCancel(ending.outcome, job.cancelReason)
  const error = "error" in outcome ? outcome.error : null
  closeAttempt(job, {
    startedAt: ending.startedAt,
    finishedAt: ending.finishedAt,
    outcome: attemptOutcome[outcome._tag],
    error,
    settledAs: outcome._tag
  })
  job.suspect = false
  job.startedAt = ending.startedAt
  if (error !== null) job.error = error
  place(state, job, outcome, ending.finishedAt, now)
}

const afterCancel = (outcome: Outcome, reason: string): Outcome => {
  if (!isGivenBack(outcome)) return outcome
  const error: JobFailure | null = outcome._tag === "Retried" ? outcome.error : null
  return { _tag: "Cancelled", reason, error }
}

const place = (state: MemoryState, job: MemoryJob, outcome: Outcome, finishedAt: number, now: number): void => {
  switch (outcome._tag) {
    case "Completed":
      job.result = outcome.result === null ? null : JSON.stringify(outcome.result)
      job.error = null
      return moveToFinished(state, job, "completed", finishedAt)
    case "Cancelled":
      return moveToFinished(state, job, "cancelled", finishedAt)
    case "Dead":
      job.failures += 1
      return moveToFinished(state, job, "dead", finishedAt)
    case "Quarantined":
      return moveToFinished(state, job, "quarantined", finishedAt)
    case "Retried":
      job.failures += 1
      return giveBack(state, job, "retryable", outcome.delayMillis, now)
    case "Snoozed":
      if (outcome.pause !== undefined) pauseLimit(state, outcome.pause, now + Math.ceil(outcome.delayMillis), now)
      return giveBack(state, job, "scheduled", outcome.delayMillis, now)
    case "Released":
      return giveBack(state, job, "scheduled", 0, now)
  }
}

const pauseLimit = (
  state: MemoryState,
  { key, limit }: { readonly limit: string; readonly key: string },
  until: number,
  now: number
): void => Pauses.prolong(state.limits.pauses, now, { what: "limit", name: limit, key, until })

const giveBack = (
  state: MemoryState,
  job: MemoryJob,
  to: "scheduled" | "retryable",
  delayMillis: number,
  now: number
): void => {
  job.attempt = job.failures + job.crashes
  job.workerId = null
  job.startedAt = null
  if (delayMillis > 0) return moveToWaiting(state, job, to, now + Math.ceil(delayMillis))
  job.runAt = now
  moveToAvailable(state, job)
}
