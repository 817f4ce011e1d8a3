/**
 * Turns of tenants: deficit round robin over the lines of one priority.
 *
 * A turn is `perTenant` jobs times the tenant's weight. Turns go round in the order of the tenants' names until the
 * claim is full or nothing is left; where it ends within a turn, the next claim goes on with the rest.
 */
import type { ClaimOptions } from "../../Claim.ts"
import * as Limits from "./limits.ts"
import type { Cursor, Line, MemoryJob, MemoryQueue, MemoryState } from "./state.ts"

/** A claim under way. */
export interface Lane {
  readonly state: MemoryState
  readonly queue: MemoryQueue
  readonly options: ClaimOptions
  readonly now: number
  readonly mayRun: (job: MemoryJob) => boolean
}

/** Whether the lines are those of jobs under limits. */
export type Kind = keyof MemoryQueue["lines"]

/** Chooses at most `room` jobs of a priority; those under limits hold them from now on. */
export const takeTurns = (
  lane: Lane,
  cursor: Cursor,
  kind: Kind,
  priority: number,
  room: number
): ReadonlyArray<MemoryJob> => {
  const chosen: Array<MemoryJob> = []
  const tenants = tenantsInTurn(lane, cursor, kind, priority, room)
  let first = cursor.turns[kind]
  for (let next = tenants.shift(); next !== undefined && chosen.length < room; next = tenants.shift()) {
    const isRest = first !== null && first.left > 0 && first.tenant === next.tenant
    // The turns of this claim may be smaller than those of the last one.
    const turn = quantumOf(lane, next.tenant)
    const quantum = isRest && first !== null ? Math.min(first.left, turn) : turn
    first = null
    const jobs = takeFrom(lane, next, Math.min(quantum, room - chosen.length))
    chosen.push(...jobs)
    const isCut = chosen.length === room && jobs.length < quantum
    cursor.turns[kind] = { tenant: next.tenant, left: isCut ? quantum - jobs.length : 0 }
    if (jobs.length > 0 && next.jobs.length > 0) tenants.push(next)
  }
  return chosen
}

interface Waiting {
  readonly tenant: string
  readonly jobs: Array<MemoryJob>
}

const tenantsInTurn = (lane: Lane, cursor: Cursor, kind: Kind, priority: number, room: number): Array<Waiting> => {
  const lines = [...(lane.queue.lines[kind].get(priority) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const last = cursor.turns[kind]
  const start = last === null
    ? 0
    : lines.findIndex(([tenant]) => tenant > last.tenant || (last.left > 0 && tenant === last.tenant))
  const inTurn = start <= 0 ? lines : [...lines.slice(start), ...lines.slice(0, start)]
  const waiting: Array<Waiting> = []
  for (const [tenant, line] of inTurn) {
    if (kind === "free" && waiting.length >= room) break
    const jobs = waitingJobs(lane, line, kind === "free" ? room : line.size)
    if (jobs.length > 0) waiting.push({ tenant, jobs })
  }
  return waiting
}

const waitingJobs = ({ mayRun }: Lane, line: Line, limit: number): Array<MemoryJob> => {
  const jobs: Array<MemoryJob> = []
  for (const job of line.values()) {
    if (jobs.length >= limit) break
    if (mayRun(job)) jobs.push(job)
  }
  return jobs
}

/** The weight of a tenant in a queue. */
const weightOf = (state: MemoryState, tenant: string, queue: string): number => {
  const weights = state.weights.get(tenant)
  return weights?.get(queue) ?? weights?.get(null) ?? 1
}

const quantumOf = ({ options, queue, state }: Lane, tenant: string): number =>
  Math.max(1, Math.round(options.perTenant * weightOf(state, tenant, queue.name)))

/** Takes the oldest jobs whose limits have room. Behind one that has none, no other of the same limits is tried, but for orders. */
const takeFrom = ({ now, state }: Lane, { jobs }: Waiting, limit: number): ReadonlyArray<MemoryJob> => {
  const taken: Array<MemoryJob> = []
  const closed = new Set<string | null>()
  for (let index = 0; index < jobs.length && taken.length < limit;) {
    const job = jobs[index]
    if (job === undefined || closed.has(job.gate)) {
      index += 1
    } else if (job.limits.every((one) => Limits.isOpen(state.limits, job, one, now))) {
      Limits.takeAll(state.limits, job, now)
      taken.push(job)
      jobs.splice(index, 1)
    } else {
      // Whose turn it is in an order may stand behind others: a job that comes back gets a place at the end of the line.
      if (!Limits.isOrdered(state.limits, job)) closed.add(job.gate)
      index += 1
    }
  }
  return taken
}
