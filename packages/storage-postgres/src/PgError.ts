/**
 * Turns what PostgreSQL says into a `StorageError`.
 *
 * @since 0.1.0
 */
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as SqlError from "effect/sql/SqlError"

const conflictStates = new Set(["40001", "40P01", "55P03", "25P02"])
const schemaStates = new Set(["3F000", "0A000"])

/**
 * The SQLSTATE of an error, if the server gave one.
 *
 * @stability unstable
 * @category accessors
 * @since 0.1.0
 */
export const sqlState = (error: SqlError.SqlError): string | undefined => {
  const cause = error.reason.cause
  return typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : undefined
}

const detailOf = (error: SqlError.SqlError): string => {
  const cause = error.reason.cause
  const text = cause instanceof Error ? cause.message : error.message
  const state = sqlState(error)
  return state === undefined ? text : `${text} (${state})`
}

/**
 * Classifies an SQL error.
 *
 * **Details**
 *
 * Class 22 and 23 (bad data, violated constraint) are `Invalid`; class 42 (missing
 * tables or columns, no right to them) `OutdatedSchema`; deadlock, serialisation and lock time-out `Conflict`; all that
 * speaks of connection, shutdown, resources or time-out, and what is unknown, `Unavailable`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromSqlError = (operation: string) => (error: SqlError.SqlError): StorageError.StorageError => {
  const state = sqlState(error)
  const detail = detailOf(error)
  if (state !== undefined && conflictStates.has(state)) {
    return new StorageError.StorageError({ reason: new StorageError.Conflict({ operation, detail }) })
  }
  if (state !== undefined && (state.startsWith("42") || schemaStates.has(state))) {
    return new StorageError.StorageError({ reason: new StorageError.OutdatedSchema({ operation, detail }) })
  }
  if (state !== undefined && (state.startsWith("22") || state.startsWith("23"))) {
    return new StorageError.StorageError({ reason: new StorageError.Invalid({ operation, field: "value", detail }) })
  }
  return new StorageError.StorageError({ reason: new StorageError.Unavailable({ operation, detail }) })
}

/**
 * Maps the SQL errors of an effect to `StorageError`s that name the operation. A lost connection
 * that surfaces as a defect (a failed ROLLBACK) stays a typed error.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const mapErrors = (operation: string) =>
<A, E, R>(
  self: Effect.Effect<A, E | SqlError.SqlError, R>
): Effect.Effect<A, Exclude<E, SqlError.SqlError> | StorageError.StorageError, R> =>
  self.pipe(
    Effect.catchDefect((defect) => SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)),
    Effect.mapError((error) =>
      SqlError.isSqlError(error) ? fromSqlError(operation)(error) : error as Exclude<E, SqlError.SqlError>
    )
  )

/**
 * The error of a database that knows migrations which this release does not.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const tooNew = (ids: ReadonlyArray<number>): StorageError.StorageError =>
  new StorageError.StorageError({
    reason: new StorageError.OutdatedSchema({
      operation: "migrate",
      detail: `the database has migrations ${ids.join(", ")} of a newer release; deploy that release`
    })
  })
