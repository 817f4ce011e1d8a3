/**
 * Transactions whose own statements have deadlines: waiting for a connection and BEGIN, COMMIT, ROLLBACK.
 *
 * What runs inside may take its time; each of its statements has the deadline of every statement. A COMMIT without an
 * answer is `Unavailable`, and nobody knows what became of it; its connection is closed.
 */
import type { StorageError } from "@millrace/storage/StorageError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Connection } from "effect/sql/SqlConnection"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import * as PgError from "../PgError.ts"
import * as Deadline from "./deadline.ts"
import type { Session } from "./session.ts"

/** Runs effects in transactions of a session's client. What uses the client inside of one takes part in it. */
export const make =
  (session: Pick<Session, "sql" | "deadlineMillis">) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
    Effect.flatMap(
      Effect.serviceOption(session.sql.transactionService),
      (outer) => Option.isSome(outer) ? session.sql.withTransaction(self) : outermost(session, self)
    )

/** The same, whose own failures are told from those of the effect: they are `StorageError`s. */
export const makeTyped = (session: Pick<Session, "sql" | "deadlineMillis">) => {
  const transaction = make(session)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
    transaction(Effect.mapError(effect, (error) => new Inner(error))).pipe(
      PgError.mapErrors("transaction"),
      Effect.mapError((error) => error instanceof Inner ? error.error : error)
    )
}

/** The caller's own error inside a transaction, kept apart from those of the transaction. */
class Inner<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

/**
 * The client begins and ends a transaction where nothing can be interrupted, so that a connection that is half-open would
 * hold it for ever. It is therefore given a connection whose BEGIN, COMMIT and ROLLBACK have deadlines. A connection that
 * is given back with a statement under way is closed.
 */
const outermost = <A, E, R>(
  { deadlineMillis, sql }: Pick<Session, "sql" | "deadlineMillis">,
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError, R> =>
  Effect.scoped(Effect.flatMap(
    Effect.timeoutOrElse(sql.reserve, {
      duration: deadlineMillis,
      orElse: () => Effect.fail(late(deadlineMillis))
    }),
    // Level 0 is the outermost transaction of a client: this is the level around it.
    (connection) =>
      Effect.provideService(sql.withTransaction(self), sql.transactionService, [bound(connection, deadlineMillis), -1])
  ))

const bound = (connection: Connection, deadlineMillis: number): Connection => {
  const within = Deadline.within(deadlineMillis, () => late(deadlineMillis))
  const whenControl = <A>(text: string, sent: Effect.Effect<A, SqlError>) =>
    /^(BEGIN|COMMIT|ROLLBACK)/.test(text) ? within(sent) : sent
  return {
    execute: (text, params, transform) => whenControl(text, connection.execute(text, params, transform)),
    executeRaw: (text, params) => whenControl(text, connection.executeRaw(text, params)),
    executeUnprepared: (text, params, transform) =>
      whenControl(text, connection.executeUnprepared(text, params, transform)),
    executeStream: (text, params, transform) => connection.executeStream(text, params, transform),
    executeValues: (text, params) => connection.executeValues(text, params),
    executeValuesUnprepared: (text, params) => connection.executeValuesUnprepared(text, params)
  }
}

const late = (millis: number): SqlError =>
  new SqlError({
    reason: new ConnectionError({
      cause: new Error(`no answer within ${Duration.format(Duration.millis(millis))}`),
      operation: "transaction"
    })
  })
