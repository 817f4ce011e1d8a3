/**
 * Comparing what the two storages show: answers, and after every step their whole state.
 *
 * Left out is what the port leaves to drivers: `runAt` of jobs that do not wait, the error of jobs that
 * neither wait for a retry nor ended in it, progress and checkpoint of finished jobs, the wording of crashes.
 */
import type { Attempt, JobFailure, JobId, JobRecord, Storage } from "@millrace/storage"
import { JobState } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { checkAll, checkHistory, checkJob } from "./invariants.ts"
import type { Snapshot, World } from "./world.ts"
import { toDriver, toReference } from "./world.ts"

/** Says how two values differ; null when they are equal. */
export const difference = (what: string, driver: unknown, reference: unknown): string | null =>
  Equal.equals(driver, reference)
    ? null
    : `${what}: driver ${JSON.stringify(driver)}, reference ${JSON.stringify(reference)}`

/** The first of some findings that is not null. */
export const firstFinding = (findings: Iterable<string | null>): string | null => {
  for (const finding of findings) if (finding !== null) return finding
  return null
}

/** Compares the whole state, and remembers it for the next step. */
export const compareState = Effect.fnUntraced(function*(world: World, step: string) {
  const driver = yield* snapshot(world.driver, (id) => toReference(world, id))
  const reference = yield* snapshot(world.reference, (id) => id)
  const overview = yield* world.driver.overview
  const changed = changes(world.referenceJobs, reference)
  const suspicious = new Set([...changed, ...changes(world.driverJobs, driver)])
  const finding = firstFinding([
    difference("jobs", [...driver.keys()], [...reference.keys()]),
    ...[...suspicious].map((id) => compareJob(id, reference.get(id)?.job, driver.get(id)?.job)),
    ...[...suspicious].map((id) => named(`job ${id}`, checkDriver(world, driver, id))),
    compareOverview(overview, yield* world.reference.overview),
    checkAll([...driver.values()].map(({ job }) => job), overview)
  ]) ?? (yield* compareHistories(world, changed.flatMap((id) => reference.get(id)?.job ?? [])))
  noteCohorts(world, changed, reference, step)
  world.driverJobs = driver
  world.referenceJobs = reference
  return finding
})

/** The jobs of a storage, newest first, by the reference's ids. */
const snapshot = Effect.fnUntraced(function*(
  storage: Storage.Storage["Service"],
  toId: (id: JobId.JobId) => JobId.JobId
) {
  const jobs = yield* allJobs(storage)
  return new Map(jobs.map((job) => [toId(job.id), { job, text: JSON.stringify(job) }]))
})

const changes = (before: Snapshot, after: Snapshot): ReadonlyArray<JobId.JobId> =>
  [...after].flatMap(([id, { text }]) => before.get(id)?.text === text ? [] : [id])

const named = (what: string, finding: string | null): string | null => (finding === null ? null : `${what} ${finding}`)

const allJobs = Effect.fnUntraced(function*(storage: Storage.Storage["Service"]) {
  const jobs: Array<JobRecord.JobRecord> = []
  let page = yield* storage.list({ limit: 1000 })
  jobs.push(...page.items)
  while (page.next !== null) {
    page = yield* storage.list({ limit: 1000, before: page.next })
    jobs.push(...page.items)
  }
  return jobs
})

const checkDriver = (world: World, driver: Snapshot, id: JobId.JobId): string | null => {
  const after = driver.get(id)
  return after === undefined ? null : checkJob(world.driverJobs.get(id)?.job, after.job)
}

const compareJob = (
  id: JobId.JobId,
  reference: JobRecord.JobRecord | undefined,
  driver: JobRecord.JobRecord | undefined
): string | null => {
  if (driver === undefined || reference === undefined) return `job ${id} is in one storage only`
  const wanted = shown(reference, id)
  const found = shown(driver, id)
  return firstFinding(
    Object.keys(wanted).map((key) => difference(`${key} of job ${id} (${reference.state})`, found[key], wanted[key]))
  )
}

/** The fields of a record that every driver must show alike. */
const shown = (job: JobRecord.JobRecord, id: JobId.JobId): { readonly [key: string]: unknown } => {
  const { checkpoint, createdAt, error, finishedAt, progress, runAt, startedAt, ...exact } = job
  const isOver = JobState.isTerminal(job.state)
  const waits = job.state === "scheduled" || job.state === "retryable"
  const showsError = job.state === "retryable" || job.state === "dead" || job.state === "completed"
  return {
    ...exact,
    id,
    createdAt: millis(createdAt),
    startedAt: millis(startedAt),
    finishedAt: millis(finishedAt),
    ...(waits ? { runAt: millis(runAt) } : {}),
    ...(showsError ? { error: withoutWording(error) } : {}),
    ...(isOver ? {} : { progress, checkpoint })
  }
}

const millis = (instant: DateTime.Utc | null): number | null =>
  instant === null ? null : DateTime.toEpochMillis(instant)

const withoutWording = (error: JobFailure.JobFailure | null): JobFailure.JobFailure | null =>
  error?.tag === "Crashed" ? { tag: "Crashed", message: "" } : error

const compareOverview = (driver: Storage.Overview, reference: Storage.Overview): string | null =>
  difference("queues", busyQueues(driver), busyQueues(reference))
    ?? difference("workers", driver.workers.map(worker), reference.workers.map(worker))

const busyQueues = ({ queues }: Storage.Overview) =>
  queues.filter((queue) => queue.paused || Object.values(queue.counts).some((count) => count > 0))

const worker = ({ expiresAt, id, info, renewedAt, running, startedAt }: Storage.Overview["workers"][number]) => ({
  id,
  info,
  running,
  startedAt: millis(startedAt),
  renewedAt: millis(renewedAt),
  expiresAt: millis(expiresAt)
})

const compareHistories = Effect.fnUntraced(function*(world: World, jobs: ReadonlyArray<JobRecord.JobRecord>) {
  for (const job of jobs) {
    const driver = yield* world.driver.inspect.history(toDriver(world, job.id))
    const reference = yield* world.reference.inspect.history(job.id)
    const finding = difference(`history of job ${job.id}`, driver.map(attempt), reference.map(attempt))
      ?? named(`job ${job.id}:`, checkHistory(job, driver))
    if (finding !== null) return finding
  }
  return null
})

const attempt = ({ claimedAt, error, finishedAt, startedAt, ...exact }: Attempt.Attempt) => ({
  ...exact,
  claimedAt: millis(claimedAt),
  startedAt: millis(startedAt),
  finishedAt: millis(finishedAt),
  error: withoutWording(error)
})

/** Jobs that one call gave back became available together; jobs that it inserted or promoted have an order. */
const noteCohorts = (world: World, changed: ReadonlyArray<JobId.JobId>, now: Snapshot, step: string): void => {
  const isOrdered = step.endsWith("Insert") || step.endsWith("Promote")
  for (const id of changed) {
    const was = world.referenceJobs.get(id)?.job
    const is = now.get(id)?.job
    if (is?.state === "available" && (was?.state !== "available" || was.priority !== is.priority)) {
      world.cohorts.set(id, isOrdered ? `${step} ${id}` : step)
    }
  }
}
