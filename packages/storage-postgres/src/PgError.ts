/**
 * Turns what PostgreSQL says into a `StorageError`.
 *
 * @since 0.1.0
 */
import * as StorageError from "@millrace/storage/StorageError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as SqlError from "effect/sql/SqlError"

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

/**
 * Whether the server undid a statement because of another session (serialisation failure, deadlock): sent again as it
 * is, it may succeed.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const isUndone = (error: SqlError.SqlError): boolean => {
  const state = sqlState(error)
  return state === "40001" || state === "40P01"
}

const detailOf = (error: SqlError.SqlError): string => {
  const cause = error.reason.cause
  const text = cause instanceof Error ? cause.message : error.message
  const state = sqlState(error)
  return state === undefined ? text : `${text} (${state})`
}

/** What an SQLSTATE means to the storage's caller, by its first characters: the first that fits decides. */
const kinds: ReadonlyArray<
  readonly [states: ReadonlyArray<string>, kind: StorageError.StorageError["reason"]["_tag"]]
> = [
  // 25P02 and 26000 come up in a transaction that failed before, or that outlived a change of the tables.
  [["40001", "40P01", "55P03", "25P02", "26000"], "Conflict"],
  [["42", "3F000", "0A000"], "OutdatedSchema"],
  [["22", "23"], "Invalid"],
  [["XX001", "XX002"], "Corrupt"]
]

const kindOf = (error: SqlError.SqlError): StorageError.StorageError["reason"]["_tag"] => {
  const state = sqlState(error) ?? ""
  if (isStalePlan(error)) return "Conflict"
  return kinds.find(([states]) => states.some((start) => state.startsWith(start)))?.[1] ?? "Unavailable"
}

/** A statement that was planned before a table changed, inside a transaction: begun anew it is planned anew. */
const isStalePlan = ({ reason: { cause } }: SqlError.SqlError): boolean =>
  typeof cause === "object" && cause !== null && "routine" in cause && cause.routine === "RevalidateCachedQuery"

/**
 * Classifies an SQL error.
 *
 * **Details**
 *
 * - `Conflict`: deadlock, serialisation failure, lock time-out, a transaction that has to begin anew
 * - `OutdatedSchema`: class 42 (tables or columns are missing, or the right to them), a missing schema
 * - `Invalid`: classes 22 and 23 (bad data, a violated constraint)
 * - `Corrupt`: the server found its data or an index damaged
 * - `Unavailable`: connection, shutdown, resources, time-out, and all that is unknown
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromSqlError = (operation: string) => (error: SqlError.SqlError): StorageError.StorageError =>
  new StorageError.StorageError({ reason: reasonOf(kindOf(error), operation, detailOf(error)) })

const reasonOf = (
  kind: StorageError.StorageError["reason"]["_tag"],
  operation: string,
  detail: string
): StorageError.StorageError["reason"] => {
  switch (kind) {
    case "Conflict":
      return new StorageError.Conflict({ operation, detail })
    case "OutdatedSchema":
      return new StorageError.OutdatedSchema({ operation, detail })
    case "Invalid":
      return new StorageError.Invalid({ operation, field: "value", detail })
    case "Corrupt":
      return new StorageError.Corrupt({ operation, detail })
    case "Unsupported":
      return new StorageError.Unsupported({ operation, detail })
    case "Unavailable":
      return new StorageError.Unavailable({ operation, detail })
  }
}

/**
 * Maps the SQL errors of an effect to `StorageError`s that name the operation.
 *
 * **Gotchas**
 *
 * When a connection is lost inside of a transaction, its ROLLBACK fails too; the client then reports all errors of the
 * transaction as defects. That is still `Unavailable` here, unless the transaction was interrupted.
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
    Effect.catchCause((cause) => {
      const defect = cause.reasons.filter(Cause.isDieReason).map((reason) => reason.defect).find(SqlError.isSqlError)
      return defect === undefined || Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.fail(defect)
    }),
    Effect.mapError((error) =>
      SqlError.isSqlError(error) ? fromSqlError(operation)(error) : error as Exclude<E, SqlError.SqlError>
    )
  )
