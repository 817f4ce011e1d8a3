/**
 * Retry policies: whether and when a failed job is tried again.
 *
 * A policy is plain data. It is built here, stored with a job as JSON, and read by `decide` on whichever machine the
 * job fails. Use `default` until you know better, `exponential` for other people's services, `fixed` or `table` where the
 * rhythm is known, `never` where a second try does harm, and `byTag` where the error decides.
 *
 * Guarantees: every policy has a limit of attempts, no delay exceeds the cap or 365 days, and jitter is reproducible.
 *
 * @stability unstable
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Pipeable from "effect/Pipeable"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Backoff from "./Backoff.ts"
import * as Validation from "./internal/validation.ts"
import type { Jitter } from "./Jitter.ts"
import type { Rule } from "./PolicyData.ts"
import { optionFields, Rules } from "./PolicyData.ts"
import { delaysOfSchedule } from "./ScheduleConversion.ts"

export { decide } from "./Decision.ts"
export type { Decision, Failure, GiveUpReason } from "./Decision.ts"
export { InvalidRetryPolicy } from "./InvalidRetryPolicy.ts"
export { attemptsLimit, defaultMaxAttempts } from "./PolicyData.ts"
export { preview } from "./Preview.ts"
export type { PreviewedAttempt, PreviewOptions } from "./Preview.ts"
export { toSchedule } from "./ScheduleConversion.ts"
export type { ToScheduleOptions } from "./ScheduleConversion.ts"

class Base extends Schema.Class<Base>("RetryPolicyBase")({
  ...optionFields,
  byTag: Schema.optionalKey(Rules)
}) {
  /** A getter on the prototype: `pipe` is no property of the data, so it is neither stored nor compared. */
  get pipe(): Pipeable.Pipeable["pipe"] {
    return Pipeable.Prototype.pipe
  }
}

/**
 * The policy without retries (rules may still retry some tags).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Never extends Base.extend<Never>("RetryPolicyNever")(Backoff.Never.fields) {}

/**
 * The policy with the same delay after every failure.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Fixed extends Base.extend<Fixed>("RetryPolicyFixed")(Backoff.Fixed.fields) {}

/**
 * The policy whose delay grows by the same step after every failure.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Linear extends Base.extend<Linear>("RetryPolicyLinear")(Backoff.Linear.fields) {}

/**
 * The policy whose delay is multiplied by the same factor after every failure.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Exponential extends Base.extend<Exponential>("RetryPolicyExponential")(Backoff.Exponential.fields) {}

/**
 * The policy whose delays are listed one by one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Table extends Base.extend<Table>("RetryPolicyTable")(Backoff.Table.fields) {}

/**
 * Schema of a retry policy: JSON discriminated by `_tag`, durations in whole milliseconds.
 *
 * **Details**
 *
 * Decoding refuses what the constructors refuse, and names the field. An absent `factor` decodes as 2; unknown fields
 * are ignored, so that a policy written by a newer release can be read.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const RetryPolicy = Schema.Union([Never, Fixed, Linear, Exponential, Table])

/**
 * A retry policy: data with `pipe`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type RetryPolicy = typeof RetryPolicy.Type

/**
 * A retry policy as it is stored: JSON.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Encoded = typeof RetryPolicy.Encoded

/**
 * Options of every constructor.
 *
 * **Details**
 *
 * - `jitter`: how delays are spread. Defaults to `none`
 * - `cap`: longest delay, jitter included. Defaults to 365 days
 * - `maxAttempts`: all attempts, the first one included; 1 is no retry. Defaults to `defaultMaxAttempts` (25)
 * - `maxElapsed`: no attempt starts later than this after the first one. Defaults to no such limit
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly jitter?: Jitter | undefined
  readonly cap?: Duration.Input | undefined
  readonly maxAttempts?: number | undefined
  readonly maxElapsed?: Duration.Input | undefined
}

/** Stands before the constructors because `default` calls one while this module loads. */
const optionData = (options: Options): Schema.Struct.Type<typeof optionFields> => ({
  ...(options.jitter === undefined ? {} : { jitter: Validation.jitter("jitter", options.jitter) }),
  ...(options.cap === undefined ? {} : { capMillis: Validation.millis("cap", options.cap) }),
  ...(options.maxAttempts === undefined
    ? {}
    : { maxAttempts: Validation.attempts("maxAttempts", options.maxAttempts) }),
  ...(options.maxElapsed === undefined
    ? {}
    : { maxElapsedMillis: Validation.millis("maxElapsed", options.maxElapsed) })
})

/**
 * Never retries: the first failure is final.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const never: RetryPolicy = new Never({})

/**
 * Retries after the same delay each time.
 *
 * **Errors**
 *
 * Throws `InvalidRetryPolicy`, as every constructor and combinator here: for a duration that is negative, not a number,
 * infinite or longer than 365 days, and for `maxAttempts` that is not a whole number of 1 or more. A fraction of a
 * millisecond is rounded up.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fixed = (delay: Duration.Input, options: Options = {}): RetryPolicy =>
  new Fixed({ delayMillis: Validation.millis("delay", delay), ...optionData(options) })

/**
 * Retries after `base`, then `base + step`, `base + 2 × step` and so on. `step` defaults to `base`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const linear = (
  options: Options & { readonly base: Duration.Input; readonly step?: Duration.Input | undefined }
): RetryPolicy => {
  const baseMillis = Validation.millis("base", options.base)
  const stepMillis = options.step === undefined ? baseMillis : Validation.millis("step", options.step)
  return new Linear({ baseMillis, stepMillis, ...optionData(options) })
}

/**
 * Retries after `base`, then `base × factor`, `base × factor²` and so on. `factor` is 1 or more and defaults to 2.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const exponential = (
  options: Options & { readonly base: Duration.Input; readonly factor?: number | undefined }
): RetryPolicy =>
  new Exponential({
    baseMillis: Validation.millis("base", options.base),
    factor: Validation.factor("factor", options.factor ?? 2),
    ...optionData(options)
  })

/**
 * Retries after the listed delays (1 to 1,000). `maxAttempts` defaults to one more than there are delays.
 *
 * **Details**
 *
 * With a larger `maxAttempts` the last delay repeats.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const table = (delays: ReadonlyArray<Duration.Input>, options: Options = {}): RetryPolicy => {
  const delaysMillis = Validation.manyMillis("delays", delays)
  return new Table({ delaysMillis, maxAttempts: delaysMillis.length + 1, ...optionData(options) })
}

/**
 * Turns a `Schedule` into a table of its delays, for at most `maxAttempts` attempts (1 to 1,001).
 *
 * **Details**
 *
 * The schedule is stepped when the policy is built, in simulated time that starts at the epoch, with attempts that take
 * no time. Where the schedule ends early, so do the attempts; one that never recurs gives `never`. Fractions of a
 * millisecond are rounded up.
 *
 * **Gotchas**
 *
 * Jitter of the schedule is frozen: every job gets the same delays. Leave it out and use `withJitter`. A schedule that
 * follows the wall clock (`Schedule.cron`) has no delays of its own and makes no sensible policy. An input that the
 * schedule looks at is undefined.
 *
 * **Errors**
 *
 * Throws `InvalidRetryPolicy` also when a step of the schedule is asynchronous or dies.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromSchedule = (
  schedule: Schedule.Schedule<unknown>,
  options: Options & { readonly maxAttempts: number }
): RetryPolicy => {
  const attempts = Validation.attempts("maxAttempts", options.maxAttempts, Backoff.maxTableDelays + 1)
  // One delay even for a single attempt: a job may raise the number of attempts.
  const { delaysMillis, ended } = delaysOfSchedule(schedule, Math.max(1, attempts - 1))
  if (delaysMillis.length === 0) return never
  return table(delaysMillis, { ...options, maxAttempts: ended ? delaysMillis.length + 1 : attempts })
}

/**
 * The policy of jobs that state none: 1 second, doubling, at most 1 hour, equal jitter, 25 attempts.
 *
 * **Details**
 *
 * - 1 second: most failures (a deadlock, a reset connection, a deployment) are over within seconds
 * - doubling up to 1 hour: a long outage costs few attempts, and its end is noticed within the hour
 * - 25 attempts: 24 delays of 13 hours 8 minutes at most and half of it at least, so a job that fails in the evening is
 *   still being tried in the morning
 * - equal jitter: at least half the delay, so a service that is down gets its pause, and the other half spreads the jobs
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
const default_: RetryPolicy = exponential({ base: "1 second", cap: "1 hour", jitter: "equal", maxAttempts: 25 })

export { default_ as default }

/**
 * Spreads the delays of a policy. See `Jitter` for the kinds.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const withJitter = (jitter: Jitter) => (self: RetryPolicy): RetryPolicy =>
  change(self, { jitter: Validation.jitter("jitter", jitter) })

/**
 * Limits every delay of a policy, jitter included. Only a server-told delay may be longer.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const cap = (longest: Duration.Input) => (self: RetryPolicy): RetryPolicy =>
  change(self, { capMillis: Validation.millis("cap", longest) })

/**
 * Limits the attempts of a policy, the first one included: 1 is no retry.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const maxAttempts = (attempts: number) => (self: RetryPolicy): RetryPolicy =>
  change(self, { maxAttempts: Validation.attempts("maxAttempts", attempts) })

/**
 * Limits the time in which attempts start: none starts later than `longest` after the first one.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const maxElapsed = (longest: Duration.Input) => (self: RetryPolicy): RetryPolicy =>
  change(self, { maxElapsedMillis: Validation.millis("maxElapsed", longest) })

/**
 * Gives errors with certain tags a policy of their own; all other errors keep the policy itself.
 *
 * **Details**
 *
 * A rule takes from the policy the jitter that it does not state; its curve and cap are its own. Its `maxAttempts` and
 * `maxElapsed` can end the attempts earlier than the policy's, never later: all attempts of a job count, whatever their
 * errors were. Used twice, rules add up and the later one wins.
 *
 * **Errors**
 *
 * Throws `InvalidRetryPolicy` for a rule that has rules itself.
 *
 * @stability unstable
 * @category rules
 * @since 0.1.0
 */
export const byTag = (rules: Readonly<Record<string, RetryPolicy>>) => (self: RetryPolicy): RetryPolicy => {
  const added = Object.entries(rules).map(([tag, policy]) => [tag, ruleOf(tag, policy)] as const)
  return change(self, { byTag: { ...toData(self).byTag, ...Object.fromEntries(added) } })
}

/**
 * The tags of an error union; errors without a `_tag` have none.
 *
 * @stability unstable
 * @category rules
 * @since 0.1.0
 */
export type ErrorTag<E> = E extends { readonly _tag: infer Tag extends string } ? Tag : never

/**
 * One policy for each tag of an error union.
 *
 * @stability unstable
 * @category rules
 * @since 0.1.0
 */
export type ExhaustiveRules<E> = { readonly [Tag in ErrorTag<E>]: RetryPolicy }

/**
 * `byTag` that the compiler checks: a tag of `E` without a rule, or a rule for a tag that `E` does not have, is a type
 * error.
 *
 * **When to use**
 *
 * Use with the error type of a job, so that a new error cannot be added without deciding how it is retried:
 * `policy.pipe(RetryPolicy.byTagExhaustive<MailError>()({ MailboxFull: RetryPolicy.never, … }))`. The policy itself then
 * applies to defects and errors without a tag.
 *
 * @stability unstable
 * @category rules
 * @since 0.1.0
 */
export const byTagExhaustive = <E>() => (rules: ExhaustiveRules<E>): (self: RetryPolicy) => RetryPolicy => byTag(rules)

const ruleOf = (tag: string, policy: RetryPolicy): typeof Rule.Encoded => {
  const { byTag, ...rule } = toData(policy)
  if (byTag === undefined) return rule
  return Validation.refuse(`byTag.${tag}`, "a policy with byTag", "a policy without rules of its own")
}

const change = (self: RetryPolicy, changes: Partial<typeof Base.Encoded>): RetryPolicy =>
  fromData({ ...toData(self), ...changes })

const fromData = Schema.decodeSync(RetryPolicy)

const toData = Schema.encodeSync(RetryPolicy)
