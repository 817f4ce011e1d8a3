/**
 * The data of a retry policy: a curve, its bounds, its jitter, and rules per error tag.
 *
 * This is what is stored with a job and sent over the wire: JSON, discriminated by `_tag`, every duration in whole
 * milliseconds and named so. `RetryPolicy` adds `pipe` to it; everything that decides works on this data alone.
 *
 * @stability unstable
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Backoff from "./Backoff.ts"
import { Jitter } from "./Jitter.ts"

/**
 * Attempts of a policy that does not state `maxAttempts`, the first one included: 25.
 *
 * **Details**
 *
 * Every policy has a limit. `RetryPolicy.default` says what 25 attempts amount to.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const defaultMaxAttempts = 25

const attemptsExpected = "a whole number of attempts, 1 or more"

/**
 * Schema of a number of attempts: a whole number of 1 or more.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Attempts = Schema.Int.annotate({ expected: attemptsExpected }).check(
  Schema.isGreaterThanOrEqualTo(1, { expected: attemptsExpected })
)

/**
 * Fields that every policy and every rule may have.
 *
 * **Details**
 *
 * - `jitter`: how delays are spread. Defaults to `none`
 * - `capMillis`: longest delay in milliseconds, jitter included. Defaults to 365 days
 * - `maxAttempts`: all attempts, the first one included. Defaults to `defaultMaxAttempts`
 * - `maxElapsedMillis`: no attempt starts later than this many milliseconds after the first. Defaults to no such limit
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const optionFields = {
  jitter: Schema.optionalKey(Jitter),
  capMillis: Schema.optionalKey(Backoff.Millis),
  maxAttempts: Schema.optionalKey(Attempts),
  maxElapsedMillis: Schema.optionalKey(Backoff.Millis)
}

const ruleFields = {
  ...optionFields,
  // Refused by name: dropped in silence it would look as if the inner rules held.
  byTag: Schema.optionalKey(
    Schema.Never.annotate({ message: "Expected no byTag: a rule cannot have rules of its own" })
  )
}

/**
 * Schema of the rule of one error tag: a policy without rules of its own.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Rule = Schema.Union([
  Schema.Struct({ ...Backoff.Never.fields, ...ruleFields }),
  Schema.Struct({ ...Backoff.Fixed.fields, ...ruleFields }),
  Schema.Struct({ ...Backoff.Linear.fields, ...ruleFields }),
  Schema.Struct({ ...Backoff.Exponential.fields, ...ruleFields }),
  Schema.Struct({ ...Backoff.Table.fields, ...ruleFields })
])

/**
 * The rule of one error tag.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Rule = typeof Rule.Type

/**
 * Schema of rules by error tag.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Rules = Schema.Record(Schema.String, Rule)

/**
 * Rules by error tag.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Rules = typeof Rules.Type

type Options = Schema.Struct.Type<typeof optionFields>

/**
 * The data of a policy: its own curve and bounds for every error, and rules for some tags.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type PolicyData = (typeof Backoff.Never.Type | Backoff.Backoff) & Options & { readonly byTag?: Rules }

/**
 * Returns how many attempts a job with this policy has, the first one included.
 *
 * **Details**
 *
 * The number to store with the job: `maxAttempts`, or `defaultMaxAttempts` where the policy states none, or 1 for
 * `never` without rules.
 *
 * @stability unstable
 * @category limits
 * @since 0.1.0
 */
export const attemptsLimit = (policy: PolicyData): number => {
  if (policy._tag === "Never" && policy.byTag === undefined) return 1
  return policy.maxAttempts ?? defaultMaxAttempts
}
