/**
 * The state of a memory storage and the few moves by which a job changes its place in it.
 *
 * A job is in `jobs` from insert until it is removed or pruned, and besides in exactly one
 * place: in `pending`, in a line of its queue (`available`), in `waiting` (`scheduled`, `retryable`), in
 * a lease (`running`), or nowhere else (finished). Only `moveTo…` functions change both.
 */
import type { AttemptOutcome } from "../../Attempt.ts"
import type { ClaimOptions } from "../../Claim.ts"
import type { LogEntry } from "../../Inspection.ts"
import type { JobFailure } from "../../JobFailure.ts"
import type { JobId } from "../../JobId.ts"
import * as JobState from "../../JobState.ts"
import type { JobLimit } from "../../Limit.ts"
import type { Outcome } from "../../Outcome.ts"
import type { StorageEvent } from "../../Storage.ts"
import type { WorkerInfo } from "../../WorkerRecord.ts"
import * as Keys from "./keys.ts"
import * as Limits from "./limits.ts"

/** One entry of a job's history. Instants are epoch milliseconds everywhere in this folder. */
export interface MemoryAttempt {
  readonly attempt: number
  readonly token: number
  readonly workerId: string
  readonly claimedAt: number
  startedAt: number | null
  finishedAt: number | null
  outcome: AttemptOutcome
  error: JobFailure | null
  /** The outcome that took effect; null while it runs and after a crash. */
  settledAs: Outcome["_tag"] | null
}

/** A stored job. JSON is kept as text, so that no caller shares an object with the storage. */
export interface MemoryJob {
  readonly id: JobId
  readonly name: string
  readonly queue: string
  readonly tenant: string
  readonly maxAttempts: number
  readonly timeoutMillis: number | null
  readonly retry: string | null
  readonly createdAt: number
  readonly attempts: Array<MemoryAttempt>
  readonly logs: Array<LogEntry>
  priority: number
  tags: ReadonlyArray<string>
  version: number
  payload: string
  limits: ReadonlyArray<JobLimit>
  gate: string | null
  uniqueKey: string | null
  /** Whether the key is free again from the first start on. */
  isUniqueUntilStart: boolean
  /** The key by which the job can be put off, while it waits for the first time. */
  debounceKey: string | null
  /** When it is cancelled if it has not started; while it is pending, `ttl` is kept until then. */
  expiresAt: number | null
  ttl: number | null
  /** What it waits for while it is pending. */
  parents: ReadonlyArray<JobId>
  state: JobState.JobState
  position: number
  runAt: number
  attempt: number
  failures: number
  crashes: number
  suspect: boolean
  token: number
  cancelReason: string | null
  lease: MemoryLease | null
  workerId: string | null
  startedAt: number | null
  finishedAt: number | null
  result: string | null
  error: JobFailure | null
  progress: number | null
  note: string | null
  checkpoint: string | null
  hasReport: boolean
}

/** Jobs of one line, oldest position first. */
export type Line = Map<JobId, MemoryJob>

/** Lines by priority and tenant. */
export type Lines = Map<number, Map<string, Line>>

/** Which tenant a worker served last, and how many jobs of its turn are left. */
export interface Turn {
  readonly tenant: string
  readonly left: number
}

/** Where a worker stands in a queue: its claims so far, and its turns for jobs with and without limits. */
export interface Cursor {
  claims: number
  readonly turns: { free: Turn | null; gated: Turn | null }
}

/** A queue: its lines (jobs under limits have their own), its suspects, and where each worker stands. */
export interface MemoryQueue {
  readonly name: string
  pausedAt: number | null
  readonly lines: { readonly free: Lines; readonly gated: Lines }
  readonly suspects: Line
  readonly cursors: Map<string, Cursor>
}

/** The jobs of one claim that are still running. */
export interface MemoryLease {
  readonly id: string
  readonly workerId: string
  readonly isAlone: boolean
  /** Whether the loss of its worker is a crash of its jobs: they are known to have started. */
  hasStarted: boolean
  readonly jobs: Map<JobId, MemoryJob>
}

/** A registered worker. */
export interface MemoryWorker {
  readonly id: string
  readonly startedAt: number
  info: WorkerInfo
  renewedAt: number
  expiresAt: number
}

/** What a claim may choose from. */
export interface Candidate {
  readonly id: JobId
  readonly tenant: string
  readonly priority: number
  /** What jobs that wait in one line have in common: their limits and keys; null when nothing decides but their places. */
  readonly gate: string | null
}

/** Chooses the jobs of a claim among all claimable ones, which come ordered by priority, then position. */
export type Choose = (options: ClaimOptions, candidates: ReadonlyArray<Candidate>) => ReadonlyArray<JobId>

/** Everything that a memory storage knows. `events` are those of the step under way. */
export interface MemoryState {
  readonly choose: Choose | null
  readonly jobs: Map<JobId, MemoryJob>
  readonly queues: Map<string, MemoryQueue>
  readonly waiting: Line
  /** Jobs that wait for parents. */
  readonly pending: Line
  /** Jobs that may expire, some of which can not any more. */
  readonly expiring: Line
  readonly leases: Map<string, MemoryLease>
  readonly workers: Map<string, MemoryWorker>
  readonly uniqueKeys: Keys.Keys
  readonly debounced: Map<string, JobId>
  readonly limits: Limits.Limits
  /** Weights by tenant and queue; the queue null stands for all. */
  readonly weights: Map<string, Map<string | null, number>>
  readonly events: Array<StorageEvent>
  lastId: number
  lastPosition: number
  lastLease: number
  /** No job that waits is due earlier, as far as the last promotion and later insertions know. */
  nextDue: number
}

/** An empty storage. */
export const makeState = (choose: Choose | null): MemoryState => ({
  choose,
  jobs: new Map(),
  queues: new Map(),
  waiting: new Map(),
  pending: new Map(),
  expiring: new Map(),
  leases: new Map(),
  workers: new Map(),
  uniqueKeys: new Map(),
  debounced: new Map(),
  limits: Limits.makeLimits(),
  weights: new Map(),
  events: [],
  lastId: 0,
  lastPosition: 0,
  lastLease: 0,
  nextDue: Number.POSITIVE_INFINITY
})

/** The queue of this name, which is known from now on. */
export const queueOf = (state: MemoryState, name: string): MemoryQueue => {
  const known = state.queues.get(name)
  if (known !== undefined) return known
  const queue: MemoryQueue = {
    name,
    pausedAt: null,
    lines: { free: new Map(), gated: new Map() },
    suspects: new Map(),
    cursors: new Map()
  }
  state.queues.set(name, queue)
  return queue
}

/** Puts a job at the end of its line. Its `runAt` is set by the caller. */
export const moveToAvailable = (state: MemoryState, job: MemoryJob): void => {
  leavePlace(state, job)
  setState(job, "available")
  state.lastPosition += 1
  job.position = state.lastPosition
  lineOf(queueOf(state, job.queue), job).set(job.id, job)
  Limits.enterLine(state.limits, job)
  state.events.push({ _tag: "Available", queue: job.queue })
}

/** Lets a new job wait for others. */
export const moveToPending = (state: MemoryState, job: MemoryJob): void => {
  state.pending.set(job.id, job)
  state.events.push({ _tag: "Scheduled" })
}

/** Puts an available job at the end of the line of another priority. */
export const moveToPriority = (state: MemoryState, job: MemoryJob, priority: number): void => {
  leavePlace(state, job)
  job.priority = priority
  moveToAvailable(state, job)
}

/** Lets a job wait until `runAt`. */
export const moveToWaiting = (
  state: MemoryState,
  job: MemoryJob,
  to: "scheduled" | "retryable",
  runAt: number
): void => {
  leavePlace(state, job)
  setState(job, to)
  job.runAt = runAt
  state.waiting.set(job.id, job)
  if (runAt < state.nextDue) state.events.push({ _tag: "Scheduled" })
  state.nextDue = Math.min(state.nextDue, runAt)
}

/** Lends an available job to the worker of a lease. */
export const moveToRunning = (state: MemoryState, job: MemoryJob, lease: MemoryLease): void => {
  leavePlace(state, job)
  setState(job, "running")
  job.lease = lease
  lease.jobs.set(job.id, job)
}

/** Ends a job, and frees its unique key and its limits; one in quarantine keeps them. */
export const moveToFinished = (
  state: MemoryState,
  job: MemoryJob,
  to: "completed" | "cancelled" | "dead" | "quarantined",
  finishedAt: number
): void => {
  leavePlace(state, job)
  setState(job, to)
  job.finishedAt = finishedAt
  job.cancelReason = null
  job.suspect = false
  job.expiresAt = null
  if (to !== "quarantined") freeAll(state, job)
  state.events.push({ _tag: "Finished", ids: [job.id] })
}

/** Forgets a job that is not running, with its history. */
export const forget = (state: MemoryState, job: MemoryJob): void => {
  leavePlace(state, job)
  freeAll(state, job)
  state.jobs.delete(job.id)
}

const setState = (job: MemoryJob, to: JobState.JobState): void => {
  if (job.state !== to && !JobState.isLegal(job.state, to)) {
    throw new Error(`Job ${job.id} can not go from ${job.state} to ${to}`)
  }
  job.state = to
}

const lineOf = (queue: MemoryQueue, job: MemoryJob): Line => {
  if (job.suspect) return queue.suspects
  const lines = linesOf(queue, job)
  const tenants = lines.get(job.priority) ?? new Map<string, Line>()
  lines.set(job.priority, tenants)
  const line = tenants.get(job.tenant) ?? new Map<JobId, MemoryJob>()
  tenants.set(job.tenant, line)
  return line
}

const linesOf = (queue: MemoryQueue, job: MemoryJob): Lines => job.gate === null ? queue.lines.free : queue.lines.gated

const leavePlace = (state: MemoryState, job: MemoryJob): void => {
  if (job.state === "available") {
    leaveLine(queueOf(state, job.queue), job)
    Limits.leaveLine(state.limits, job)
  }
  if (job.state === "scheduled" || job.state === "retryable") leaveWaiting(state, job)
  if (job.state === "running") noteFreed(state, job, Limits.release(state.limits, job, false))
  state.pending.delete(job.id)
  leaveLease(state, job)
}

const leaveWaiting = (state: MemoryState, job: MemoryJob): void => {
  state.waiting.delete(job.id)
  if (job.debounceKey !== null) state.debounced.delete(job.debounceKey)
  job.debounceKey = null
}

/** Whoever waits for a limit that has room again is told. */
const noteFreed = (state: MemoryState, job: MemoryJob, isFreed: boolean): void => {
  if (isFreed) state.events.push({ _tag: "Available", queue: job.queue })
}

const leaveLine = (queue: MemoryQueue, job: MemoryJob): void => {
  queue.suspects.delete(job.id)
  const lines = linesOf(queue, job)
  const tenants = lines.get(job.priority)
  const line = tenants?.get(job.tenant)
  line?.delete(job.id)
  if (line?.size === 0) tenants?.delete(job.tenant)
  if (tenants?.size === 0) lines.delete(job.priority)
}

const leaveLease = (state: MemoryState, job: MemoryJob): void => {
  const lease = job.lease
  job.lease = null
  lease?.jobs.delete(job.id)
  if (lease?.jobs.size === 0) state.leases.delete(lease.id)
}

const freeAll = (state: MemoryState, job: MemoryJob): void => {
  Keys.release(state.uniqueKeys, job.uniqueKey, job.id)
  noteFreed(state, job, Limits.release(state.limits, job, true))
}
