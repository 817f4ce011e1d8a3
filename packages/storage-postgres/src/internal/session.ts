/**
 * What every method of the driver needs: the client, the quoted schema, the clock, and one way to run a statement.
 */
import type * as PgClient from "@effect/sql-pg/PgClient"
import { StorageClock } from "@millrace/storage/StorageClock"
import * as StorageError from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SqlError } from "effect/sql/SqlError"
import * as PgError from "../PgError.ts"
import * as PgSchema from "../PgSchema.ts"
import * as Deadline from "./deadline.ts"

/** A row of the server, undecoded. */
export type Row = Readonly<Record<string, unknown>>

/**
 * The session of a driver.
 *
 * **Details**
 *
 * `now` is null when the database's clock decides. `rows` runs one prepared statement and gives up after the
 * deadline with `Unavailable`: with its waiting for a connection, and without waiting until the client has let it go.
 * Inside a transaction of the caller it runs on the caller's connection.
 */
export interface Session {
  readonly sql: PgClient.PgClient
  readonly schemaName: string
  readonly schema: string
  readonly deadlineMillis: number
  readonly now: Effect.Effect<Date | null>
  readonly rows: (
    operation: string,
    text: string,
    params: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<Row>, StorageError.StorageError>
}

/** Options of a session; those of `PgStorage` say what they are. */
interface SessionOptions {
  readonly schema?: string | undefined
  readonly deadline?: Duration.Input | undefined
}

/** Makes a session on a client. */
export const make = (sql: PgClient.PgClient, options: SessionOptions = {}): Effect.Effect<Session> =>
  Effect.map(StorageClock, (clock) => {
    const schemaName = options.schema ?? PgSchema.defaultName
    const deadline = Duration.fromInputUnsafe(options.deadline ?? defaultDeadline)
    const deadlineMillis = Duration.toMillis(deadline)
    return {
      sql,
      schemaName,
      schema: PgSchema.quoteUnsafe(schemaName),
      deadlineMillis,
      now: clock === "effect"
        ? Effect.map(Clock.currentTimeMillis, (millis) => dateOf(millis))
        : Effect.succeed(null),
      rows: (operation, text, params) =>
        undisturbed(sql, sql.unsafe<Row>(text, params)).pipe(
          PgError.mapErrors(operation),
          Deadline.within(deadlineMillis, () => late(operation, deadline))
        )
    }
  })

/** Deadline of a statement for which none is given. */
const defaultDeadline = "10 seconds"

/** How often a statement that lost against another session is sent again before its caller hears of it. */
const repetitions = 5

/**
 * Repeats a statement that the server undid because of another session. Every statement of the driver is whole by
 * itself, so that it can be sent again; inside a transaction of the caller only the caller can begin anew.
 */
const undisturbed = <A>(sql: PgClient.PgClient, statement: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
  Effect.flatMap(Effect.serviceOption(sql.transactionService), (transaction) =>
    Option.isSome(transaction)
      ? statement
      : Effect.retry(statement, { times: repetitions, while: PgError.isUndone }))

/** An instant as the client's parameter type. */
export const dateOf = (millis: number): Date => Reflect.construct(Date, [millis])

const late = (operation: string, deadline: Duration.Duration) =>
  new StorageError.StorageError({
    reason: new StorageError.Unavailable({ operation, detail: `no answer within ${Duration.format(deadline)}` })
  })
