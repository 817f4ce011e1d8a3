/**
 * A handler's effect and the completion of its job in one transaction.
 *
 * The settlement inside the transaction is fenced like any other: a claim that was lost answers `LeaseLost`, which fails
 * the transaction and rolls the effect back. What remains is a commit of which nobody knows whether it arrived. Then the
 * completion is NOT repeated: if the transaction was rolled back, a repeated completion would finish the job without
 * its effect. Instead the attempt ends as snoozed (storage unavailable) or failed (conflict). If the transaction had
 * committed, the job is completed, its claim has ended, and that settlement changes nothing; if not, the job runs again.
 * Either way the effect happens exactly once. A backend that is still committing holds the claim's row, so that the
 * settlement waits for it and sees its result.
 */
import { StorageError } from "@millrace/storage/StorageError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TransactionFailed } from "../JobSignal.ts"
import { InvalidOption, Unsupported } from "../QueueError.ts"
import type { Held } from "./claimTable.ts"
import * as ClaimTable from "./claimTable.ts"
import * as Outcomes from "./outcome.ts"
import * as Settlements from "./settlement.ts"
import * as Workshop from "./workshop.ts"

/** The effect's own error, to tell it from an error of the transaction. */
class Own<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

/** The claim was lost before the completion. */
class ClaimLost extends Schema.TaggedClass<ClaimLost>()("ClaimLost", {}) {}

/** Runs an effect and completes its job, both or neither. */
export const run = <A, E, R>(
  shop: Workshop.Workshop,
  held: Held,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | TransactionFailed | Unsupported, R> => {
  const { transaction } = shop.storage.capabilities
  if (transaction === null) return Effect.fail(unsupported)
  return Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      if (held.transaction !== "none") return Effect.die(usedTwice)
      held.transaction = "open"
      const own = Effect.mapError(restore(effect), (error) => new Own(error))
      // Only the effect itself can be interrupted: a completion is seen through to the end, and then remembered.
      return Effect.matchCauseEffect(
        transaction(Effect.tap(own, (value) => complete(shop, held, value))),
        {
          onSuccess: (value) => {
            held.transaction = "committed"
            return Effect.succeed(value)
          },
          onFailure: (cause) =>
            Effect.andThen(Effect.sync(() => note(held, cause)), rethrow(shop, held, cause, restore))
        }
      )
    })
  )
}

const unsupported = new Unsupported({
  operation: "Job.transactional",
  detail: "this storage has no transactions; use a storage that declares capabilities.transaction"
})

const usedTwice = new InvalidOption({
  field: "transactional",
  detail: "the attempt has a transaction already; put everything that belongs together into one"
})

const complete = (
  shop: Workshop.Workshop,
  held: Held,
  value: unknown
): Effect.Effect<void, StorageError | ClaimLost> => {
  const definition = held.handler?.definition
  const result = definition === undefined ? null : Outcomes.encodeResult(definition, value)
  if (result?._tag !== "Result") {
    return Effect.die(new InvalidOption({ field: "result", detail: result?.detail ?? "the attempt has no handler" }))
  }
  return Effect.flatMap(
    Effect.andThen(
      reportsWritten(shop, held),
      Effect.suspend(() =>
        shop.storage.settle(held.session.workerId, [
          Settlements.make(held, { _tag: "Completed", result: result.json }, Workshop.nowMillis(shop))
        ])
      )
    ),
    ([answer]) => answer === "Applied" ? Effect.void : Effect.fail(new ClaimLost())
  )
}

/** What the handler reported belongs before its end. */
const reportsWritten = (shop: Workshop.Workshop, held: Held): Effect.Effect<void> =>
  Effect.suspend(() =>
    held.reportsWaiting === 0 ? Effect.void : ClaimTable.waitUntil(shop.table, () => held.reportsWaiting === 0)
  )

/** A failed transaction was rolled back, except when the storage itself failed: then that is not known. */
const note = (held: Held, cause: Cause.Cause<unknown>): void => {
  const isStorages = cause.reasons.some((reason) => reason._tag === "Fail" && reason.error instanceof StorageError)
  held.transaction = isStorages ? "unknown" : "none"
}

const rethrow = <E>(
  shop: Workshop.Workshop,
  held: Held,
  cause: Cause.Cause<Own<E> | StorageError | ClaimLost>,
  restore: <A>(effect: Effect.Effect<A>) => Effect.Effect<A>
): Effect.Effect<never, E | TransactionFailed> => {
  const reasons: Array<Cause.Reason<E | TransactionFailed>> = []
  for (const reason of cause.reasons) {
    if (reason._tag !== "Fail") reasons.push(reason)
    else if (reason.error instanceof ClaimLost) return stopHere(shop, held, restore)
    else reasons.push(Cause.makeFailReason(toHandlerError(reason.error)))
  }
  return Effect.failCause(Cause.fromReasons(reasons))
}

/** The fiber is interrupted, and stops here as soon as that is allowed again. */
const stopHere = (
  shop: Workshop.Workshop,
  held: Held,
  restore: <A>(effect: Effect.Effect<A>) => Effect.Effect<A>
): Effect.Effect<never> => {
  ClaimTable.stop(shop.table, held, { _tag: "Lease" }, Workshop.nowMillis(shop))
  return restore(Effect.never)
}

const toHandlerError = <E>(error: Own<E> | StorageError): E | TransactionFailed =>
  error instanceof Own ? error.error : new TransactionFailed({ error })
