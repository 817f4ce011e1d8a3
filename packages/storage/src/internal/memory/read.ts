/**
 * Reading jobs, histories and counts, and dropping what finished long ago.
 */
import * as DateTime from "effect/DateTime"
import type { Attempt } from "../../Attempt.ts"
import * as JobId from "../../JobId.ts"
import type { JobQuery, Page } from "../../JobQuery.ts"
import { limitDefault, toPage } from "../../JobQuery.ts"
import type * as JobState from "../../JobState.ts"
import type { Overview, Pruned, PrunePolicy, QueueCounts } from "../../Storage.ts"
import { jsonContains } from "../jsonContains.ts"
import * as Keys from "./keys.ts"
import { toAttempt, toRecord, toWorkerRecord } from "./record.ts"
import type { MemoryJob, MemoryQueue, MemoryState } from "./state.ts"
import { forget } from "./state.ts"

/** Reads one page of jobs, newest first. */
export const list = (state: MemoryState, query: JobQuery): Page => {
  const limit = query.limit ?? limitDefault
  const found: Array<MemoryJob> = []
  for (const job of newestFirst(state, query)) {
    if (found.length > limit) break
    if (matches(job, query)) found.push(job)
  }
  return toPage(found.map(toRecord), limit)
}

/** Lists the attempts of a job, oldest first. */
export const history = (state: MemoryState, id: JobId.JobId): ReadonlyArray<Attempt> =>
  state.jobs.get(id)?.attempts.map(toAttempt) ?? []

/** Counts jobs by queue and state, queues and workers by name. */
export const overview = (state: MemoryState): Overview => {
  const counts = new Map<string, { [State in JobState.JobState]: number }>()
  for (const name of state.queues.keys()) counts.set(name, noJobs())
  for (const job of state.jobs.values()) {
    const count = counts.get(job.queue)
    if (count !== undefined) count[job.state] += 1
  }
  return {
    queues: [...state.queues.values()].map((queue) => toCounts(queue, counts)).toSorted(byName),
    workers: [...state.workers.values()]
      .map((worker) => toWorkerRecord(worker, runningOf(state, worker.id)))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }
}

/** Drops finished jobs whose time is over. */
export const prune = (state: MemoryState, policy: PrunePolicy, now: number): Pruned => {
  const expired = [...state.jobs.values()].filter((job) =>
    job.finishedAt !== null && job.finishedAt + keepMillis(job, policy) <= now
  )
  const dead = expired.filter(waitsForPerson).length
  for (const job of expired) forget(state, job)
  Keys.sweep(state.uniqueKeys, now)
  return { finished: expired.length - dead, dead }
}

const newestFirst = (state: MemoryState, query: JobQuery): ReadonlyArray<MemoryJob> =>
  query.ids === undefined
    ? [...state.jobs.values()].toReversed()
    : [...new Set(query.ids)].flatMap((id) => state.jobs.get(id) ?? []).toSorted((a, b) => JobId.compare(b.id, a.id))

const matches = (job: MemoryJob, query: JobQuery): boolean =>
  isAmong(query.states, job.state)
  && isAmong(query.names, job.name)
  && isAmong(query.queues, job.queue)
  && isAmong(query.tenants, job.tenant)
  && (query.tags === undefined || query.tags.some((tag) => job.tags.includes(tag)))
  && (query.before === undefined || JobId.compare(job.id, query.before) < 0)
  && (query.createdAfter === undefined || job.createdAt >= DateTime.toEpochMillis(query.createdAfter))
  && (query.createdBefore === undefined || job.createdAt < DateTime.toEpochMillis(query.createdBefore))
  && (query.payload === undefined || jsonContains(JSON.parse(job.payload), query.payload))

const isAmong = <A>(wanted: ReadonlyArray<A> | undefined, value: A): boolean =>
  wanted === undefined || wanted.includes(value)

const keepMillis = (job: MemoryJob, policy: PrunePolicy): number =>
  waitsForPerson(job) ? policy.deadMillis : policy.finishedMillis

const waitsForPerson = (job: MemoryJob): boolean => job.state === "dead" || job.state === "quarantined"

const toCounts = (
  queue: MemoryQueue,
  counts: ReadonlyMap<string, QueueCounts["counts"]>
): QueueCounts => ({ queue: queue.name, paused: queue.pausedAt !== null, counts: counts.get(queue.name) ?? noJobs() })

const noJobs = (): { [State in JobState.JobState]: number } => ({
  pending: 0,
  scheduled: 0,
  available: 0,
  running: 0,
  retryable: 0,
  completed: 0,
  cancelled: 0,
  dead: 0,
  quarantined: 0
})

const byName = (a: QueueCounts, b: QueueCounts): number => (a.queue < b.queue ? -1 : 1)

const runningOf = (state: MemoryState, workerId: string): number => {
  let running = 0
  for (const lease of state.leases.values()) if (lease.workerId === workerId) running += lease.jobs.size
  return running
}
