/**
 * What a bystander knows of the jobs, workers and queues of a simulation, from the calls that reached the storage and
 * their answers.
 *
 * Not another storage: it does not choose what a claim gets or what a promotion moves. It notes what was answered, and the
 * rules beside it say whether that could be answered.
 */
import type { AttemptOutcome } from "@millrace/storage/Attempt"
import type { JobId } from "@millrace/storage/JobId"
import * as JobIds from "@millrace/storage/JobId"
import type { JobState } from "@millrace/storage/JobState"
import type { NewJob } from "@millrace/storage/NewJob"
import type { Outcome } from "@millrace/storage/Outcome"
import type { WorkerInfo } from "@millrace/storage/WorkerRecord"
import * as Port from "./port.ts"

/** The right to run one attempt, as it was lent. */
export interface ClaimFact {
  readonly workerId: string
  readonly leaseId: string
  readonly token: number
  readonly isAlone: boolean
  /** Whether the loss of its worker is a crash of the job. */
  hasStarted: boolean
}

/** How an attempt ended. `settledAs` is null after a crash. */
export interface EndFact {
  readonly workerId: string
  readonly settledAs: Outcome["_tag"] | null
  readonly outcome: AttemptOutcome
}

/** A job. */
export interface JobFact {
  readonly id: JobId
  readonly number: number
  input: NewJob
  state: JobState
  /** When it became available: jobs of one step share a position, unless they were inserted in an order. */
  position: number
  runAtMillis: number
  failures: number
  crashes: number
  isSuspect: boolean
  token: number
  cancelReason: string | null
  claim: ClaimFact | null
  readonly ends: Map<number, EndFact>
}

/** A registration. */
export interface WorkerFact {
  readonly id: string
  info: WorkerInfo
  renewedMillis: number
  expiresMillis: number
}

/** All that is known. */
export interface Facts {
  readonly jobs: Map<JobId, JobFact>
  readonly workers: Map<string, WorkerFact>
  /** Every id that was ever registered, with how it ended. */
  readonly paused: Set<string>
  readonly keys: Map<string, JobId>
  /** Jobs that an operator removed. */
  readonly removed: Set<JobId>
  /** Transitions into a finished state. */
  finished: number
  position: number
  /** The most jobs of a key that may run at the same time, by the name of the limit: those that were declared. */
  readonly limits: Map<string, number>
  /** Claims of each worker and queue, and how many of them began at a larger priority than the smallest. */
  readonly turns: Map<string, { claims: number; overtakings: number }>
}

/** Nothing is known. */
export const make = (): Facts => ({
  jobs: new Map(),
  workers: new Map(),
  paused: new Set(),
  keys: new Map(),
  removed: new Set(),
  finished: 0,
  position: 0,
  limits: new Map(),
  turns: new Map()
})

/** A job was stored. */
export const addJob = (facts: Facts, id: JobId, input: NewJob, dueMillis: number, nowMillis: number): void => {
  const job: JobFact = {
    id,
    number: numberOf(input.payload),
    input,
    state: "pending",
    position: 0,
    runAtMillis: dueMillis,
    failures: 0,
    crashes: 0,
    isSuspect: false,
    token: 0,
    cancelReason: null,
    claim: null,
    ends: new Map()
  }
  facts.jobs.set(id, job)
  const key = Port.keyOf(input)
  if (key !== null) facts.keys.set(key, id)
  if (dueMillis > nowMillis) job.state = "scheduled"
  else makeAvailable(facts, job)
}

/** The number that a job of a simulation carries; -1 when it carries none. */
export const numberOf = (payload: unknown): number =>
  typeof payload === "object" && payload !== null && "number" in payload && typeof payload.number === "number"
    ? payload.number
    : -1

/** A job goes to the end of its line. */
export const makeAvailable = (facts: Facts, job: JobFact): void => {
  facts.position += 1
  job.position = facts.position
  job.state = "available"
  job.claim = null
}

/** Jobs that become available in one step, in no order that anybody was promised. */
export const makeAvailableTogether = (facts: Facts, jobs: ReadonlyArray<JobFact>): void => {
  facts.position += 1
  for (const job of jobs) {
    job.position = facts.position
    job.state = "available"
    job.claim = null
  }
}

/** A job waits until an instant. */
export const makeWait = (job: JobFact, state: "scheduled" | "retryable", runAtMillis: number): void => {
  job.state = state
  job.runAtMillis = runAtMillis
  job.claim = null
}

/** A job ends, and its unique key is free. */
export const finish = (facts: Facts, job: JobFact, state: "completed" | "cancelled" | "dead" | "quarantined"): void => {
  facts.finished += 1
  job.state = state
  job.claim = null
  job.cancelReason = null
  job.isSuspect = false
  freeKey(facts, job)
}

/** The unique key of a job is free, if it holds it. */
export const freeKey = (facts: Facts, { id, input }: JobFact): void => {
  const key = Port.keyOf(input)
  if (key !== null && facts.keys.get(key) === id) facts.keys.delete(key)
}

/** Do the limits of a job have room for it now? A limit that nobody declared has none. */
export const hasRoom = (facts: Facts, job: JobFact): boolean =>
  Port.limitsOf(job.input).every(({ id, name }) => holders(facts, id) < (facts.limits.get(name) ?? 0))

/** Running jobs that hold a key of a limit. */
const holders = (facts: Facts, id: string): number => {
  let count = 0
  for (const { claim, input } of facts.jobs.values()) {
    if (claim !== null && Port.limitsOf(input).some((limit) => limit.id === id)) count += 1
  }
  return count
}

/** The jobs that a worker runs. */
export const jobsOf = (facts: Facts, workerId: string): ReadonlyArray<JobFact> =>
  [...facts.jobs.values()].filter(({ claim }) => claim?.workerId === workerId)

/** Jobs that wait for their time, the longest due first. */
export const waiting = (facts: Facts): ReadonlyArray<JobFact> =>
  [...facts.jobs.values()]
    .filter(({ state }) => state === "scheduled" || state === "retryable")
    .toSorted((a, b) => a.runAtMillis - b.runAtMillis || JobIds.compare(a.id, b.id))

/** Instants at which a call's answer changes by the passing of time alone, later than now, in milliseconds. */
export const turningPoints = (
  facts: Facts,
  operation: string,
  request: ReadonlyArray<unknown>,
  nowMillis: number
): ReadonlyArray<number> => {
  if (operation === "promote") {
    return waiting(facts).map(({ runAtMillis }) => runAtMillis).filter((at) => at > nowMillis)
  }
  const ends = [...facts.workers.values()].filter(({ expiresMillis, id }) =>
    expiresMillis > nowMillis && (operation === "reclaim" || id === workerIn(request))
  )
  return ends.map(({ expiresMillis }) => expiresMillis)
}

/** The worker that a call speaks for: settle and report name it first, claim and renew in their options. */
const workerIn = ([first]: ReadonlyArray<unknown>): unknown =>
  typeof first === "object" && first !== null && "workerId" in first ? first.workerId : first
