/**
 * Jobs that wait for parents: which of them may go on, and which can not any more.
 */
import * as JobId from "../../JobId.ts"
import type { JobState } from "../../JobState.ts"
import type { MemoryJob, MemoryState } from "./state.ts"
import { moveToAvailable, moveToFinished, moveToWaiting } from "./state.ts"

/** Where a job stands that others wait for. */
export type ParentState = JobState | "removed"

/** What a release did. */
export interface Released {
  readonly available: ReadonlyArray<MemoryJob>
  readonly isAnyCancelled: boolean
}

/** A parent of a job as it stands now. */
interface Parent {
  readonly id: JobId.JobId
  readonly state: ParentState
}

/** Where the parents of a job stand, by id. */
export const parentsOf = (state: MemoryState, job: MemoryJob): ReadonlyArray<Parent> =>
  job.parents.map((id) => ({ id, state: state.jobs.get(id)?.state ?? "removed" }))

/** The parents that a new job has to wait for, each once, by id. */
export const unfinished = (state: MemoryState, parents: ReadonlyArray<JobId.JobId>): ReadonlyArray<JobId.JobId> =>
  [...new Set(parents)].filter((id) => state.jobs.get(id)?.state !== "completed").toSorted(JobId.compare)

/** The first parent that is not there. */
export const unknownOf = (state: MemoryState, parents: ReadonlyArray<JobId.JobId>): JobId.JobId | undefined =>
  parents.find((id) => !state.jobs.has(id))

/** Lets go on what waits for nothing more, and cancels what waits in vain: judged by how all stood before. */
export const release = (state: MemoryState, now: number): Released => {
  const judged = [...state.pending.values()].map((job) => ({ job, parents: parentsOf(state, job) }))
  const available: Array<MemoryJob> = []
  let isAnyCancelled = false
  for (const { job, parents } of judged) {
    const failed = parents.find((parent) => hasFailed(parent.state))
    if (failed !== undefined) {
      cancel(state, job, failed, now)
      isAnyCancelled = true
    } else if (parents.every((parent) => parent.state === "completed")) {
      begin(state, job, now)
      if (job.state === "available") available.push(job)
    }
  }
  return { available, isAnyCancelled }
}

const hasFailed = (state: ParentState): boolean => state === "dead" || state === "cancelled" || state === "removed"

const cancel = (state: MemoryState, job: MemoryJob, parent: Parent, now: number): void => {
  const became = parent.state === "dead" ? "is dead" : `was ${parent.state}`
  job.error = {
    tag: "ParentFailed",
    message: `Job ${job.id} waited for job ${parent.id}, which ${became}`,
    data: { parent: parent.id, state: parent.state }
  }
  moveToFinished(state, job, "cancelled", now)
}

/** The time to live begins now, or when the job is due. */
const begin = (state: MemoryState, job: MemoryJob, now: number): void => {
  const isDue = job.runAt <= now
  job.runAt = Math.max(job.runAt, now)
  job.expiresAt = job.ttl === null ? null : job.runAt + job.ttl
  if (job.expiresAt !== null) state.expiring.set(job.id, job)
  if (isDue) moveToAvailable(state, job)
  else moveToWaiting(state, job, "scheduled", job.runAt)
}
