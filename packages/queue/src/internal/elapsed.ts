/**
 * How long ago the first attempt of a job started, which only policies with `maxElapsed` ask for.
 *
 * All instants are the storage's, so that no machine's clock decides when a job gives up.
 */
import type { Attempt } from "@millrace/storage/Attempt"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Held } from "./claimTable.ts"
import * as Outcomes from "./outcome.ts"

/** The answer for a first attempt, which needs no history; null for a later one. */
export const ofFirstAttempt = (held: Held, nowMillis: number): number | null =>
  held.claim.failures + held.claim.crashes === 0 ? nowMillis - (held.startedMillis ?? nowMillis) : null

/** Does the policy of the job ask? */
export const matters = ({ claim, handler }: Held): boolean => {
  if (handler === null) return false
  const policy = Outcomes.policyOf(claim, handler.definition)
  return policy.maxElapsedMillis !== undefined
    || Object.values(policy.byTag ?? {}).some((rule) => rule.maxElapsedMillis !== undefined)
}

/** The answer of the job's history. */
export const ofHistory = (
  storage: Storage["Service"],
  held: Held,
  nowMillis: number
): Effect.Effect<number, StorageError> =>
  Effect.map(
    storage.inspect.history(held.claim.id),
    (attempts) => fromAttempts(attempts, nowMillis - held.claimedMillis)
  )

/** Milliseconds from the start of the first attempt to `sinceClaimMillis` after the last claim. */
export const fromAttempts = (attempts: ReadonlyArray<Attempt>, sinceClaimMillis: number): number => {
  const last = attempts.at(-1)
  if (last === undefined) return sinceClaimMillis
  const first = firstOf(attempts) ?? last
  return DateTime.toEpochMillis(last.claimedAt) + sinceClaimMillis
    - DateTime.toEpochMillis(first.startedAt ?? first.claimedAt)
}

/** The first started attempt since the last redrive, at which the numbers begin again. */
const firstOf = (attempts: ReadonlyArray<Attempt>): Attempt | undefined => {
  let begin = attempts.length - 1
  while (begin > 0 && (attempts[begin - 1]?.attempt ?? 0) <= (attempts[begin]?.attempt ?? 0)) begin -= 1
  return attempts.slice(begin).find(({ outcome, startedAt }) => startedAt !== null || outcome === "running")
}
