/**
 * Inserting jobs: a new job, or the id of the live job that holds its unique key.
 */
import * as DateTime from "effect/DateTime"
import * as JobId from "../../JobId.ts"
import type { InsertResult, NewJob } from "../../NewJob.ts"
import type { MemoryJob, MemoryState } from "./state.ts"
import { moveToAvailable, moveToWaiting, queueOf } from "./state.ts"

/** Inserts jobs that were checked before; results in the order of the input. */
export const insert = (state: MemoryState, jobs: ReadonlyArray<NewJob>, now: number): ReadonlyArray<InsertResult> =>
  jobs.map((job) => insertOne(state, job, now))

const insertOne = (state: MemoryState, input: NewJob, now: number): InsertResult => {
  const holder = input.unique === null ? undefined : state.uniqueKeys.get(input.unique.key)
  if (holder !== undefined) return { _tag: "Duplicate", id: holder }
  const job = makeJob(state, input, now)
  state.jobs.set(job.id, job)
  if (job.uniqueKey !== null) state.uniqueKeys.set(job.uniqueKey, job.id)
  queueOf(state, job.queue)
  const dueAt = input.runAt === null ? now + Math.ceil(input.delayMillis) : DateTime.toEpochMillis(input.runAt)
  if (dueAt > now) moveToWaiting(state, job, "scheduled", dueAt)
  else moveToAvailable(state, job)
  return { _tag: "Enqueued", id: job.id }
}

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
    uniqueKey: input.unique?.key ?? null,
    tags: [...input.tags],
    createdAt: now,
    runAt: now,
    ...blank,
    attempts: []
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
  hasReport: false
} as const
