/**
 * Tenants, limits and explanations as the API shows them.
 *
 * @since 0.1.0
 */
import { JobFailure, JobId, JobState, Limit } from "@millrace/storage"
import type { Inspection } from "@millrace/storage"
import * as Schema from "effect/Schema"

const Instant = Schema.DateTimeUtcFromString

/**
 * Schema of a tenant.
 *
 * **Details**
 *
 * `tenant` is null for the jobs without one. `weights`: how much of a queue it gets beside others, 1 unless said
 * otherwise; `queue` null: of all queues. `available` and `running` count its jobs.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const TenantView = Schema.Struct({
  tenant: Schema.NullOr(Schema.String),
  weights: Schema.Array(Schema.Struct({ queue: Schema.NullOr(Schema.String), weight: Schema.Finite })),
  paused: Schema.Boolean,
  pausedAt: Schema.NullOr(Instant),
  available: Schema.Int,
  running: Schema.Int
}).annotate({ identifier: "Tenant" })

/**
 * A tenant.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type TenantView = typeof TenantView.Type

/**
 * Shows a tenant.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromTenant = (record: Inspection.TenantRecord): TenantView => ({
  tenant: record.tenant === "" ? null : record.tenant,
  weights: record.weights,
  paused: record.pausedAt !== null,
  pausedAt: record.pausedAt,
  available: record.available,
  running: record.running
})

const numbers = {
  max: Schema.Finite,
  perMillis: Schema.NullOr(Schema.Finite),
  burst: Schema.NullOr(Schema.Finite)
}

const Rule = Schema.Struct({ kind: Limit.LimitKind, ...numbers })

/**
 * Schema of a limit.
 *
 * **Details**
 *
 * - `kind`: `concurrency` and `order` count running jobs, `rate` and `window` permits in `perMillis`
 * - `release`, `declaredAt`: which release declared it, and when
 * - `overrides`: other numbers for a key (null: for every key without its own), until `expiresAt` or cleared
 * - `pauses`: of a key (null: of all), until `until` or resumed
 * - `uses`: how much of it is taken, by key: `held` jobs, `tokens` left of a rate
 * - `changes`: how its rule changed from release to release
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitView = Schema.Struct({
  name: Schema.String,
  ...Rule.fields,
  release: Schema.String,
  declaredAt: Instant,
  overrides: Schema.Array(Schema.Struct({
    key: Schema.NullOr(Schema.String),
    max: Schema.NullOr(Schema.Finite),
    perMillis: Schema.NullOr(Schema.Finite),
    burst: Schema.NullOr(Schema.Finite),
    expiresAt: Schema.NullOr(Instant)
  })),
  pauses: Schema.Array(Schema.Struct({
    key: Schema.NullOr(Schema.String),
    since: Instant,
    until: Schema.NullOr(Instant)
  })),
  uses: Schema.Array(Schema.Struct({
    key: Schema.String,
    held: Schema.Int,
    tokens: Schema.NullOr(Schema.Finite)
  })),
  changes: Schema.Array(Schema.Struct({
    at: Instant,
    fromRelease: Schema.NullOr(Schema.String),
    toRelease: Schema.String,
    before: Schema.NullOr(Rule),
    after: Rule
  }))
}).annotate({ identifier: "Limit" })

/**
 * A limit.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitView = typeof LimitView.Type

const ruleOf = ({ burst, kind, max, perMillis }: Limit.LimitRule) => ({ kind, max, perMillis, burst })

/**
 * Shows a limit.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromLimit = (record: Limit.LimitRecord): LimitView => ({
  name: record.rule.name,
  ...ruleOf(record.rule),
  release: record.release,
  declaredAt: record.declaredAt,
  overrides: record.overrides,
  pauses: record.pauses.map(({ key, since, until }) => ({ key, since, until })),
  uses: record.uses,
  changes: record.changes.map(({ after, at, before, fromRelease, toRelease }) => ({
    at,
    fromRelease,
    toRelease,
    before: before === null ? null : ruleOf(before),
    after: ruleOf(after)
  }))
})

const reason = <const Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.Struct({ tag: Schema.Literal(tag), text: Schema.String, ...fields })

/**
 * Schema of one reason why a job does not run, or that it would.
 *
 * **Details**
 *
 * `text` says it in one line for people, as `Explanation.describe` of `@millrace/queue` does; programs read `tag`:
 *
 * - `Paused`: its queue, tenant (`""`: jobs without one) or name is paused
 * - `ScheduledUntil`: it is due later; `why`: delayed or snoozed (`scheduled`), or failed before (`retryable`)
 * - `LimitFull`: other jobs (`holders`) hold the limit; `RateRefillsAt`: no permits are left until then
 * - `LimitPaused`, `LimitUndeclared`: the limit is paused, or nobody declared it
 * - `BehindInTenant`: so many jobs of its queue and tenant come first; `WorkersBusy`: all slots are taken
 * - `WaitingForParents`: jobs that must be completed first, as they stand
 * - `NoWorker`: none runs, none works for its queue, none has a handler of its name, or of its version
 * - `SuspectIsolation`: it died with its worker, and waits to run alone
 * - `Expired`: its time to live is over; `Running`, `Quarantined`, `Finished`: it does not wait
 * - `WouldRunNow`: nothing is in its way
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ReasonView = Schema.Union([
  reason("Paused", { what: Schema.Literals(["queue", "tenant", "name"]), key: Schema.String, since: Instant }),
  reason("ScheduledUntil", { at: Instant, why: Schema.Literals(["scheduled", "retryable"]) }),
  reason("LimitFull", {
    name: Schema.String,
    key: Schema.String,
    kind: Limit.LimitKind,
    max: Schema.Finite,
    holders: Schema.Array(JobId.JobId)
  }),
  reason("RateRefillsAt", { name: Schema.String, key: Schema.String, at: Instant }),
  reason("LimitPaused", {
    name: Schema.String,
    key: Schema.NullOr(Schema.String),
    since: Instant,
    until: Schema.NullOr(Instant)
  }),
  reason("LimitUndeclared", { name: Schema.String }),
  reason("BehindInTenant", { count: Schema.Int }),
  reason("WorkersBusy", { workers: Schema.Int, slots: Schema.Int }),
  reason("WaitingForParents", {
    parents: Schema.Array(Schema.Struct({ id: JobId.JobId, state: JobState.JobState }))
  }),
  reason("NoWorker", {
    name: Schema.String,
    version: Schema.Int,
    reason: Schema.Literals(["none", "queue", "name", "version"])
  }),
  reason("SuspectIsolation", { crashes: Schema.Int }),
  reason("Expired", { at: Instant }),
  reason("Running", { workerId: Schema.NullOr(Schema.String), since: Schema.NullOr(Instant) }),
  reason("Quarantined", { error: Schema.NullOr(JobFailure.JobFailure) }),
  reason("Finished", { state: Schema.Literals(["completed", "cancelled", "dead"]) }),
  reason("WouldRunNow", {})
]).annotate({ identifier: "Reason" })

/**
 * One reason.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ReasonView = typeof ReasonView.Type

/**
 * Schema of why a job does not run now, or that it would: its state, the database's clock, and one reason or more.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ExplanationView = Schema.Struct({
  id: JobId.JobId,
  state: JobState.JobState,
  at: Instant,
  reasons: Schema.Array(ReasonView)
}).annotate({ identifier: "Explanation" })

/**
 * Why a job does not run now.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ExplanationView = typeof ExplanationView.Type

/**
 * Schema of a line that a handler wrote. `token` is that of its attempt.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LogView = Schema.Struct({
  at: Instant,
  token: Schema.Int,
  level: Schema.String,
  message: Schema.String
}).annotate({ identifier: "LogLine" })
