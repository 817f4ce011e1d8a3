/**
 * Claiming: which available jobs a worker gets, and what changes when it gets them.
 *
 * Smallest priority first. Within a priority the tenants take turns, beginning after the one
 * that this worker served last; a turn gives at most `perTenant` jobs, and turns go round
 * until the claim is full or the priority has nothing left.
 */
import type { Claim, ClaimOptions } from "../../Claim.ts"
import { toClaim } from "./record.ts"
import type { Choose, Line, MemoryJob, MemoryLease, MemoryQueue, MemoryState } from "./state.ts"
import { moveToRunning } from "./state.ts"

/** Lends jobs to a registered worker whose lease has not ended. */
export const claim = (state: MemoryState, options: ClaimOptions, now: number): ReadonlyArray<Claim> => {
  const worker = state.workers.get(options.workerId)
  const queue = state.queues.get(options.queue)
  if (worker === undefined || worker.expiresAt <= now || queue === undefined || queue.paused) return []
  const jobs = state.choose === null ? chooseFairly(queue, options) : chooseBy(state, state.choose, queue, options)
  return jobs.length === 0 ? [] : lend(state, jobs, options, now)
}

const chooseFairly = (queue: MemoryQueue, options: ClaimOptions): ReadonlyArray<MemoryJob> =>
  options.suspects === true ? firstJobs(queue.suspects, options.handles, 1) : takeTurns(queue, options)

const chooseBy = (
  state: MemoryState,
  choose: Choose,
  queue: MemoryQueue,
  options: ClaimOptions
): ReadonlyArray<MemoryJob> => choose(options, candidates(queue, options)).flatMap((id) => state.jobs.get(id) ?? [])

const candidates = (queue: MemoryQueue, options: ClaimOptions): ReadonlyArray<MemoryJob> =>
  options.suspects === true
    ? firstJobs(queue.suspects, options.handles, queue.suspects.size)
    : prioritiesOf(queue).flatMap((priority) =>
      [...(queue.lines.get(priority)?.values() ?? [])]
        .flatMap((line) => firstJobs(line, options.handles, line.size))
        .toSorted((a, b) => a.position - b.position)
    )

const takeTurns = (queue: MemoryQueue, options: ClaimOptions): ReadonlyArray<MemoryJob> => {
  const chosen: Array<MemoryJob> = []
  for (const priority of prioritiesOf(queue)) {
    if (chosen.length >= options.limit) break
    chosen.push(...takeTurnsIn(queue, priority, { ...options, limit: options.limit - chosen.length }))
  }
  return chosen
}

const takeTurnsIn = (queue: MemoryQueue, priority: number, options: ClaimOptions): ReadonlyArray<MemoryJob> => {
  const waiting = tenantsInTurn(queue, priority, options)
  const chosen: Array<MemoryJob> = []
  for (let turn = waiting.shift(); turn !== undefined && chosen.length < options.limit; turn = waiting.shift()) {
    chosen.push(...turn.jobs.splice(0, Math.min(options.perTenant, options.limit - chosen.length)))
    queue.cursors.set(options.workerId, turn.tenant)
    if (turn.jobs.length > 0) waiting.push(turn)
  }
  return chosen
}

interface Turn {
  readonly tenant: string
  readonly jobs: Array<MemoryJob>
}

const tenantsInTurn = (queue: MemoryQueue, priority: number, options: ClaimOptions): Array<Turn> => {
  const lines = [...(queue.lines.get(priority) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const cursor = queue.cursors.get(options.workerId)
  const start = cursor === undefined ? 0 : lines.findIndex(([tenant]) => tenant > cursor)
  const inTurn = start <= 0 ? lines : [...lines.slice(start), ...lines.slice(0, start)]
  const turns: Array<Turn> = []
  for (const [tenant, line] of inTurn) {
    if (turns.length >= options.limit) break
    const jobs = firstJobs(line, options.handles, options.limit)
    if (jobs.length > 0) turns.push({ tenant, jobs })
  }
  return turns
}

const firstJobs = (line: Line, handles: ClaimOptions["handles"], limit: number): Array<MemoryJob> => {
  const jobs: Array<MemoryJob> = []
  for (const job of line.values()) {
    if (jobs.length >= limit) break
    if (handles.some((handle) => handle.name === job.name)) jobs.push(job)
  }
  return jobs
}

const prioritiesOf = (queue: MemoryQueue): ReadonlyArray<number> => [...queue.lines.keys()].toSorted((a, b) => a - b)

const lend = (
  state: MemoryState,
  jobs: ReadonlyArray<MemoryJob>,
  options: ClaimOptions,
  now: number
): ReadonlyArray<Claim> => {
  state.lastLease += 1
  const lease: MemoryLease = {
    id: String(state.lastLease),
    workerId: options.workerId,
    isAlone: options.suspects === true,
    jobs: new Map()
  }
  state.leases.set(lease.id, lease)
  return jobs.map((job) => lendOne(state, job, lease, now))
}

const lendOne = (state: MemoryState, job: MemoryJob, lease: MemoryLease, now: number): Claim => {
  moveToRunning(state, job, lease)
  job.token += 1
  job.attempt = job.failures + job.crashes + 1
  job.workerId = lease.workerId
  job.startedAt = now
  job.attempts.push({
    attempt: job.attempt,
    token: job.token,
    workerId: lease.workerId,
    claimedAt: now,
    startedAt: null,
    finishedAt: null,
    outcome: "running",
    error: null,
    settledAs: null
  })
  return toClaim(job, lease.id)
}
