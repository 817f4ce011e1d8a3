/**
 * Why a job does not run now: typed reasons with names, holders and times, from facts that the storage read at one moment.
 *
 * `fromFacts` is a pure function: library, HTTP and command line give the same answer. Reasons are complete: a job that
 * waits for two things has two of them; one that waits for nothing has the reason `WouldRunNow`.
 *
 * @since 0.1.0
 */
import type { ExplainFacts, LimitFacts } from "@millrace/storage/Inspection"
import * as JobFailure from "@millrace/storage/JobFailure"
import * as JobId from "@millrace/storage/JobId"
import * as JobState from "@millrace/storage/JobState"
import * as Limit from "@millrace/storage/Limit"
import type { PauseRecord } from "@millrace/storage/PauseRecord"
import type { WorkerRecord } from "@millrace/storage/WorkerRecord"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"

/**
 * Schema of one reason.
 *
 * **Details**
 *
 * - `Paused`: a queue, a tenant (`""`: jobs without one) or a job name is paused
 * - `ScheduledUntil`: it is due later; `why` tells whether it was delayed, snoozed or debounced (`scheduled`), or failed
 *   and waits for its next attempt (`retryable`)
 * - `LimitFull`: other jobs hold the limit for this key; `holders` are the oldest of them. Of an `order` it is the job
 *   whose turn it is
 * - `RateRefillsAt`: a rate or window has no permits left until `at`, if nobody else takes them
 * - `LimitPaused`: the limit is paused; `until` null: until it is resumed
 * - `LimitUndeclared`: no worker and no producer ever declared the limit
 * - `BehindInTenant`: so many jobs of its queue and tenant come first, and there are not slots for all
 * - `WorkersBusy`: it is next, and all slots of the workers that could run it are taken
 * - `WaitingForParents`: jobs that must be completed first, as they stand
 * - `NoWorker`: no live worker could run it: there is `none`, none for its `queue`, none with a handler of its `name`, or
 *   none that takes its `version`
 * - `SuspectIsolation`: it died with its worker, and waits to run alone
 * - `Expired`: its time to live is over; it is about to be cancelled
 * - `Running`, `Quarantined`, `Finished`: it does not wait
 * - `WouldRunNow`: nothing is in its way; the next claim takes it
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  Schema.TaggedStruct("Paused", {
    what: Schema.Literals(["queue", "tenant", "name"]),
    key: Schema.String,
    since: Schema.DateTimeUtc
  }),
  Schema.TaggedStruct("ScheduledUntil", {
    at: Schema.DateTimeUtc,
    why: Schema.Literals(["scheduled", "retryable"])
  }),
  Schema.TaggedStruct("LimitFull", {
    name: Schema.String,
    key: Schema.String,
    kind: Limit.LimitKind,
    max: Schema.Finite,
    holders: Schema.Array(JobId.JobId)
  }),
  Schema.TaggedStruct("RateRefillsAt", { name: Schema.String, key: Schema.String, at: Schema.DateTimeUtc }),
  Schema.TaggedStruct("LimitPaused", {
    name: Schema.String,
    key: Schema.NullOr(Schema.String),
    since: Schema.DateTimeUtc,
    until: Schema.NullOr(Schema.DateTimeUtc)
  }),
  Schema.TaggedStruct("LimitUndeclared", { name: Schema.String }),
  Schema.TaggedStruct("BehindInTenant", { count: Schema.Int }),
  Schema.TaggedStruct("WorkersBusy", { workers: Schema.Int, slots: Schema.Int }),
  Schema.TaggedStruct("WaitingForParents", {
    parents: Schema.Array(Schema.Struct({ id: JobId.JobId, state: JobState.JobState }))
  }),
  Schema.TaggedStruct("NoWorker", {
    name: Schema.String,
    version: Schema.Int,
    reason: Schema.Literals(["none", "queue", "name", "version"])
  }),
  Schema.TaggedStruct("SuspectIsolation", { crashes: Schema.Int }),
  Schema.TaggedStruct("Expired", { at: Schema.DateTimeUtc }),
  Schema.TaggedStruct("Running", {
    workerId: Schema.NullOr(Schema.String),
    since: Schema.NullOr(Schema.DateTimeUtc)
  }),
  Schema.TaggedStruct("Quarantined", { error: Schema.NullOr(JobFailure.JobFailure) }),
  Schema.TaggedStruct("Finished", { state: Schema.Literals(["completed", "cancelled", "dead"]) }),
  Schema.TaggedStruct("WouldRunNow", {})
])

/**
 * One reason.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * Schema of an explanation: the job, its state, the storage's clock when the facts were read, and one reason or more.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Explanation = Schema.Struct({
  id: JobId.JobId,
  state: JobState.JobState,
  at: Schema.DateTimeUtc,
  reasons: Schema.NonEmptyArray(Reason)
})

/**
 * An explanation.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Explanation = typeof Explanation.Type

/**
 * Explains a job from the facts about it.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromFacts = (facts: ExplainFacts): Explanation => {
  const [first = wouldRunNow, ...rest] = reasonsOf(facts)
  return { id: facts.job.id, state: facts.job.state, at: facts.now, reasons: [first, ...rest] }
}

const wouldRunNow: Reason = { _tag: "WouldRunNow" }

const reasonsOf = (facts: ExplainFacts): ReadonlyArray<Reason> => {
  const { job } = facts
  switch (job.state) {
    case "completed":
    case "cancelled":
    case "dead":
      return [{ _tag: "Finished", state: job.state }]
    case "quarantined":
      return [{ _tag: "Quarantined", error: job.error }]
    case "running":
      return [{ _tag: "Running", workerId: job.workerId, since: job.startedAt }]
    case "pending":
      return [{ _tag: "WaitingForParents", parents: facts.parents }, ...dueOf(facts, "scheduled"), ...waitingOf(facts)]
    case "scheduled":
    case "retryable":
      return [...dueOf(facts, job.state), ...waitingOf(facts)]
    case "available": {
      const waiting = [...expiryOf(facts), ...suspicionOf(facts), ...waitingOf(facts)]
      // A job that is kept back by something else gets no nearer by the slots of the workers.
      return waiting.length === 0 ? inLineOf(facts) : waiting
    }
  }
}

/** What keeps a job back whatever its place in the line. */
const waitingOf = (facts: ExplainFacts): ReadonlyArray<Reason> => [
  ...facts.pauses.map(toPaused),
  ...facts.limits.flatMap(limitOf),
  ...workerOf(facts)
]

const dueOf = ({ job, now }: ExplainFacts, why: "scheduled" | "retryable"): ReadonlyArray<Reason> =>
  DateTime.toEpochMillis(job.runAt) <= DateTime.toEpochMillis(now)
    ? []
    : [{ _tag: "ScheduledUntil", at: job.runAt, why }]

const expiryOf = ({ expiresAt, now }: ExplainFacts): ReadonlyArray<Reason> =>
  expiresAt !== null && DateTime.toEpochMillis(expiresAt) <= DateTime.toEpochMillis(now)
    ? [{ _tag: "Expired", at: expiresAt }]
    : []

const suspicionOf = ({ isSuspect, job }: ExplainFacts): ReadonlyArray<Reason> =>
  isSuspect ? [{ _tag: "SuspectIsolation", crashes: job.crashes }] : []

const toPaused = ({ key, name, since, until, what }: PauseRecord): Reason =>
  what === "limit" ? { _tag: "LimitPaused", name, key, since, until } : { _tag: "Paused", what, key: name, since }

/** A pause has a reason of its own: of a paused limit it is told only when it is full besides. */
const limitOf = (limit: LimitFacts): ReadonlyArray<Reason> => {
  const { holders, isOpen, key, name, opensAt, rule } = limit
  if (rule === null) return [{ _tag: "LimitUndeclared", name }]
  if (isOpen || !isTaken(limit, rule)) return []
  if (opensAt !== null) return [{ _tag: "RateRefillsAt", name, key, at: opensAt }]
  return [{ _tag: "LimitFull", name, key, kind: rule.kind, max: rule.max, holders }]
}

/** Whether others have taken what this job needs. */
const isTaken = ({ held, holders, tokens, weight }: LimitFacts, rule: Limit.LimitRule): boolean => {
  if (tokens !== null) return tokens < Math.min(weight, rule.burst ?? rule.max) || rule.max === 0
  return rule.kind === "order" ? holders.length > 0 || rule.max === 0 : held >= rule.max
}

const workerOf = (facts: ExplainFacts): ReadonlyArray<Reason> => {
  const { job: { name, version }, workers } = facts
  if (ableOf(facts).length > 0) return []
  const inQueue = workers.filter((worker) => serves(worker, facts))
  const reason = workers.length === 0
    ? "none"
    : inQueue.length === 0
    ? "queue"
    : inQueue.some(({ info }) => info.names.includes(name))
    ? "version"
    : "name"
  return [{ _tag: "NoWorker", name, version, reason }]
}

/** The workers that could run the job. */
const ableOf = (facts: ExplainFacts): ReadonlyArray<WorkerRecord> =>
  facts.workers.filter((worker) => serves(worker, facts) && handles(worker, facts))

const serves = ({ info }: WorkerRecord, { job }: ExplainFacts): boolean => info.queues.includes(job.queue)

const handles = ({ info }: WorkerRecord, { job: { name, version } }: ExplainFacts): boolean =>
  info.handles === undefined
    ? info.names.includes(name)
    : info.handles.some((handle) =>
      handle.name === name && handle.versionMin <= version && version <= handle.versionMax
    )

/** Nothing keeps the job back: it waits for a slot, or not at all. */
const inLineOf = (facts: ExplainFacts): ReadonlyArray<Reason> => {
  const able = ableOf(facts)
  const slots = able.reduce((sum, { info }) => sum + info.concurrency, 0)
  const free = able.reduce((sum, { info, running }) => sum + Math.max(0, info.concurrency - running), 0)
  if (facts.ahead < Math.min(free, ...facts.limits.map(roomOf))) return []
  return facts.ahead > 0
    ? [{ _tag: "BehindInTenant", count: facts.ahead }]
    : [{ _tag: "WorkersBusy", workers: able.length, slots }]
}

/** How many jobs of this one's weight an open limit lets start now. */
const roomOf = ({ held, rule, tokens, weight }: LimitFacts): number => {
  if (rule === null) return 0
  if (tokens !== null) return Math.max(1, Math.floor(tokens / weight))
  return rule.kind === "order" ? 1 : Math.max(1, rule.max - held)
}

/**
 * Says a reason in one line.
 *
 * @stability unstable
 * @category texts
 * @since 0.1.0
 */
export const describe = (reason: Reason): string => {
  switch (reason._tag) {
    case "Paused":
      return `${nameOf(reason.what, reason.key)} is paused since ${iso(reason.since)}; resume it to go on`
    case "ScheduledUntil":
      return reason.why === "retryable"
        ? `it failed, and its next attempt is due at ${iso(reason.at)}`
        : `it is due at ${iso(reason.at)}`
    case "LimitFull":
      return describeFull(reason)
    case "RateRefillsAt":
      return `the limit ${limitName(reason.name, reason.key)} has no permits left; it refills at ${iso(reason.at)}`
    case "LimitPaused":
      return `the limit ${limitName(reason.name, reason.key)} is paused since ${iso(reason.since)}, ${
        reason.until === null ? "until it is resumed" : `until ${iso(reason.until)}`
      }`
    case "LimitUndeclared":
      return `nobody declared the limit ${reason.name}: start a worker whose jobs have it`
    case "BehindInTenant":
      return `it stands behind ${reason.count} ${jobs(reason.count)} of its tenant in this queue`
    case "WorkersBusy":
      return `it is next; all ${reason.slots} slots of ${reason.workers} ${workers(reason.workers)} are taken`
    case "WaitingForParents":
      return describeParents(reason)
    case "NoWorker":
      return describeNoWorker(reason)
    case "SuspectIsolation":
      return `its worker died ${reason.crashes} ${times(reason.crashes)} while it ran: it waits to run alone`
    case "Expired":
      return `it had not started by ${iso(reason.at)} and is about to be cancelled`
    case "Running":
      return `it runs on ${reason.workerId ?? "a worker"}${reason.since === null ? "" : ` since ${iso(reason.since)}`}`
    case "Quarantined":
      return `it is quarantined (${reason.error?.message ?? "no error"}): fix that, then retry it`
    case "Finished":
      return `it is ${reason.state}`
    case "WouldRunNow":
      return "it would run now"
  }
}

type Tagged<Tag extends Reason["_tag"]> = Extract<Reason, { readonly _tag: Tag }>

const describeFull = ({ holders, key, kind, max, name }: Tagged<"LimitFull">): string =>
  kind === "order"
    ? `its turn in ${limitName(name, key)} has not come: before it is ${listed(holders)}`
    : `the limit ${limitName(name, key)} of ${max} is full: held by ${listed(holders)}`

/** All of them may have ended in the second before the job goes on. */
const describeParents = ({ parents }: Tagged<"WaitingForParents">): string =>
  parents.length === 0
    ? "the jobs that it waited for have ended; within seconds it goes on"
    : `it waits for ${parents.length} ${jobs(parents.length)} to be completed: ${
      listed(parents.map(({ id, state }) => `${id} (${state})`))
    }`

const describeNoWorker = ({ name, reason, version }: Tagged<"NoWorker">): string => {
  switch (reason) {
    case "none":
      return "no worker is alive"
    case "queue":
      return "no live worker works for its queue"
    case "name":
      return `no live worker of its queue has a handler for ${name}`
    case "version":
      return `no live worker of its queue takes version ${version} of ${name}`
  }
}

const nameOf = (what: "queue" | "tenant" | "name", key: string): string => {
  if (what === "name") return `the job ${key}`
  return what === "tenant" && key === "" ? "work without a tenant" : `the ${what} ${key}`
}

const limitName = (name: string, key: string | null): string => key === null || key === "" ? name : `${name} for ${key}`

/** Holders that a line names; the others are counted. */
const listedMax = 5

const listed = (ids: ReadonlyArray<string>): string => {
  const more = ids.length > listedMax ? ` and ${ids.length - listedMax} more` : ""
  return ids.length === 0 ? "nobody known" : `job ${ids.slice(0, listedMax).join(", ")}${more}`
}

const jobs = (count: number): string => (count === 1 ? "job" : "jobs")

const workers = (count: number): string => (count === 1 ? "worker" : "workers")

const times = (count: number): string => (count === 1 ? "time" : "times")

const iso = (at: DateTime.Utc): string => DateTime.formatIso(at)
