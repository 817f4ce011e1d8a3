/**
 * What a settle and a report may answer, and whether a worker may settle like that.
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { AttemptOutcome } from "@millrace/storage/Attempt"
import type { Fence, FencedResult } from "@millrace/storage/Claim"
import type { Outcome, Report, Settlement } from "@millrace/storage/Outcome"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { JobName } from "../../Scenario.ts"
import type { Scene } from "../bystander.ts"
import * as Cast from "../cast.ts"
import type { JobFact } from "../facts.ts"
import * as Facts from "../facts.ts"
import * as Ledger from "../ledger.ts"

/** Notes settlements: those of the newest claim take effect, repetitions change nothing, others are refused. */
export const settle = (
  scene: Scene,
  workerId: string,
  settlements: ReadonlyArray<Settlement>,
  results: ReadonlyArray<FencedResult>,
  nowMillis: number
): void =>
  settlements.forEach((settlement, index) => {
    const job = scene.facts.jobs.get(settlement.id)
    const isHeld = job !== undefined && holds(job, workerId, settlement)
    const isRepetition = job !== undefined && !isHeld && agrees(job, workerId, settlement)
    expect(scene, "settle", settlement, isHeld || isRepetition, results[index])
    if (job === undefined || !isHeld) return
    checkTruth(scene, job, settlement)
    end(scene.facts, job, workerId, settlement.outcome, nowMillis)
  })

/** Reports are fenced like settlements. */
export const report = (
  scene: Scene,
  workerId: string,
  reports: ReadonlyArray<Report>,
  results: ReadonlyArray<FencedResult>
): void =>
  reports.forEach((entry, index) => {
    const job = scene.facts.jobs.get(entry.id)
    const isHeld = job !== undefined && holds(job, workerId, entry)
    expect(scene, "report", entry, isHeld, results[index])
    if (isHeld && entry.started === true && job.claim?.isAlone === true) job.claim.hasStarted = true
  })

/** Ends the attempt under way. */
export const end = (facts: Facts.Facts, job: JobFact, workerId: string, given: Outcome, nowMillis: number): void => {
  const outcome = job.cancelReason === null ? given : afterCancel(given, job.cancelReason)
  job.ends.set(job.token, { workerId, settledAs: outcome._tag, outcome: outcomes[outcome._tag] })
  job.isSuspect = false
  switch (outcome._tag) {
    case "Completed":
      return Facts.finish(facts, job, "completed")
    case "Cancelled":
      return Facts.finish(facts, job, "cancelled")
    case "Dead":
      job.failures += 1
      return Facts.finish(facts, job, "dead")
    case "Quarantined":
      return Facts.finish(facts, job, "quarantined")
    case "Retried":
      job.failures += 1
      return giveBack(facts, job, "retryable", outcome.delayMillis, nowMillis)
    case "Snoozed":
      return giveBack(facts, job, "scheduled", outcome.delayMillis, nowMillis)
    case "Released":
      return giveBack(facts, job, "scheduled", 0, nowMillis)
  }
}

const outcomes: { readonly [Tag in Outcome["_tag"]]: AttemptOutcome } = {
  Completed: "completed",
  Retried: "failed",
  Snoozed: "snoozed",
  Released: "released",
  Cancelled: "cancelled",
  Dead: "failed",
  Quarantined: "quarantined"
}

const isGivenBack = ({ _tag }: Outcome): boolean => _tag === "Retried" || _tag === "Snoozed" || _tag === "Released"

const afterCancel = (outcome: Outcome, reason: string): Outcome =>
  isGivenBack(outcome) ? { _tag: "Cancelled", reason, error: null } : outcome

const giveBack = (
  facts: Facts.Facts,
  job: JobFact,
  state: "scheduled" | "retryable",
  delayMillis: number,
  nowMillis: number
): void => {
  if (delayMillis > 0) Facts.makeWait(job, state, nowMillis + Math.ceil(delayMillis))
  else Facts.makeAvailable(facts, job)
}

const holds = ({ claim }: JobFact, workerId: string, { leaseId, token }: Fence): boolean =>
  claim !== null && claim.workerId === workerId && claim.leaseId === leaseId && claim.token === token

const agrees = (job: JobFact, workerId: string, { outcome, token }: Settlement): boolean => {
  const ended = job.ends.get(token)
  if (ended?.workerId !== workerId) return false
  return ended.settledAs === outcome._tag || (ended.settledAs === "Cancelled" && isGivenBack(outcome))
}

const expect = (
  { journal }: Scene,
  operation: string,
  { id, token }: Fence,
  isGood: boolean,
  result: FencedResult | undefined
): void => {
  if (result === (isGood ? "Applied" : "LeaseLost")) return
  journal.breach("I3", `${operation} of job ${id} with token ${token} is answered with ${result}`)
}

/** A worker settles what its handler did. */
const checkTruth = (scene: Scene, job: JobFact, { outcome, token }: Settlement): void => {
  const { journal, ledger } = scene
  const execution = Ledger.find(ledger, job.id, token)
  const say = (invariant: string, detail: string) =>
    journal.breach(invariant, `job ${job.id} is settled as ${outcome._tag}, but ${detail}`)
  if (execution === undefined) {
    if (outcome._tag !== "Released" && outcome._tag !== "Cancelled") say("I14", "its handler never started")
    return
  }
  if (execution.end === "open") return say("I14", "its handler goes on")
  if ((execution.end === "succeeded") !== (outcome._tag === "Completed")) {
    return say("I14", `its handler ${execution.end}`)
  }
  if (outcome._tag === "Completed" && !isResultOf(outcome.result, job, token)) say("I14", "with another result")
  if (outcome._tag === "Retried") checkRetry(job, outcome.delayMillis, say)
  if (outcome._tag === "Dead" && execution.behaviour.does !== "Dead" && decide(job)._tag === "Retry") {
    say("I4", `it has failed ${job.failures + 1} times of ${job.input.maxAttempts}`)
  }
}

const isResultOf = (result: Schema.Json | null, job: JobFact, token: number): boolean =>
  JSON.stringify(result) === JSON.stringify({ number: job.number, token })

const decodePolicy = Schema.decodeUnknownExit(Schema.toCodecJson(RetryPolicy.RetryPolicy))

/** A job without a policy of its own follows its definition's. */
const policyOf = ({ input: { name, retry } }: JobFact): RetryPolicy.RetryPolicy => {
  const exit = decodePolicy(retry)
  return Exit.isSuccess(exit) ? exit.value : Cast.policies[name as JobName]
}

/** What the policy decides after this failure, from what is stored alone: the same wherever the job runs. */
const decide = (job: JobFact) => {
  return RetryPolicy.decide(policyOf(job), {
    failures: job.failures + 1,
    elapsedMillis: 0,
    seed: job.id,
    errorTag: undefined,
    retryAfterMillis: undefined,
    maxAttempts: job.input.maxAttempts
  })
}

const checkRetry = (
  job: JobFact,
  delayMillis: number,
  say: (invariant: string, detail: string) => void
): void => {
  const decision = decide(job)
  if (decision._tag === "GiveUp") return say("I4", `it has failed ${job.failures + 1} times already`)
  if (decision.delayMillis === delayMillis) return
  say("retry", `in ${delayMillis} ms, where the policy says ${decision.delayMillis} ms`)
}
