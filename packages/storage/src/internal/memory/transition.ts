/**
 * What a person does with jobs: cancel, retry, promote, change, remove.
 */
import * as DateTime from "effect/DateTime"
import type { JobId } from "../../JobId.ts"
import type { TransitionAction, TransitionResult } from "../../Storage.ts"
import * as Keys from "./keys.ts"
import type { MemoryJob, MemoryState } from "./state.ts"
import { forget, moveToAvailable, moveToFinished, moveToPriority, moveToWaiting } from "./state.ts"

/** Acts on jobs by id, each once; unknown ids are left out of the answer. */
export const transition = (
  state: MemoryState,
  ids: ReadonlyArray<JobId>,
  action: TransitionAction,
  now: number
): ReadonlyArray<TransitionResult> =>
  [...new Set(ids)].flatMap((id) => {
    const job = state.jobs.get(id)
    return job === undefined ? [] : [{ id, from: job.state, to: act(state, job, action, now) }]
  })

const act = (
  state: MemoryState,
  job: MemoryJob,
  action: TransitionAction,
  now: number
): TransitionResult["to"] => {
  switch (action._tag) {
    case "Cancel":
      return cancel(state, job, action.reason, now)
    case "Retry":
      return retry(state, job, now)
    case "Promote":
      return promote(state, job, now)
    case "Remove":
      return remove(state, job)
    case "Change":
      return change(state, job, action, now)
  }
}

const cancel = (state: MemoryState, job: MemoryJob, reason: string, now: number): TransitionResult["to"] => {
  if (job.state === "completed" || job.state === "cancelled") return "refused"
  if (job.state === "running") return requestCancel(state, job, reason)
  moveToFinished(state, job, "cancelled", now)
  return "cancelled"
}

const requestCancel = (state: MemoryState, job: MemoryJob, reason: string): "requested" => {
  job.cancelReason ??= reason
  if (job.workerId !== null) state.events.push({ _tag: "CancelRequested", workerId: job.workerId })
  return "requested"
}

const retry = (state: MemoryState, job: MemoryJob, now: number): TransitionResult["to"] => {
  if (job.state === "dead" || job.state === "quarantined" || job.state === "cancelled") return redrive(state, job, now)
  return promote(state, job, now)
}

const promote = (state: MemoryState, job: MemoryJob, now: number): TransitionResult["to"] => {
  if (job.state !== "scheduled" && job.state !== "retryable") return "refused"
  job.runAt = now
  moveToAvailable(state, job)
  return "available"
}

const redrive = (state: MemoryState, job: MemoryJob, now: number): TransitionResult["to"] => {
  if (job.uniqueKey !== null && !Keys.retake(state.uniqueKeys, job.uniqueKey, job.id, now)) return "refused"
  Object.assign(
    job,
    {
      attempt: 0,
      failures: 0,
      crashes: 0,
      runAt: now,
      workerId: null,
      startedAt: null,
      finishedAt: null,
      error: null
    } satisfies Partial<MemoryJob>
  )
  moveToAvailable(state, job)
  return "available"
}

const remove = (state: MemoryState, job: MemoryJob): TransitionResult["to"] => {
  if (job.state === "running") return "refused"
  forget(state, job)
  return "removed"
}

type Change = Extract<TransitionAction, { readonly _tag: "Change" }>

const change = (state: MemoryState, job: MemoryJob, action: Change, now: number): TransitionResult["to"] => {
  if (job.state !== "scheduled" && job.state !== "retryable" && (job.state !== "available" || job.suspect)) {
    return "refused"
  }
  const dueAt = dueAtOf(action, now)
  const priority = action.priority ?? job.priority
  if (action.tags !== null) job.tags = [...action.tags]
  if (job.state === "available" && (dueAt ?? now) <= now) {
    if (priority !== job.priority) moveToPriority(state, job, priority)
    return "available"
  }
  if (dueAt !== null) putOff(state, job, dueAt)
  job.priority = priority
  return job.state
}

/** A time to live moves with the due time. */
const putOff = (state: MemoryState, job: MemoryJob, dueAt: number): void => {
  if (job.expiresAt !== null) job.expiresAt += dueAt - job.runAt
  if (job.state === "available") return moveToWaiting(state, job, "scheduled", dueAt)
  job.runAt = dueAt
  state.nextDue = Math.min(state.nextDue, dueAt)
  state.events.push({ _tag: "Scheduled" })
}

/** When a job is due by a change, now at the earliest; null: as before. */
const dueAtOf = ({ delayMillis, runAt }: Change, now: number): number | null => {
  if (delayMillis !== null) return now + Math.ceil(delayMillis)
  return runAt === null ? null : Math.max(now, DateTime.toEpochMillis(runAt))
}
