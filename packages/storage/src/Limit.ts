/**
 * Limits as a storage keeps them: the rules, their overrides, and what a job says of the limits it is under.
 *
 * A rule has a name; the jobs under it say a key each, and every key is limited by itself. A job runs when all of its
 * limits have room.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PauseRecord } from "./PauseRecord.ts"

/**
 * Schema of the kinds of limits.
 *
 * **Details**
 *
 * - `concurrency`: at most `max` jobs of a key run at once.
 * - `rate`: a token bucket for each key: `max` permits in `perMillis`, evenly, and at most `burst` at once.
 * - `window`: at most `max` permits of a key in each window of `perMillis`; windows begin at multiples of it since
 *   1970 (storage clock).
 * - `order`: the jobs of a key run one by one; the next one starts when the one before has ended for good, through its
 *   retries, snoozes and crashes. Among jobs that have all limits and keys in common the next is always the oldest,
 *   whatever its priority, tenant and queue; so that jobs of one order should not differ in other limits.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitKind = Schema.Literals(["concurrency", "rate", "window", "order"])

/**
 * A kind of limit.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitKind = typeof LimitKind.Type

/**
 * Schema of a rule.
 *
 * **Details**
 *
 * `max` is 0 or more, of an `order` 1. `perMillis` is set for `rate` and `window` only; `burst` for `rate` only, where
 * null means `max`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitRule = Schema.Struct({
  name: Schema.String,
  kind: LimitKind,
  max: Schema.Finite,
  perMillis: Schema.NullOr(Schema.Finite),
  burst: Schema.NullOr(Schema.Finite)
})

/**
 * A rule.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitRule = typeof LimitRule.Type

/**
 * Schema of one limit of one job: the name of its rule, the key, and the permits that a start takes.
 *
 * **Details**
 *
 * `weight` counts for `rate` and `window`: more than 0. A job that weighs more than a bucket or window holds runs when
 * that is full.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobLimit = Schema.Struct({
  name: Schema.String,
  key: Schema.String,
  weight: Schema.Finite
})

/**
 * One limit of one job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobLimit = typeof JobLimit.Type

/**
 * Schema of an override: numbers that count instead of those of the rule.
 *
 * **Details**
 *
 * `key` null: for every key without an override of its own. A number that is null stays that of the rule. `expiresAt`
 * null: until it is cleared.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitOverride = Schema.Struct({
  key: Schema.NullOr(Schema.String),
  max: Schema.NullOr(Schema.Finite),
  perMillis: Schema.NullOr(Schema.Finite),
  burst: Schema.NullOr(Schema.Finite),
  expiresAt: Schema.NullOr(Schema.DateTimeUtc)
})

/**
 * An override.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitOverride = typeof LimitOverride.Type

/**
 * Schema of a change of a rule by a release: `before` is null for its first declaration.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitChange = Schema.Struct({
  at: Schema.DateTimeUtc,
  fromRelease: Schema.NullOr(Schema.String),
  toRelease: Schema.String,
  before: Schema.NullOr(LimitRule),
  after: LimitRule
})

/**
 * A change of a rule.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitChange = typeof LimitChange.Type

/**
 * Schema of the use of a limit by one key.
 *
 * **Details**
 *
 * `held` is the number of jobs that hold it: running ones, of an `order` the one whose turn it is. `tokens` are the
 * permits that are left now, null for `concurrency` and `order`; below 0 after a job that weighed more than all.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitUse = Schema.Struct({
  key: Schema.String,
  held: Schema.Int,
  tokens: Schema.NullOr(Schema.Finite)
})

/**
 * The use of a limit by one key.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitUse = typeof LimitUse.Type

/**
 * Schema of a limit as it stands.
 *
 * **Details**
 *
 * `release` is the one whose declaration counts, `declaredAt` when it declared this. `uses` are keys in use, by name,
 * at most 100; `changes` the newest 20, newest first. Overrides and pauses that ended are left out.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitRecord = Schema.Struct({
  rule: LimitRule,
  release: Schema.String,
  declaredAt: Schema.DateTimeUtc,
  overrides: Schema.Array(LimitOverride),
  pauses: Schema.Array(PauseRecord),
  uses: Schema.Array(LimitUse),
  changes: Schema.Array(LimitChange)
})

/**
 * A limit as it stands.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type LimitRecord = typeof LimitRecord.Type

/**
 * The rule for one key: its numbers, or those of an override.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const overridden = (
  rule: LimitRule,
  override: Pick<LimitOverride, "max" | "perMillis" | "burst"> | undefined
): LimitRule =>
  override === undefined ? rule : {
    ...rule,
    max: override.max ?? rule.max,
    perMillis: override.perMillis ?? rule.perMillis,
    burst: override.burst ?? rule.burst
  }

/**
 * What jobs must have in common to wait in one line: their limits and keys, in a text; null without limits.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const gateOf = (limits: ReadonlyArray<JobLimit>): string | null =>
  limits.length === 0 ? null : JSON.stringify(limits.map(({ key, name }) => [name, key]).toSorted(byText))

const byText = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): number =>
  JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
