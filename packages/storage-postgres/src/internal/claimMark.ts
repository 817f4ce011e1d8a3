/**
 * Where the last claim of a worker from a queue ended: what the next one begins with.
 */
import type { ClaimOptions } from "@millrace/storage/Claim"
import type { Row } from "./session.ts"

/** Where a claim of jobs under limits ended: the tenant served last, and what is left of its turn. */
export interface GatedMark {
  readonly tenant: string
  readonly rest: number
}

/** Where the last claim of a worker from a queue ended. */
export interface Mark {
  readonly level: number
  readonly tenant: string
  /** Jobs that are left of the turn of this tenant. */
  readonly rest: number
  /** The position after the newest job that this tenant got. */
  readonly next: bigint
  /** Jobs that a tenant had in the last claim, on average. */
  readonly density: number
  /** Claims since the last that began at position 0. */
  readonly claims: number
  /** The names and versions that were asked for. */
  readonly handled: string
  /** Claims in all. */
  readonly turn: number
  /** Behind which tenant a round began that found no job for the worker and is not over; null when none is under way. */
  readonly start: string | null
  /** The best level of the last claim that was not aged. */
  readonly best: number
  /** The level that went before the others last; null when the next is the one behind the best. */
  readonly aged: number | null
  readonly gated: GatedMark
  readonly seen: Levels
}

/** The best levels of jobs without and with limits. */
export interface Levels {
  readonly level: number | null
  readonly gatedLevel: number | null
}

/** What the statement tells of a claim beside its jobs; `lease` and `size` are null when it lent none. */
export interface Head extends Levels {
  readonly lease: string | null
  readonly size: number | null
  /** How many tenants were looked at, the last of them, and the turn of each. */
  readonly walked: number | null
  readonly walkedLast: string | null
  readonly quanta: ReadonlyArray<number> | null
  /** Whether there are levels after this one. */
  readonly more: boolean | null
  /** Whether jobs were passed over because their name is paused. */
  readonly passesPaused: boolean | null
}

/** Whether jobs under limits come before the others: their level is better, or as good and it is their turn. */
export const isGatedNext = ({ gatedLevel, level }: Levels, gatedFirst: boolean): boolean =>
  gatedLevel !== null && (level === null || gatedLevel < level || (gatedLevel === level && gatedFirst))

const none: Mark = {
  level: -1,
  tenant: "",
  rest: 0,
  next: 0n,
  density: Number.MAX_SAFE_INTEGER,
  claims: 0,
  handled: "",
  turn: 0,
  start: null,
  best: 0,
  aged: null,
  gated: { tenant: "", rest: 0 },
  seen: { level: null, gatedLevel: null }
}

/** After so many claims one starts from the beginning, to find jobs that were committed late (measured: decisions/0003). */
const rescanEvery = 64

/** The mark that a claim begins with. */
export const begin = (last: Mark | undefined, handles: ClaimOptions["handles"]): Mark => {
  const handled = handles.map(({ name, versionMax, versionMin }) => `${name} ${versionMin} ${versionMax}`).join("\n")
  const mark = { ...(last ?? none), turn: (last?.turn ?? 0) + 1, handled }
  // Whoever handles other jobs than last time may find some that were passed over then.
  return mark.claims >= rescanEvery || handled !== last?.handled ? { ...mark, next: 0n, claims: 0 } : mark
}

/** The mark behind tenants that had jobs, none of which this worker could claim. */
export const beyond = (mark: Mark, head: Head, start: string): Mark => ({
  ...mark,
  level: head.level ?? mark.level,
  tenant: head.walkedLast ?? mark.tenant,
  rest: 0,
  next: 0n,
  claims: mark.claims + 1,
  start
})

/** The mark after the jobs of one level: at the tenant served last. A claim that is full may have cut its turn short. */
export const after = (mark: Mark, head: Head, jobs: ReadonlyArray<Row>, isFull: boolean): Mark => {
  const last = jobs.at(-1)
  if (last === undefined) return { ...mark, rest: 0, start: null }
  const level = head.level ?? mark.level
  const own = jobs.filter((row) => row["turn"] === last["turn"])
  // Jobs whose name is paused were passed over, and will be found when it is resumed.
  const next = head.passesPaused === true
    ? 0n
    : own.map((row) => row["seq"] as bigint).reduce((a, b) => (a > b ? a : b), 0n) + 1n
  const quantum = head.quanta?.[(last["turn"] as number) - 1] ?? 0
  return {
    ...noteBest(mark, level),
    level,
    tenant: last["tenant"] as string,
    density: jobs.length / new Set(jobs.map((row) => row["turn"])).size,
    rest: isFull ? Math.max(0, quantum - own.length) : 0,
    next,
    claims: mark.claims + 1,
    start: null
  }
}

/** Notes the level that a claim found jobs at. */
export const noteBest = (mark: Mark, level: number): Mark => ({ ...mark, best: level })

/** Workers and queues of one process are few; the oldest marks go when there are many. */
const marksMax = 1000

/** The marks of a driver, by worker and queue. */
export const makeMarks = () => {
  const marks = new Map<string, Mark>()
  return {
    get: (lane: string): Mark | undefined => marks.get(lane),
    set: (lane: string, mark: Mark): void => {
      marks.delete(lane)
      marks.set(lane, mark)
      const oldest = marks.keys().next()
      if (marks.size > marksMax && oldest.done !== true) marks.delete(oldest.value)
    }
  }
}
