/**
 * Claiming: which available jobs a worker gets, and what changes when it gets them.
 *
 * Smallest priority first. Within a priority the jobs without limits and those under limits come one after the other,
 * in alternation from claim to claim; `turns.ts` chooses among the tenants of each.
 */
import type { Claim, ClaimOptions } from "../../Claim.ts"
import * as Keys from "./keys.ts"
import * as Limits from "./limits.ts"
import * as Pauses from "./pauses.ts"
import { toClaim } from "./record.ts"
import type { Choose, Cursor, MemoryJob, MemoryLease, MemoryQueue, MemoryState } from "./state.ts"
import { moveToRunning } from "./state.ts"
import type { Lane } from "./turns.ts"
import { takeTurns } from "./turns.ts"

/** Lends jobs to a registered worker whose lease has not ended. */
export const claim = (state: MemoryState, options: ClaimOptions, now: number): ReadonlyArray<Claim> => {
  const worker = state.workers.get(options.workerId)
  const queue = state.queues.get(options.queue)
  if (worker === undefined || worker.expiresAt <= now || queue === undefined || queue.pausedAt !== null) return []
  const lane: Lane = { state, queue, options, now, mayRun: (job) => mayRun(state, options, job, now) }
  const jobs = state.choose === null ? choose(lane) : chooseBy(lane, state.choose)
  const leases = new Map<boolean, MemoryLease>()
  return jobs.map((job) => lendOne(state, job, leaseFor(state, leases, job, options), now))
}

/** Whether a worker may be lent a job, but for its limits. */
const mayRun = (state: MemoryState, { handles }: ClaimOptions, job: MemoryJob, now: number): boolean =>
  (job.expiresAt === null || job.expiresAt > now)
  && handles.some(({ name, versionMax, versionMin }) =>
    name === job.name && versionMin <= job.version && job.version <= versionMax
  )
  && Pauses.find(state.limits.pauses, now, "tenant", job.tenant) === undefined
  && Pauses.find(state.limits.pauses, now, "name", job.name) === undefined

const choose = (lane: Lane): ReadonlyArray<MemoryJob> => {
  if (lane.options.suspects === true) return firstSuspect(lane)
  const cursor = cursorOf(lane.queue, lane.options.workerId)
  cursor.claims += 1
  const chosen: Array<MemoryJob> = []
  for (const priority of prioritiesFor(lane.queue, lane.options, cursor)) {
    const kinds = cursor.claims % 2 === 0 ? ["free", "gated"] as const : ["gated", "free"] as const
    for (const kind of kinds) {
      chosen.push(...takeTurns(lane, cursor, kind, priority, lane.options.limit - chosen.length))
    }
  }
  return chosen
}

const firstSuspect = (lane: Lane): ReadonlyArray<MemoryJob> => {
  for (const job of lane.queue.suspects.values()) {
    if (!lane.mayRun(job) || !hasRoom(lane.state, job, lane.now)) continue
    Limits.takeAll(lane.state.limits, job, lane.now)
    return [job]
  }
  return []
}

/** Whether all limits of a job would let it start. */
const hasRoom = (state: MemoryState, job: MemoryJob, now: number): boolean =>
  job.limits.every((limit) => Limits.isOpen(state.limits, job, limit, now))

/** What the caller chose, one after the other, as far as the limits have room. */
const chooseBy = (lane: Lane, chooseJobs: Choose): ReadonlyArray<MemoryJob> =>
  chooseJobs(lane.options, candidates(lane)).flatMap((id) => {
    const job = lane.state.jobs.get(id)
    if (job === undefined || !hasRoom(lane.state, job, lane.now)) return []
    Limits.takeAll(lane.state.limits, job, lane.now)
    return [job]
  })

/** The jobs that could be lent. Behind one without room none of the same tenant and limits is tried, but for orders. */
const candidates = ({ mayRun, now, options, queue, state }: Lane): ReadonlyArray<MemoryJob> => {
  const lines = [...queue.lines.free.values(), ...queue.lines.gated.values()]
  const waiting = options.suspects === true
    ? [...queue.suspects.values()]
    : lines.flatMap((tenants) => [...tenants.values()].flatMap((line) => [...line.values()]))
  const closed = new Set<string>()
  return waiting
    .filter(mayRun)
    .toSorted((a, b) => (options.suspects === true ? 0 : a.priority - b.priority) || a.position - b.position)
    .filter((job) => {
      const line = job.suspect ? job.id : JSON.stringify([job.priority, job.tenant, job.gate])
      if (job.gate === null || (!closed.has(line) && hasRoom(state, job, now))) return true
      // Whose turn it is in an order may stand behind others.
      if (!Limits.isOrdered(state.limits, job)) closed.add(line)
      return false
    })
}

const cursorOf = (queue: MemoryQueue, workerId: string): Cursor => {
  const known = queue.cursors.get(workerId)
  if (known !== undefined) return known
  const cursor: Cursor = { claims: 0, turns: { free: null, gated: null } }
  queue.cursors.set(workerId, cursor)
  return cursor
}

/** Smallest first; now and then another one goes before. */
const prioritiesFor = (queue: MemoryQueue, options: ClaimOptions, cursor: Cursor): ReadonlyArray<number> => {
  const all = new Set([...queue.lines.free.keys(), ...queue.lines.gated.keys()])
  const priorities = [...all].toSorted((a, b) => a - b)
  const every = options.agingEvery ?? 0
  if (every === 0 || cursor.claims % every !== 0 || priorities.length < 2) return priorities
  const first = priorities[1 + ((cursor.claims / every - 1) % (priorities.length - 1))]
  return first === undefined ? priorities : [first, ...priorities.filter((priority) => priority !== first)]
}

/** The lease of this claim for a job: those under limits are never lent ahead. */
const leaseFor = (
  state: MemoryState,
  leases: Map<boolean, MemoryLease>,
  { gate }: MemoryJob,
  { limit, slots, suspects, workerId }: ClaimOptions
): MemoryLease => {
  const isAhead = gate === null && slots !== undefined && limit > slots
  const known = leases.get(isAhead)
  if (known !== undefined) return known
  state.lastLease += 1
  const isAlone = suspects === true
  const id = String(state.lastLease)
  const lease: MemoryLease = { id, workerId, isAlone, hasStarted: !isAlone && !isAhead, jobs: new Map() }
  state.leases.set(id, lease)
  leases.set(isAhead, lease)
  return lease
}

const lendOne = (state: MemoryState, job: MemoryJob, lease: MemoryLease, now: number): Claim => {
  moveToRunning(state, job, lease)
  if (job.isUniqueUntilStart) freeKey(state, job)
  job.expiresAt = null
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

const freeKey = (state: MemoryState, job: MemoryJob): void => {
  Keys.release(state.uniqueKeys, job.uniqueKey, job.id)
  job.uniqueKey = null
  job.isUniqueUntilStart = false
  if (job.limits.length === 0) job.gate = null
}
