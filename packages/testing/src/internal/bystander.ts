/**
 * The bystander: sees every call that reaches the storage, with its answer, and says when an answer breaks a promise.
 */
import type { Claim } from "@millrace/storage/Claim"
import type { Report, Settlement } from "@millrace/storage/Outcome"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Exit from "effect/Exit"
import type * as Facts from "./facts.ts"
import type { Journal } from "./journal.ts"
import type { Process } from "./kernel.ts"
import type { Ledger } from "./ledger.ts"
import * as ClaimRules from "./rules/claimRules.ts"
import * as InsertRules from "./rules/insertRules.ts"
import * as LeaseRules from "./rules/leaseRules.ts"
import * as SettleRules from "./rules/settleRules.ts"
import * as TransitionRules from "./rules/transitionRules.ts"

/** What all rules look at. */
export interface Scene {
  readonly facts: Facts.Facts
  readonly ledger: Ledger
  readonly journal: Journal
  /** Has something happened to this process since an instant that may keep it from renewing its lease? */
  readonly isExcused: (process: Process, sinceMillis: number) => boolean
  /** The process that registered under an id. */
  readonly processOf: Map<string, Process>
}

/** A call that reached the storage. */
export interface Call {
  readonly process: Process
  readonly operation: string
  readonly request: ReadonlyArray<unknown>
  readonly exit: Exit.Exit<unknown, StorageError>
  readonly nowMillis: number
}

/** Looks at a call. A call that failed changed nothing. */
export const see = (scene: Scene, call: Call): void => {
  if (Exit.isFailure(call.exit)) {
    if (call.exit.cause.reasons.some(({ _tag }) => _tag === "Die")) {
      scene.journal.breach("port", `${call.operation} died: ${String(call.exit.cause.reasons[0])}`)
    }
    return
  }
  judge(scene, call, call.exit.value)
}

/** The casts restore what the name of the operation says: requests and answers travel untyped. */
const judge = (scene: Scene, { nowMillis, operation, process, request: [first, second] }: Call, answer: unknown) => {
  switch (operation) {
    case "insert":
      return InsertRules.insert(scene, first as never, answer as never, nowMillis)
    case "claim":
      return ClaimRules.claim(scene, first as never, answer as ReadonlyArray<Claim>, nowMillis)
    case "settle":
      return SettleRules.settle(
        scene,
        first as string,
        second as ReadonlyArray<Settlement>,
        answer as never,
        nowMillis
      )
    case "report":
      return SettleRules.report(scene, first as string, second as ReadonlyArray<Report>, answer as never)
    case "renew":
      return LeaseRules.renew(scene, process, first as never, answer as never, nowMillis)
    case "reclaim":
      return LeaseRules.reclaim(scene, first as never, answer as never, nowMillis)
    case "promote":
      return InsertRules.promote(scene, first as never, answer as never, nowMillis)
    case "transition":
      return TransitionRules.transition(scene, first as never, second as never, answer as never, nowMillis)
    case "control":
      return TransitionRules.control(scene, first as never)
    default:
      return undefined
  }
}
