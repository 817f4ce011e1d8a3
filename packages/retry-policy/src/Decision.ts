/**
 * The decision after a failed attempt: try again after a delay, or give up, and why.
 *
 * A pure function of the policy, the failure and the job's id. It reads no clock, no random source and no memory of
 * the process, so a retry that is decided on another machine, after a restart or twice comes out the same.
 *
 * @stability unstable
 * @since 0.1.0
 */
import * as Backoff from "./Backoff.ts"
import * as Jitter from "./Jitter.ts"
import type { PolicyData, Rule } from "./PolicyData.ts"
import { attemptsLimit } from "./PolicyData.ts"

/**
 * What a decision depends on beside the policy.
 *
 * **Details**
 *
 * - `failures`: failed attempts so far, this one included; counts from 1
 * - `elapsedMillis`: milliseconds since the first attempt started
 * - `seed`: the job's id; jitter is a hash of it and of `failures`
 * - `errorTag`: the `_tag` of the error. Defaults to none: no rule applies
 * - `retryAfterMillis`: the delay that the error itself carries, such as Retry-After. Defaults to none
 * - `maxAttempts`: the job's own limit, which wins over the policy's. Defaults to the policy's
 *
 * Numbers out of range count as the nearest one in range, NaN as the lowest: a decision never fails.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  readonly failures: number
  readonly elapsedMillis: number
  readonly seed: string
  readonly errorTag?: string | undefined
  readonly retryAfterMillis?: number | undefined
  readonly maxAttempts?: number | undefined
}

/**
 * Why there is no further attempt.
 *
 * **Details**
 *
 * - `never`: the policy, or the rule of the error's tag, does not retry
 * - `maxAttempts`: all attempts are used
 * - `maxElapsed`: the next attempt would start too long after the first
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type GiveUpReason = "never" | "maxAttempts" | "maxElapsed"

/**
 * Try again after `delayMillis` (whole milliseconds, from 0 to 365 days), or give up.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Decision =
  | { readonly _tag: "Retry"; readonly delayMillis: number }
  | { readonly _tag: "GiveUp"; readonly reason: GiveUpReason }

/**
 * Decides what follows a failed attempt.
 *
 * **Details**
 *
 * The rule of `errorTag` applies, or the policy itself. A rule takes from the policy the jitter that it does not state;
 * its curve and cap are its own. The limits of the policy (or of the job) hold for all its attempts: the
 * `maxAttempts` and `maxElapsed` of a rule can end them earlier, never later.
 *
 * A server-told delay is never undercut, exceeds the cap if it must, and is spread by up to 20 % when there is jitter.
 *
 * Of several reasons to give up, the first of `never`, `maxAttempts`, `maxElapsed` is reported.
 *
 * @stability unstable
 * @category decisions
 * @since 0.1.0
 */
export const decide = (policy: PolicyData, failure: Failure): Decision => {
  const rule = ruleOf(policy, failure.errorTag)
  if (rule._tag === "Never") return giveUp("never")
  const failures = Math.floor(clamp(failure.failures, 1, Number.MAX_SAFE_INTEGER))
  if (failures >= attemptsOf(policy, rule, failure.maxAttempts)) return giveUp("maxAttempts")
  const delayMillis = delayOf(rule, rule.jitter ?? policy.jitter ?? "none", failures, failure)
  const elapsedMillis = clamp(failure.elapsedMillis, 0, Infinity)
  if (elapsedMillis + delayMillis > elapsedLimit(policy, rule)) return giveUp("maxElapsed")
  return { _tag: "Retry", delayMillis }
}

/** Own properties only: a tag named "constructor" has no rule unless one was written. */
const ruleOf = (policy: PolicyData, errorTag: string | undefined): Rule | PolicyData => {
  if (errorTag === undefined || policy.byTag === undefined) return policy
  return Object.hasOwn(policy.byTag, errorTag) ? policy.byTag[errorTag] ?? policy : policy
}

const attemptsOf = (policy: PolicyData, rule: Rule | PolicyData, override: number | undefined): number => {
  const limit = override === undefined ? attemptsLimit(policy) : clamp(override, 1, Infinity)
  return rule === policy ? limit : Math.min(limit, rule.maxAttempts ?? Infinity)
}

const elapsedLimit = (policy: PolicyData, rule: Rule | PolicyData): number =>
  Math.min(policy.maxElapsedMillis ?? Infinity, rule.maxElapsedMillis ?? Infinity)

const delayOf = (
  rule: Backoff.Backoff & { readonly capMillis?: number },
  jitter: Jitter.Jitter,
  failures: number,
  failure: Failure
): number => {
  const capMillis = rule.capMillis ?? Backoff.maxDelayMillis
  const curveMillis = (n: number) => Math.min(capMillis, Backoff.delayMillis(rule, n))
  const own = Jitter.delayMillis(jitter, { seed: failure.seed, failures, capMillis, curveMillis })
  const told = clamp(failure.retryAfterMillis ?? 0, 0, Infinity)
  return told === 0 ? own : Math.max(own, Jitter.toldMillis(jitter, told, failure.seed, failures))
}

/** NaN fails every comparison and becomes `least`. */
const clamp = (value: number, least: number, most: number): number => value >= least ? Math.min(value, most) : least

const giveUp = (reason: GiveUpReason): Decision => ({ _tag: "GiveUp", reason })
