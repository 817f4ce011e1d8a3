/**
 * Requests that run once, by the primary key of their table: a second one waits for the transaction of the first.
 */
import type { IdempotentRequest, IdempotentRequests, KeptAnswer, OnceResult } from "@millrace/storage/IdempotentRequest"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as statements from "../statements/idempotency.ts"
import type { Row, Session } from "./session.ts"
import * as Transaction from "./transaction.ts"

/** The requests of a session. */
export const make = (session: Session): IdempotentRequests => {
  const { rows, schema } = session
  const transaction = Transaction.makeTyped(session)
  const scopeOf = ({ caller, endpoint, key }: IdempotentRequest) => [caller, endpoint, key]
  const ran = Effect.fnUntraced(function*<E, R>(
    request: IdempotentRequest,
    run: Effect.Effect<KeptAnswer, E, R>
  ): Effect.fn.Return<OnceResult, E | StorageError.StorageError, R> {
    const scope = scopeOf(request)
    const taken = [...scope, request.fingerprint, String(request.keepMillis)]
    const [first] = yield* rows("requests.once", statements.take(schema), taken)
    if (first === undefined) {
      const [kept] = yield* rows("requests.once", statements.find(schema), scope)
      return yield* toResult(kept, request)
    }
    const answer = yield* run
    yield* rows("requests.once", statements.keep(schema), [...scope, String(answer.status), answer.body])
    return { _tag: "Ran", answer }
  })
  return {
    once: (request, run) => transaction(ran(request, run)),
    prune: Effect.map(
      rows("requests.prune", statements.prune(schema), []),
      ([row]) => (row?.["count"] ?? 0) as number
    )
  }
}

const toResult = (
  row: Row | undefined,
  { fingerprint }: IdempotentRequest
): Effect.Effect<OnceResult, StorageError.StorageError> => {
  // Nobody prunes a key between the two statements: the first one has locked its row.
  if (row === undefined || typeof row["body"] !== "string") return Effect.fail(lost)
  return Effect.succeed(
    row["fingerprint"] === fingerprint
      ? { _tag: "Kept", answer: { status: Number(row["status"]), body: row["body"] } }
      : { _tag: "Other" }
  )
}

const lost = new StorageError.StorageError({
  reason: new StorageError.Conflict({ operation: "requests.once", detail: "the request with this key was taken away" })
})
