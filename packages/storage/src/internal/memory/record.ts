/**
 * What callers see of the state: claims, records and attempts, as values of their own.
 */
import * as DateTime from "effect/DateTime"
import type { Attempt } from "../../Attempt.ts"
import type { Claim } from "../../Claim.ts"
import type { JobFailure } from "../../JobFailure.ts"
import type { JobRecord } from "../../JobRecord.ts"
import type { WorkerRecord } from "../../WorkerRecord.ts"
import type { MemoryAttempt, MemoryJob, MemoryWorker } from "./state.ts"

/** The claim of a job that was just lent. */
export const toClaim = (job: MemoryJob, leaseId: string): Claim => ({
  id: job.id,
  leaseId,
  token: job.token,
  name: job.name,
  version: job.version,
  queue: job.queue,
  tenant: job.tenant,
  priority: job.priority,
  payload: JSON.parse(job.payload),
  attempt: job.attempt,
  failures: job.failures,
  crashes: job.crashes,
  maxAttempts: job.maxAttempts,
  timeoutMillis: job.timeoutMillis,
  retry: parse(job.retry),
  uniqueKey: job.uniqueKey,
  limits: job.limits.map((limit) => ({ ...limit })),
  tags: [...job.tags],
  createdAtMillis: job.createdAt,
  hasReport: job.hasReport
})

/** The record of a job. */
export const toRecord = (job: MemoryJob): JobRecord => ({
  id: job.id,
  name: job.name,
  version: job.version,
  state: job.state,
  queue: job.queue,
  tenant: job.tenant,
  priority: job.priority,
  payload: JSON.parse(job.payload),
  result: parse(job.result),
  error: copy(job.error),
  attempt: job.attempt,
  failures: job.failures,
  crashes: job.crashes,
  maxAttempts: job.maxAttempts,
  timeoutMillis: job.timeoutMillis,
  retry: parse(job.retry),
  uniqueKey: job.uniqueKey,
  tags: [...job.tags],
  token: job.token,
  workerId: job.workerId,
  createdAt: DateTime.makeUnsafe(job.createdAt),
  runAt: DateTime.makeUnsafe(job.runAt),
  startedAt: toInstant(job.startedAt),
  finishedAt: toInstant(job.finishedAt),
  progress: job.progress === null ? null : { value: job.progress, note: job.note },
  ...(job.checkpoint === null ? {} : { checkpoint: JSON.parse(job.checkpoint) })
})

/** One entry of a history. */
export const toAttempt = (attempt: MemoryAttempt): Attempt => ({
  attempt: attempt.attempt,
  token: attempt.token,
  workerId: attempt.workerId,
  claimedAt: DateTime.makeUnsafe(attempt.claimedAt),
  startedAt: toInstant(attempt.startedAt),
  finishedAt: toInstant(attempt.finishedAt),
  outcome: attempt.outcome,
  error: copy(attempt.error)
})

/** The record of a worker that holds so many jobs. */
export const toWorkerRecord = (worker: MemoryWorker, running: number): WorkerRecord => ({
  id: worker.id,
  info: worker.info,
  startedAt: DateTime.makeUnsafe(worker.startedAt),
  renewedAt: DateTime.makeUnsafe(worker.renewedAt),
  expiresAt: DateTime.makeUnsafe(worker.expiresAt),
  running
})

const parse = (text: string | null) => (text === null ? null : JSON.parse(text))

const copy = (failure: JobFailure | null): JobFailure | null =>
  failure === null ? null : JSON.parse(JSON.stringify(failure))

const toInstant = (millis: number | null): DateTime.Utc | null => (millis === null ? null : DateTime.makeUnsafe(millis))
