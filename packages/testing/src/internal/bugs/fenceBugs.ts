/**
 * Planted bugs of fences, tokens and settlements.
 */
import type { Claim, FencedResult } from "@millrace/storage/Claim"
import type { JobFailure } from "@millrace/storage/JobFailure"
import type { Outcome, Settlement } from "@millrace/storage/Outcome"
import * as Effect from "effect/Effect"
import type { Service } from "../network.ts"
import type { Bug } from "../plant.ts"
import { inStorage, inWorker } from "../plant.ts"

/** The newest claim of each job, with the worker that has it. */
const rememberClaims = (storage: Service) => {
  const newest = new Map<string, Claim & { readonly workerId: string }>()
  const claim: Service["claim"] = (options) =>
    Effect.tap(storage.claim(options), (claims) =>
      Effect.sync(() => {
        for (const each of claims) newest.set(each.id, { ...each, workerId: options.workerId })
      }))
  return { newest, claim }
}

const mapSettlements = (change: (settlement: Settlement) => Settlement) => (storage: Service): Service => ({
  ...storage,
  settle: (workerId, settlements) => storage.settle(workerId, settlements.map(change))
})

const stated: JobFailure = { tag: "Planted", message: "planted" }

const withOutcome = (settlement: Settlement, outcome: Outcome): Settlement => ({ ...settlement, outcome })

/** A settlement of a lost claim ends the attempt that runs now. */
const acceptStale = (storage: Service): Service => {
  const { claim, newest } = rememberClaims(storage)
  const again = (settlement: Settlement, result: FencedResult) => {
    const now = newest.get(settlement.id)
    return result === "Applied" || now === undefined || now.token === settlement.token
      ? Effect.succeed(result)
      : Effect.map(
        storage.settle(now.workerId, [{ ...settlement, leaseId: now.leaseId, token: now.token }]),
        ([applied]) => applied ?? result
      )
  }
  return {
    ...storage,
    claim,
    settle: (workerId, settlements) =>
      Effect.flatMap(
        storage.settle(workerId, settlements),
        (results) => Effect.forEach(settlements, (each, index) => again(each, results[index] ?? "LeaseLost"))
      )
  }
}

/** Tokens begin at 1 again whenever a job is given back. */
const resetTokens = (storage: Service): Service => {
  const bases = new Map<string, number>()
  const real = (id: string, token: number) => token + (bases.get(id) ?? 0)
  return {
    ...storage,
    claim: (options) =>
      Effect.map(storage.claim(options), (claims) =>
        claims.map((claim) => {
          if (claim.failures > 0 || claim.crashes > 0) bases.set(claim.id, claim.token - 1)
          return { ...claim, token: claim.token - (bases.get(claim.id) ?? 0) }
        })),
    settle: (workerId, settlements) =>
      storage.settle(workerId, settlements.map((each) => ({ ...each, token: real(each.id, each.token) }))),
    report: (workerId, reports) =>
      storage.report(workerId, reports.map((each) => ({ ...each, token: real(each.id, each.token) })))
  }
}

/** One settlement in twenty is answered before it is stored, and then is not. */
const answerFirst: Bug["plant"] = inStorage((storage, { dice }) => ({
  ...storage,
  settle: (workerId, settlements) =>
    dice.chance(0.05)
      ? Effect.succeed(settlements.map(() => "Applied" as const))
      : storage.settle(workerId, settlements)
}))

/** A repeated settlement is told that its claim was lost, because the job is no longer there. */
const forgetEnds = (storage: Service): Service => {
  const settled = new Set<string>()
  const isRepeated = ({ id, token }: Settlement) => settled.has(`${id}#${token}`)
  return {
    ...storage,
    settle: (workerId, settlements) => {
      const repeated = settlements.map(isRepeated)
      return Effect.map(storage.settle(workerId, settlements), (results) => {
        for (const { id, token } of settlements) settled.add(`${id}#${token}`)
        return results.map((result, index) => repeated[index] === true ? "LeaseLost" : result)
      })
    }
  }
}

/** Every claim is settled as completed when it arrives, before its handler has done anything. */
const settleFirst = (storage: Service): Service => ({
  ...storage,
  claim: (options) =>
    Effect.tap(storage.claim(options), (claims) =>
      Effect.ignore(storage.settle(
        options.workerId,
        claims.map(({ hasReport, id, leaseId, token, uniqueKey }) => ({
          id,
          leaseId,
          token,
          uniqueKey,
          hasReport,
          outcome: { _tag: "Completed", result: null },
          startedAfterMillis: 0,
          endedAfterMillis: 0
        }))
      )))
})

/** Results of one batch are given to each other's jobs. */
const mixResults = (storage: Service): Service => ({
  ...storage,
  settle: (workerId, settlements) => {
    const outcomes = settlements.map(({ outcome }) => outcome)
    const turned = [...outcomes.slice(1), ...outcomes.slice(0, 1)]
    return storage.settle(
      workerId,
      settlements.map((each, index) => withOutcome(each, turned[index] ?? each.outcome))
    )
  }
})

/** The bugs. */
export const bugs: ReadonlyArray<Bug> = [
  { name: "no fence on settlements", plant: inStorage(acceptStale) },
  {
    name: "no fence on reports",
    plant: inStorage((storage) => ({
      ...storage,
      report: (workerId, reports) =>
        Effect.map(storage.report(workerId, reports), (results) => results.map(() => "Applied" as const))
    }))
  },
  { name: "tokens begin again after a failure", plant: inStorage(resetTokens) },
  { name: "settlements answered before they are stored", plant: answerFirst },
  { name: "a repeated settlement is refused", plant: inStorage(forgetEnds) },
  { name: "settled before the handler has run", plant: inWorker(settleFirst) },
  {
    name: "a settlement without an answer is not repeated",
    plant: inWorker((storage) => ({
      ...storage,
      settle: (workerId, settlements) =>
        Effect.catch(
          storage.settle(workerId, settlements),
          () => Effect.succeed(settlements.map(() => "Applied" as const))
        )
    }))
  },
  { name: "results of a batch are mixed up", plant: inWorker(mixResults) },
  {
    name: "a release burns an attempt",
    plant: inStorage(mapSettlements((settlement) =>
      settlement.outcome._tag === "Released"
        ? withOutcome(settlement, { _tag: "Retried", error: stated, delayMillis: 0 })
        : settlement
    ))
  },
  {
    name: "a snooze burns an attempt",
    plant: inStorage(mapSettlements((settlement) =>
      settlement.outcome._tag === "Snoozed"
        ? withOutcome(settlement, { _tag: "Retried", error: stated, delayMillis: settlement.outcome.delayMillis })
        : settlement
    ))
  },
  {
    name: "retries come at once",
    plant: inWorker(mapSettlements((settlement) =>
      settlement.outcome._tag === "Retried"
        ? withOutcome(settlement, { ...settlement.outcome, delayMillis: 0 })
        : settlement
    ))
  },
  {
    name: "the storage makes retries wait twice as long",
    plant: inStorage(mapSettlements((settlement) =>
      settlement.outcome._tag === "Retried"
        ? withOutcome(settlement, { ...settlement.outcome, delayMillis: settlement.outcome.delayMillis * 2 })
        : settlement
    ))
  },
  {
    name: "one attempt more than allowed",
    plant: inWorker(mapSettlements((settlement) =>
      settlement.outcome._tag === "Dead"
        ? withOutcome(settlement, { _tag: "Retried", error: stated, delayMillis: 100 })
        : settlement
    ))
  },
  {
    name: "gives up after the first failure",
    plant: inWorker(mapSettlements((settlement) =>
      settlement.outcome._tag === "Retried"
        ? withOutcome(settlement, { _tag: "Dead", reason: "planted", error: settlement.outcome.error })
        : settlement
    ))
  }
]
