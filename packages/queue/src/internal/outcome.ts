/**
 * From the end of a handler to the outcome of the attempt: pure decisions over data.
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { Claim } from "@millrace/storage/Claim"
import type { Outcome } from "@millrace/storage/Outcome"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import type { JobDefinition } from "../JobDefinition.ts"
import * as JobSignal from "../JobSignal.ts"
import { Unsupported } from "../QueueError.ts"
import type { Failure } from "./failure.ts"
import * as Failures from "./failure.ts"
import * as JsonGuard from "./jsonGuard.ts"
import * as Policies from "./storedPolicy.ts"

/** Why an attempt was interrupted by the worker: recorded beside its fiber, never guessed from its exit. */
export type Stop =
  | { readonly _tag: "Cancel"; readonly reason: string }
  | { readonly _tag: "Timeout"; readonly timeoutMillis: number }
  | { readonly _tag: "Deadline" }
  | { readonly _tag: "Shutdown" }
  | { readonly _tag: "Lease" }

/** An attempt that has ended. */
export interface Ended {
  readonly claim: Claim
  readonly definition: JobDefinition
  readonly exit: Exit.Exit<unknown, unknown>
  readonly stop: Stop | null
  /** Milliseconds since the first attempt started. */
  readonly elapsedMillis: number
  /** Milliseconds until the job must be over; Infinity for a job without a deadline. */
  readonly leftMillis: number
}

/**
 * The outcome of an attempt.
 *
 * A handler that succeeded is completed, even when it was asked to stop meanwhile. One that failed after it was asked
 * to stop ends as asked: a job that somebody cancelled must not come back as a retry.
 */
export const exitToOutcome = (ended: Ended): Outcome => {
  if (Exit.isSuccess(ended.exit)) return completed(ended, ended.exit.value)
  return ended.stop === null
    ? ofCause(ended, ended.exit.cause)
    : stopped(ended, ended.stop, ended.exit.cause)
}

/** The outcome of a claim whose payload does not fit the handler's schema. */
export const undecodable = (field: string, detail: string): Outcome => ({
  _tag: "Quarantined",
  error: Failures.stated("Undecodable", `The payload does not fit the job's schema at ${field}: ${detail}`).failure
})

/** The outcome of a claim whose payload can not even be decrypted. */
export const unreadable = (detail: string): Outcome => ({
  _tag: "Quarantined",
  error: Failures.stated("Undecodable", `The payload can not be read: ${detail}`).failure
})

/** The outcome of a job whose deadline has passed. */
export const tooLate: Outcome = {
  _tag: "Dead",
  reason: "deadline",
  error: Failures.stated("DeadlineExceeded", "The job was not over at its deadline").failure
}

/** The outcome of a claim that never started. */
export const released: Outcome = { _tag: "Released" }

/** The outcome of a claim that was stopped before its handler started. */
export const stoppedEarly = (stop: Stop): Outcome =>
  stop._tag === "Cancel" ? { _tag: "Cancelled", reason: stop.reason, error: null } : released

/** Why a job is dead whose outcome the storage refused. */
export const refusedReason = "the storage refused the outcome"

/** What is settled when the storage refuses an outcome: data that it can hold for sure. */
export const refused = (outcome: Outcome, detail: string): Outcome => ({
  _tag: "Dead",
  reason: refusedReason,
  error: Failures.stated("OutcomeRefused", `The storage refused the outcome ${outcome._tag}: ${detail}`).failure
})

/** The encoded result of a job, within bounds and free of unstorable text, or why it is none. */
export const encodeResult = (
  definition: JobDefinition,
  value: unknown
): { readonly _tag: "Result"; readonly json: Schema.Json } | { readonly _tag: "Unfit"; readonly detail: string } => {
  // A job without a result takes whatever its handler leaves behind.
  if (definition.successSchema.ast._tag === "Void") return noResult
  const misfit = JsonGuard.checkShape(value, resultBounds)
  if (misfit !== null) return { _tag: "Unfit", detail: `${misfit.field}: ${misfit.detail}` }
  const encoded = definition.codec.encodeSuccess(value)
  if (encoded._tag === "Misfit") return { _tag: "Unfit", detail: `${encoded.misfit.field}: ${encoded.misfit.detail}` }
  if (JsonGuard.check(encoded.value, resultBounds) === null) return { _tag: "Result", json: encoded.value }
  const shape = JsonGuard.checkShape(encoded.value, resultBounds)
  if (shape !== null) return { _tag: "Unfit", detail: `${shape.field}: ${shape.detail}` }
  const clean = JsonGuard.sanitise(encoded.value)
  const rest = JsonGuard.check(clean, resultBounds)
  return rest === null ? { _tag: "Result", json: clean } : { _tag: "Unfit", detail: `${rest.field}: ${rest.detail}` }
}

const noResult = { _tag: "Result", json: null } as const

const resultBounds: JsonGuard.Bounds = { bytes: Defaults.resultBytes, depth: Defaults.jsonDepth }

const completed = (ended: Ended, value: unknown): Outcome => {
  const result = encodeResult(ended.definition, value)
  return result._tag === "Result"
    ? { _tag: "Completed", result: result.json }
    : retried(ended, Failures.stated("InvalidResult", `The result can not be stored: ${result.detail}`))
}

const stopped = (ended: Ended, stop: Stop, cause: Cause.Cause<unknown>): Outcome => {
  switch (stop._tag) {
    case "Cancel":
      return { _tag: "Cancelled", reason: stop.reason, error: ownFailure(ended, cause) }
    case "Timeout":
      return retried(ended, Failures.stated("Timeout", `The attempt took longer than ${stop.timeoutMillis} ms`))
    case "Deadline":
      return tooLate
    case "Shutdown":
    case "Lease":
      // A failure that is no mere echo of the interruption counts as one: the attempt was over before the stop.
      return Cause.hasInterrupts(cause) || hasSignal(cause) ? released : ofCause(ended, cause)
  }
}

/** The failure of a handler that did not just end by its interruption. */
const ownFailure = ({ definition }: Ended, cause: Cause.Cause<unknown>) =>
  Cause.hasInterrupts(cause) && cause.reasons.every((reason) => reason._tag === "Interrupt") || hasSignal(cause)
    ? null
    : Failures.fromCause(cause, definition.codec).failure

const ofCause = (ended: Ended, cause: Cause.Cause<unknown>): Outcome => {
  const signal = signalOf(cause)
  return signal === undefined
    ? retried(ended, Failures.fromCause(cause, ended.definition.codec))
    : ofSignal(ended, signal)
}

const signalOf = (cause: Cause.Cause<unknown>): JobSignal.JobSignal | undefined => {
  for (const reason of cause.reasons) if (reason._tag === "Fail" && isSignal(reason.error)) return reason.error
  return undefined
}

const hasSignal = (cause: Cause.Cause<unknown>): boolean => signalOf(cause) !== undefined

const isSignal = (error: unknown): error is JobSignal.JobSignal =>
  error instanceof JobSignal.Snooze
  || error instanceof JobSignal.PauseLimit
  || error instanceof JobSignal.Cancel
  || error instanceof JobSignal.Dead
  || error instanceof JobSignal.TransactionFailed
  || error instanceof Unsupported

/** Pause of a job whose transaction found the storage unavailable, in milliseconds. */
const unavailableMillis = 1_000

const ofSignal = (ended: Ended, signal: JobSignal.JobSignal): Outcome => {
  switch (signal._tag) {
    case "JobSnooze":
      return snoozed(ended, signal.delayMillis)
    case "JobPauseLimit":
      return limitPaused(ended, signal)
    case "JobCancel":
      return { _tag: "Cancelled", reason: signal.reason, error: null }
    case "JobDeath":
      return { _tag: "Dead", reason: signal.reason, error: Failures.stated("Dead", signal.reason).failure }
    case "JobTransactionFailed":
      return signal.error.reason._tag === "Unavailable"
        ? { _tag: "Snoozed", delayMillis: unavailableMillis }
        : retried(ended, Failures.stated(signal.error.reason._tag, signal.error.message))
    case "Unsupported": {
      const { failure } = Failures.stated("Unsupported", signal.message)
      return { _tag: "Dead", reason: "unsupported", error: failure }
    }
  }
}

/** A job that would come back after its deadline does not. */
const snoozed = (ended: Ended, delayMillis: number): Outcome =>
  delayMillis >= ended.leftMillis ? tooLate : { _tag: "Snoozed", delayMillis }

/** The limit is paused for the key under which this job runs. */
const limitPaused = (ended: Ended, { delayMillis, limit }: JobSignal.PauseLimit): Outcome => {
  const own = ended.claim.limits.find(({ name }) => name === limit)
  if (own === undefined) return retried(ended, Failures.stated("InvalidOption", `The job has no limit named ${limit}`))
  const outcome = snoozed(ended, delayMillis)
  return outcome._tag === "Snoozed" ? { ...outcome, pause: { limit, key: own.key } } : outcome
}

const retried = ({ claim, definition, elapsedMillis, leftMillis }: Ended, failure: Failure): Outcome => {
  const decision = RetryPolicy.decide(policyOf(claim, definition), {
    failures: claim.failures + 1,
    elapsedMillis,
    seed: claim.id,
    errorTag: failure.errorTag,
    retryAfterMillis: failure.retryAfterMillis,
    maxAttempts: claim.maxAttempts
  })
  if (decision._tag === "GiveUp") return { _tag: "Dead", reason: decision.reason, error: failure.failure }
  return decision.delayMillis >= leftMillis
    ? { _tag: "Dead", reason: "deadline", error: failure.failure }
    : { _tag: "Retried", error: failure.failure, delayMillis: decision.delayMillis }
}

/** The policy stored with the job; one that this release can not read gives way to the definition's. */
export const policyOf = (claim: Claim, definition: JobDefinition): RetryPolicy.RetryPolicy =>
  Policies.policyOf(claim.retry) ?? definition.options.retry
