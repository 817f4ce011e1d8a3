/**
 * What the memory storage tells of itself beside the jobs.
 */
import * as DateTime from "effect/DateTime"
import type { ExplainFacts, LimitFacts, LogEntry, TenantQuery, TenantRecord } from "../../Inspection.ts"
import type { JobId } from "../../JobId.ts"
import type { JobLimit, LimitRecord, LimitUse } from "../../Limit.ts"
import type { PauseRecord } from "../../PauseRecord.ts"
import * as Limits from "./limits.ts"
import * as Pauses from "./pauses.ts"
import { parentsOf } from "./pending.ts"
import { toRecord, toWorkerRecord } from "./record.ts"
import type { Lines, MemoryJob, MemoryQueue, MemoryState } from "./state.ts"

/** Log lines, holders, keys and changes told at most. */
const logsMax = 1000
const holdersMax = 100
const usesMax = 100
const changesMax = 20
/** How far jobs are counted. */
const countMax = 1000

/** The log lines of a job, oldest first. */
export const logs = (state: MemoryState, id: JobId): ReadonlyArray<LogEntry> =>
  state.jobs.get(id)?.logs.slice(-logsMax) ?? []

/** All that decides whether a job starts. */
export const explain = (state: MemoryState, id: JobId, now: number): ExplainFacts | null => {
  const job = state.jobs.get(id)
  if (job === undefined) return null
  return {
    now: DateTime.makeUnsafe(now),
    job: toRecord(job),
    expiresAt: toInstant(job.expiresAt),
    isSuspect: job.suspect,
    pauses: pausesOf(state, job, now),
    limits: job.limits.map((limit) => limitFacts(state, job, limit, now)),
    ahead: job.state === "available" && !job.suspect ? countAhead(state, job) : 0,
    workers: [...state.workers.values()]
      .filter((worker) => worker.expiresAt > now)
      .map((worker) => toWorkerRecord(worker, runningOf(state, worker.id)))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    parents: job.state === "pending" ? waitedFor(state, job) : []
  }
}

const waitedFor = (state: MemoryState, job: MemoryJob): ExplainFacts["parents"] =>
  parentsOf(state, job).flatMap((parent) =>
    parent.state === "removed" || parent.state === "completed" ? [] : [{ id: parent.id, state: parent.state }]
  )

/** The declared limits, by name. */
export const limits = (state: MemoryState, now: number): ReadonlyArray<LimitRecord> =>
  [...state.limits.rules.values()]
    .toSorted((a, b) => (a.rule.name < b.rule.name ? -1 : 1))
    .map(({ changes, declaredAt, release, rule }) => ({
      rule: { ...rule },
      release,
      declaredAt: DateTime.makeUnsafe(declaredAt),
      overrides: overridesOf(state, rule.name, now),
      pauses: Pauses.ofLimit(state.limits.pauses, now, rule.name).map(Pauses.toRecord).toSorted(byKey),
      uses: usesOf(state, rule.name, now),
      changes: changes.slice(0, changesMax).map(({ at, ...change }) => ({ ...change, at: DateTime.makeUnsafe(at) }))
    }))

/** Tenants by name. */
export const tenants = (state: MemoryState, query: TenantQuery, now: number): ReadonlyArray<TenantRecord> => {
  const names = new Set(state.weights.keys())
  for (const { name, what } of state.limits.pauses.values()) {
    if (what === "tenant") names.add(name)
  }
  for (const job of state.jobs.values()) if (job.state === "running" || inLine(job)) names.add(job.tenant)
  return [...names]
    .filter((name) => query.after === undefined || name > query.after)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .slice(0, query.limit ?? 100)
    .map((tenant) => ({
      tenant,
      weights: [...(state.weights.get(tenant) ?? [])]
        .map(([queue, weight]) => ({ queue, weight }))
        .toSorted((a, b) => ((a.queue ?? "") < (b.queue ?? "") ? -1 : 1)),
      pausedAt: toInstant(Pauses.find(state.limits.pauses, now, "tenant", tenant)?.since ?? null),
      available: [...state.queues.values()].reduce((sum, queue) => sum + countAvailable(queue, tenant), 0),
      running: [...state.leases.values()].reduce(
        (sum, lease) => sum + [...lease.jobs.values()].filter((job) => job.tenant === tenant).length,
        0
      )
    }))
}

/** Suspects wait in a line of their own. */
const inLine = (job: MemoryJob): boolean => job.state === "available" && !job.suspect

const pausesOf = (state: MemoryState, job: MemoryJob, now: number): ReadonlyArray<PauseRecord> => {
  const pausedAt = state.queues.get(job.queue)?.pausedAt ?? null
  const { pauses } = state.limits
  return [
    ...(pausedAt === null
      ? []
      : [{ what: "queue" as const, name: job.queue, key: null, since: DateTime.makeUnsafe(pausedAt), until: null }]),
    ...[
      Pauses.find(pauses, now, "tenant", job.tenant),
      Pauses.find(pauses, now, "name", job.name),
      ...job.limits.flatMap((limit) => Limits.pausesOf(state.limits, limit, now))
    ].flatMap((pause) => pause === undefined ? [] : [Pauses.toRecord(pause)])
  ]
}

const limitFacts = (state: MemoryState, job: MemoryJob, limit: JobLimit, now: number): LimitFacts => {
  const id = Limits.idOf(limit)
  const rule = Limits.ruleOf(state.limits, limit, now)
  const holders = [...(state.limits.holds.get(id) ?? [])]
  const isOpen = Limits.isOpen(state.limits, job, limit, now)
  const next = rule?.kind === "order" ? Limits.nextInLine(state.limits, job, id) : undefined
  const isBehind = holders.length === 0 && next !== undefined && next !== job.id
  return {
    ...limit,
    rule: rule ?? null,
    isOpen,
    held: holders.length,
    holders: isBehind ? [next] : holders.slice(0, holdersMax),
    tokens: rule === undefined ? null : Limits.tokensOf(state.limits, rule, id, now),
    opensAt: isOpen ? null : toInstant(Limits.opensAt(state.limits, limit, now))
  }
}

const countAhead = (state: MemoryState, job: MemoryJob): number => {
  const queue = state.queues.get(job.queue)
  const lines = queue === undefined ? [] : [...queue.lines.free, ...queue.lines.gated]
  const others = lines
    .filter(([priority]) => priority <= job.priority)
    .flatMap(([, byTenant]) => [...(byTenant.get(job.tenant)?.values() ?? [])])
  return Math.min(others.filter((other) => isBefore(other, job)).length, countMax)
}

const isBefore = (a: MemoryJob, b: MemoryJob): boolean =>
  a.priority < b.priority || (a.priority === b.priority && a.position < b.position)

const overridesOf = (state: MemoryState, name: string, now: number): LimitRecord["overrides"] =>
  [...(state.limits.overrides.get(name)?.values() ?? [])]
    .filter((override) => Limits.inForce(override, now) !== undefined)
    .map(({ until, ...override }) => ({ ...override, expiresAt: toInstant(until) }))
    .toSorted(byKey)

const usesOf = (state: MemoryState, name: string, now: number): ReadonlyArray<LimitUse> => {
  const { buckets, holds } = state.limits
  const ids = [...new Set([...holds.keys(), ...buckets.keys()])]
  return ids
    .map((id) => ({ id, parts: JSON.parse(id) as readonly [name: string, key: string] }))
    .filter(({ parts }) => parts[0] === name)
    .map(({ id, parts: [, key] }) => {
      const rule = Limits.ruleOf(state.limits, { name, key }, now)
      return {
        key,
        held: holds.get(id)?.size ?? 0,
        tokens: rule === undefined ? null : Limits.tokensOf(state.limits, rule, id, now)
      }
    })
    .toSorted(byKey)
    .slice(0, usesMax)
}

const byKey = (a: { readonly key: string | null }, b: { readonly key: string | null }): number =>
  a.key === null ? -1 : b.key === null ? 1 : a.key < b.key ? -1 : 1

const countAvailable = (queue: MemoryQueue, tenant: string): number => {
  const count = (lines: Lines) =>
    [...lines.values()].reduce((sum, byTenant) => sum + (byTenant.get(tenant)?.size ?? 0), 0)
  return Math.min(countMax, count(queue.lines.free) + count(queue.lines.gated))
}

const runningOf = (state: MemoryState, workerId: string): number => {
  let running = 0
  for (const lease of state.leases.values()) if (lease.workerId === workerId) running += lease.jobs.size
  return running
}

const toInstant = (millis: number | null): DateTime.Utc | null => (millis === null ? null : DateTime.makeUnsafe(millis))
