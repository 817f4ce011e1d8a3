/**
 * Inserting jobs: a new job, the id of the job that holds its unique key, or that of the waiting job that it puts off.
 */
import * as DateTime from "effect/DateTime"
import { unknownParent } from "../../Bounds.ts"
import * as JobId from "../../JobId.ts"
import { gateOf } from "../../Limit.ts"
import type { Debounce, InsertResult, NewJob } from "../../NewJob.ts"
import type { Invalid } from "../../StorageError.ts"
import * as Keys from "./keys.ts"
import * as Pending from "./pending.ts"
import type { MemoryJob, MemoryState } from "./state.ts"
import { moveToAvailable, moveToPending, moveToWaiting, queueOf } from "./state.ts"

/** Why jobs can not be inserted now: a parent is not there. */
export const refusal = (state: MemoryState, jobs: ReadonlyArray<NewJob>): Invalid | null => {
  const id = Pending.unknownOf(state, jobs.flatMap(({ parents }) => parents ?? []))
  return id === undefined ? null : unknownParent(id)
}

/** Inserts jobs that were checked before; results in the order of the input. */
export const insert = (state: MemoryState, jobs: ReadonlyArray<NewJob>, now: number): ReadonlyArray<InsertResult> =>
  jobs.map((job) => insertOne(state, job, now))

const insertOne = (state: MemoryState, input: NewJob, now: number): InsertResult => {
  const holder = input.unique === null ? undefined : Keys.holderOf(state.uniqueKeys, input.unique.key, now)
  if (holder !== undefined) return { _tag: "Duplicate", id: holder }
  const waiting = input.debounce === null ? undefined : waitingJob(state, input.debounce)
  if (waiting !== undefined && input.debounce !== null) return putOff(state, waiting, input, input.debounce, now)
  const job = makeJob(state, input, now)
  state.jobs.set(job.id, job)
  if (input.unique !== null) Keys.take(state.uniqueKeys, input.unique, job.id, now)
  queueOf(state, job.queue)
  const dueAt = dueAtOf(input, now)
  const parents = Pending.unfinished(state, input.parents ?? [])
  if (parents.length > 0) return wait(state, job, input, parents, Math.max(now, dueAt))
  job.expiresAt = expiryOf(input, Math.max(now, dueAt))
  if (job.expiresAt !== null) state.expiring.set(job.id, job)
  if (dueAt > now) moveToWaiting(state, job, "scheduled", dueAt)
  else moveToAvailable(state, job)
  if (input.debounce !== null) {
    job.debounceKey = input.debounce.key
    state.debounced.set(input.debounce.key, job.id)
  }
  return { _tag: "Enqueued", id: job.id }
}

const wait = (
  state: MemoryState,
  job: MemoryJob,
  { ttlMillis }: NewJob,
  parents: ReadonlyArray<JobId.JobId>,
  runAt: number
): InsertResult => {
  job.parents = parents
  job.runAt = runAt
  job.ttl = ttlMillis === null ? null : Math.ceil(ttlMillis)
  moveToPending(state, job)
  return { _tag: "Enqueued", id: job.id }
}

const waitingJob = (state: MemoryState, { key }: Debounce): MemoryJob | undefined => {
  const id = state.debounced.get(key)
  return id === undefined ? undefined : state.jobs.get(id)
}

const putOff = (state: MemoryState, job: MemoryJob, input: NewJob, debounce: Debounce, now: number): InsertResult => {
  const { maxWaitMillis, payload, waitMillis } = debounce
  job.runAt = Math.min(
    now + Math.ceil(waitMillis),
    maxWaitMillis === null ? Number.POSITIVE_INFINITY : job.createdAt + Math.ceil(maxWaitMillis)
  )
  job.expiresAt = expiryOf(input, job.runAt)
  if (job.expiresAt !== null) state.expiring.set(job.id, job)
  if (payload === "replace") {
    job.payload = JSON.stringify(input.payload)
    job.version = input.version
    job.limits = input.limits.map((limit) => ({ ...limit }))
    job.gate = gateOf(input.limits)
  }
  state.nextDue = Math.min(state.nextDue, job.runAt)
  state.events.push({ _tag: "Scheduled" })
  return { _tag: "Replaced", id: job.id }
}

const dueAtOf = ({ debounce, delayMillis, runAt }: NewJob, now: number): number => {
  if (debounce !== null) {
    return now + Math.ceil(Math.min(debounce.waitMillis, debounce.maxWaitMillis ?? debounce.waitMillis))
  }
  return runAt === null ? now + Math.ceil(delayMillis) : DateTime.toEpochMillis(runAt)
}

const expiryOf = ({ ttlMillis }: NewJob, dueAt: number): number | null =>
  ttlMillis === null ? null : dueAt + Math.ceil(ttlMillis)

const makeJob = (state: MemoryState, input: NewJob, now: number): MemoryJob => {
  state.lastId += 1
  return {
    id: JobId.makeUnsafe(state.lastId),
    name: input.name,
    version: input.version,
    queue: input.queue,
    tenant: input.tenant,
    priority: input.priority,
    payload: JSON.stringify(input.payload),
    maxAttempts: input.maxAttempts,
    timeoutMillis: input.timeoutMillis,
    retry: input.retry === null ? null : JSON.stringify(input.retry),
    uniqueKey: input.unique === null || input.unique.holds === "period" ? null : input.unique.key,
    isUniqueUntilStart: input.unique?.holds === "started",
    limits: input.limits.map((limit) => ({ ...limit })),
    gate: gateOf(input.limits) ?? (input.unique?.holds === "started" ? "" : null),
    tags: [...input.tags],
    createdAt: now,
    runAt: now,
    ...blank,
    attempts: [],
    logs: []
  }
}

const blank = {
  state: "pending",
  position: 0,
  attempt: 0,
  failures: 0,
  crashes: 0,
  suspect: false,
  token: 0,
  cancelReason: null,
  lease: null,
  workerId: null,
  startedAt: null,
  finishedAt: null,
  result: null,
  error: null,
  progress: null,
  note: null,
  checkpoint: null,
  hasReport: false,
  debounceKey: null,
  expiresAt: null,
  ttl: null,
  parents: []
} as const
