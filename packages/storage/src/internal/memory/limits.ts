/**
 * Limits: their rules, and what is left of them for one key.
 *
 * Pure bookkeeping over `Limits`; who asks for room says which job it is for.
 */
import type { JobId } from "../../JobId.ts"
import type { JobLimit, LimitRule } from "../../Limit.ts"
import { overridden } from "../../Limit.ts"
import * as Pauses from "./pauses.ts"

/** A change of a rule by a release. */
export interface MemoryChange {
  readonly at: number
  readonly fromRelease: string | null
  readonly toRelease: string
  readonly before: LimitRule | null
  readonly after: LimitRule
}

/** A rule with the release whose declaration counts. */
interface MemoryRule {
  rule: LimitRule
  release: string
  declaredAt: number
  readonly changes: Array<MemoryChange>
}

/** Other numbers for a key, or for all (null). */
export interface MemoryOverride {
  readonly key: string | null
  readonly max: number | null
  readonly perMillis: number | null
  readonly burst: number | null
  readonly until: number | null
}

/** What is left of a bucket at an instant; of a window, what was used since the instant at which it began. */
interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** A job of which a limit must know where it stands. */
export interface Limited {
  readonly id: JobId
  /** What it has in common with those that wait in one line with it; null when nothing decides but its place. */
  readonly gate: string | null
  readonly limits: ReadonlyArray<JobLimit>
}

/** All that is known of limits. Holds and buckets are by `idOf`, lines by gate. */
export interface Limits {
  readonly rules: Map<string, MemoryRule>
  readonly releases: Map<string, number>
  readonly overrides: Map<string, Map<string | null, MemoryOverride>>
  readonly buckets: Map<string, Bucket>
  /** The jobs that hold a key of a `concurrency` or `order`, in the order in which they took it. */
  readonly holds: Map<string, Set<JobId>>
  /** The available jobs of a gate, in the order of their positions. */
  readonly lines: Map<string, Set<JobId>>
  readonly pauses: Pauses.Pauses
}

/** No limits. */
export const makeLimits = (): Limits => ({
  rules: new Map(),
  releases: new Map(),
  overrides: new Map(),
  buckets: new Map(),
  holds: new Map(),
  lines: new Map(),
  pauses: new Map()
})

/** One key of one limit, as a text. */
export const idOf = ({ key, name }: Pick<JobLimit, "key" | "name">): string => JSON.stringify([name, key])

/** Below this, what is missing to a permit is an error of rounding. */
const epsilon = 1e-9

/** The rule for a key, with its override; undefined when nobody declared it. */
export const ruleOf = (limits: Limits, { key, name }: Pick<JobLimit, "key" | "name">, now: number) => {
  const rule = limits.rules.get(name)?.rule
  const overrides = limits.overrides.get(name)
  const override = inForce(overrides?.get(key), now) ?? inForce(overrides?.get(null), now)
  return rule === undefined ? undefined : overridden(rule, override)
}

/** An override that has not ended. */
export const inForce = (override: MemoryOverride | undefined, now: number): MemoryOverride | undefined =>
  override !== undefined && (override.until === null || override.until > now) ? override : undefined

/** The permits that are left of a rate or window; null for other kinds. */
export const tokensOf = (limits: Limits, rule: LimitRule, id: string, now: number): number | null => {
  const bucket = limits.buckets.get(id)
  if (rule.kind === "rate") {
    const burst = rule.burst ?? rule.max
    if (bucket === undefined) return burst
    return Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) * rule.max) / (rule.perMillis ?? 1))
  }
  if (rule.kind !== "window") return null
  return bucket?.at === windowAt(rule, now) ? rule.max - bucket.tokens : rule.max
}

const windowAt = (rule: LimitRule, now: number): number => {
  const perMillis = rule.perMillis ?? 1
  return Math.floor(now / perMillis) * perMillis
}

/** Whether a limit by itself lets a job start now. */
export const isOpen = (limits: Limits, job: Limited, limit: JobLimit, now: number): boolean => {
  const rule = ruleOf(limits, limit, now)
  const id = idOf(limit)
  if (rule === undefined || pausesOf(limits, limit, now).length > 0) return false
  switch (rule.kind) {
    case "concurrency":
      return (limits.holds.get(id)?.size ?? 0) < rule.max
    case "order":
      return rule.max > 0 && nextInLine(limits, job, id) === job.id
    case "rate":
    case "window": {
      const tokens = tokensOf(limits, rule, id, now) ?? 0
      const full = rule.kind === "rate" ? rule.burst ?? rule.max : rule.max
      return rule.max > 0 && full > 0 && tokens + epsilon >= Math.min(limit.weight, full)
    }
  }
}

/** The job whose turn it is in an order: the one that holds the key, else the first that waits beside this one. */
export const nextInLine = (limits: Limits, { gate }: Limited, id: string): JobId | undefined => {
  const [holder] = limits.holds.get(id) ?? []
  if (holder !== undefined) return holder
  const [first] = limits.lines.get(gate ?? "") ?? []
  return first
}

/** Whether a job is under an order. */
export const isOrdered = (limits: Limits, job: Limited): boolean =>
  job.limits.some(({ name }) => limits.rules.get(name)?.rule.kind === "order")

/** The pauses in force of a key of a limit. */
export const pausesOf = (limits: Limits, { key, name }: JobLimit, now: number): ReadonlyArray<Pauses.MemoryPause> =>
  [null, key].flatMap((paused) => Pauses.find(limits.pauses, now, "limit", name, paused) ?? [])

/** When a rate or window will have enough for a job, if nobody else takes any; null for other kinds. */
export const opensAt = (limits: Limits, limit: JobLimit, now: number): number | null => {
  const rule = ruleOf(limits, limit, now)
  if (rule === undefined || rule.perMillis === null || rule.max <= 0) return null
  if (rule.kind === "window") return windowAt(rule, now) + rule.perMillis
  const wanted = Math.min(limit.weight, rule.burst ?? rule.max)
  const missing = wanted - (tokensOf(limits, rule, idOf(limit), now) ?? 0)
  return now + Math.max(0, Math.ceil((missing * rule.perMillis) / rule.max - epsilon))
}

/** Lets a job that starts hold its limits and take its permits. */
export const takeAll = (limits: Limits, job: Limited, now: number): void => {
  for (const limit of job.limits) {
    const rule = ruleOf(limits, limit, now)
    const id = idOf(limit)
    if (rule === undefined) continue
    if (rule.kind === "concurrency" || rule.kind === "order") addTo(limits.holds, id, job.id)
    else limits.buckets.set(id, spent(limits, rule, id, limit.weight, now))
  }
}

const spent = (limits: Limits, rule: LimitRule, id: string, weight: number, now: number): Bucket => {
  const left = tokensOf(limits, rule, id, now) ?? 0
  return rule.kind === "rate"
    ? { tokens: left - weight, at: now }
    : { tokens: rule.max - left + weight, at: windowAt(rule, now) }
}

/** A job runs no more: it holds only what it keeps through its retries, or nothing at all. Tells whether that freed any. */
export const release = (limits: Limits, job: Limited, isOver: boolean): boolean => {
  let isFreed = false
  for (const limit of job.limits) {
    if (!isOver && limits.rules.get(limit.name)?.rule.kind === "order") continue
    isFreed = takeFrom(limits.holds, idOf(limit), job.id) || isFreed
  }
  return isFreed
}

/** A job waits at the end of its line. */
export const enterLine = (limits: Limits, { gate, id }: Limited): void => {
  if (gate !== null) addTo(limits.lines, gate, id)
}

/** A job does not wait any more. */
export const leaveLine = (limits: Limits, { gate, id }: Limited): void => {
  if (gate !== null) takeFrom(limits.lines, gate, id)
}

const addTo = (sets: Map<string, Set<JobId>>, id: string, job: JobId): void => {
  const set = sets.get(id) ?? new Set<JobId>()
  sets.set(id, set.add(job))
}

const takeFrom = (sets: Map<string, Set<JobId>>, id: string, job: JobId): boolean => {
  const set = sets.get(id)
  const wasThere = set?.delete(job) ?? false
  if (set?.size === 0) sets.delete(id)
  return wasThere
}

/** Takes the rules of a release: those of newer releases stay. */
export const declare = (limits: Limits, release: string, rules: ReadonlyArray<LimitRule>, now: number): void => {
  if (!limits.releases.has(release)) limits.releases.set(release, now)
  for (const rule of rules) declareOne(limits, release, rule, now)
}

const declareOne = (limits: Limits, release: string, rule: LimitRule, now: number): void => {
  const known = limits.rules.get(rule.name)
  const after = { ...rule }
  if (known === undefined) {
    const change = { at: now, fromRelease: null, toRelease: release, before: null, after }
    limits.rules.set(rule.name, { rule: after, release, declaredAt: now, changes: [change] })
    return
  }
  if ((limits.releases.get(release) ?? now) < (limits.releases.get(known.release) ?? now)) return
  if (!isSame(known.rule, rule)) {
    known.changes.unshift({ at: now, fromRelease: known.release, toRelease: release, before: known.rule, after })
    known.rule = after
    known.declaredAt = now
  }
  known.release = release
}

const isSame = (a: LimitRule, b: LimitRule): boolean =>
  a.kind === b.kind && a.max === b.max && a.perMillis === b.perMillis && a.burst === b.burst
