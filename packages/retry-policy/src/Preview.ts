/**
 * The attempts that a policy would make: delays and instants, without running anything.
 *
 * For documentation, dashboards ("next retries") and tests of a policy. The list is made by the same decisions as in
 * production, so with the job's id as seed it is what will happen, as long as the attempts take no time.
 *
 * @stability unstable
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import { decide } from "./Decision.ts"
import type { PolicyData } from "./PolicyData.ts"

/**
 * Most attempts that a preview lists: 1,000.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const maxLimit = 1000

/**
 * Where a preview starts and how far it goes.
 *
 * **Details**
 *
 * - `now`: instant of failure number `failures`. Defaults to 1970-01-01T00:00:00Z
 * - `failures`: failed attempts so far; the list begins with the attempt after them. Defaults to 1
 * - `elapsedMillis`: milliseconds from the start of the first attempt to `now`. Defaults to 0
 * - `errorTag`: tag of the error of every attempt. Defaults to none
 * - `seed`: the job's id. Defaults to the empty string: one possible job
 * - `maxAttempts`: the job's own limit. Defaults to the policy's
 * - `limit`: entries at most, up to `maxLimit`. Defaults to 100
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PreviewOptions {
  readonly now?: DateTime.DateTime.Input | undefined
  readonly failures?: number | undefined
  readonly elapsedMillis?: number | undefined
  readonly errorTag?: string | undefined
  readonly seed?: string | undefined
  readonly maxAttempts?: number | undefined
  readonly limit?: number | undefined
}

/**
 * One attempt of a preview: its number (1-based), the delay before it, when it starts, and how long after the first.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PreviewedAttempt {
  readonly attempt: number
  readonly delayMillis: number
  readonly elapsedMillis: number
  readonly at: DateTime.Utc
}

/**
 * Lists the attempts that follow if each of them fails at once, until the policy gives up.
 *
 * **Details**
 *
 * The first attempt has no delay and is not in the list: with the defaults the list begins with attempt 2. It is empty
 * when there is no retry.
 *
 * @stability unstable
 * @category previews
 * @since 0.1.0
 */
export const preview = (policy: PolicyData, options: PreviewOptions = {}): ReadonlyArray<PreviewedAttempt> => {
  const startMillis = DateTime.toEpochMillis(DateTime.makeUnsafe(options.now ?? 0))
  const before = options.elapsedMillis ?? 0
  const first = Math.max(1, Math.floor(options.failures ?? 1) || 1)
  const attempts: Array<PreviewedAttempt> = []
  let elapsedMillis = before
  while (attempts.length < Math.min(options.limit ?? 100, maxLimit)) {
    const failures = first + attempts.length
    const decision = decide(policy, { ...options, failures, elapsedMillis, seed: options.seed ?? "" })
    if (decision._tag === "GiveUp") break
    const { delayMillis } = decision
    elapsedMillis += delayMillis
    const at = DateTime.makeUnsafe(startMillis + elapsedMillis - before)
    attempts.push({ attempt: failures + 1, delayMillis, elapsedMillis, at })
  }
  return attempts
}
