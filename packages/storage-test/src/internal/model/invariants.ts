/**
 * What must hold of every storage at every moment, whatever was done to it: checks of what it
 * shows, without any reference.
 */
import type { Attempt, JobRecord, Storage } from "@millrace/storage"
import { JobState } from "@millrace/storage"

/** Finds what is wrong with one job, seen before (if it was there) and after a step. */
export const checkJob = (before: JobRecord.JobRecord | undefined, after: JobRecord.JobRecord): string | null =>
  checkShape(after) ?? (before === undefined ? null : checkStep(before, after))

/** Finds what is wrong with all jobs and the counts together. */
export const checkAll = (
  jobs: ReadonlyArray<JobRecord.JobRecord>,
  overview: Storage.Overview
): string | null => checkKeys(jobs) ?? checkCounts(jobs, overview)

/** Finds what is wrong with the history of a job: every claim left one attempt, and only the last may run. */
export const checkHistory = (
  job: JobRecord.JobRecord,
  attempts: ReadonlyArray<Attempt.Attempt>
): string | null => {
  const tokens = attempts.map((attempt) => attempt.token)
  const wanted = Array.from({ length: job.token }, (_, n) => n + 1)
  if (tokens.join() !== wanted.join()) return `history has tokens ${tokens.join()} after ${job.token} claims`
  const running = attempts.filter((attempt) => attempt.outcome === "running").length
  if (running !== (job.state === "running" ? 1 : 0)) return `${running} attempts run of a job that is ${job.state}`
  const open = attempts.filter((attempt) => (attempt.finishedAt === null) !== (attempt.outcome === "running"))
  return open.length === 0 ? null : "an attempt ended without an instant"
}

const checkShape = (job: JobRecord.JobRecord): string | null => {
  const isRunning = job.state === "running"
  const isOver = JobState.isTerminal(job.state) || job.state === "quarantined"
  const spent = job.failures + job.crashes
  if (isRunning && job.workerId === null) return "runs without a worker"
  if (!isRunning && !isOver && job.workerId !== null) return "waits with a worker"
  if (isOver !== (job.finishedAt !== null)) return "has an end that does not fit its state"
  if (job.attempt < spent || job.attempt > spent + 1) return `attempt ${job.attempt} after ${spent} spent`
  return null
}

const checkStep = (before: JobRecord.JobRecord, after: JobRecord.JobRecord): string | null => {
  if (before.state !== after.state && !JobState.isLegal(before.state, after.state)) {
    return `went from ${before.state} to ${after.state}`
  }
  if (after.token < before.token || after.token > before.token + 1) return `token ${before.token} became ${after.token}`
  return null
}

const checkKeys = (jobs: ReadonlyArray<JobRecord.JobRecord>): string | null => {
  const held = jobs.flatMap((job) => JobState.isTerminal(job.state) || job.uniqueKey === null ? [] : [job.uniqueKey])
  return new Set(held).size === held.length ? null : "two live jobs hold one unique key"
}

const checkCounts = (jobs: ReadonlyArray<JobRecord.JobRecord>, { queues }: Storage.Overview): string | null => {
  for (const { counts, queue } of queues) {
    for (const state of JobState.states) {
      const listed = jobs.filter((job) => job.queue === queue && job.state === state).length
      if (counts[state] !== listed) return `counts ${counts[state]} ${state} in ${queue} where ${listed} are`
    }
  }
  return null
}
