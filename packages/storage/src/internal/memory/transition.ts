/**
 * What a person does with jobs: cancel, retry, promote, remove.
 */
import type { JobId } from "../../JobId.ts"
import type { TransitionAction, TransitionResult } from "../../Storage.ts"
import * as Keys from "./keys.ts"
import type { MemoryJob, MemoryState } from "./state.ts"
import { forget, moveToAvailable, moveToFinished } from "./state.ts"

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
