/**
 * Creates and drops databases, each on a connection of its own.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as SqlError from "effect/sql/SqlError"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"

const sqlStateOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const failed = (operation: string, database: string) => (error: SqlError.SqlError) =>
  EmbeddedPostgresError.because(
    new EmbeddedPostgresError.DatabaseFailed({
      operation,
      database,
      sqlState: sqlStateOf(error.reason.cause),
      detail: error.reason.cause instanceof Error ? error.reason.cause.message : error.message
    })
  )

const quote = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

/** Runs one statement on the server at `url`. */
const execute = (url: Redacted.Redacted, statement: string) =>
  Effect.scoped(Effect.flatMap(PgConnection.make({ url }), (connection) => connection.query(statement, [], false)))

/** Proves that the server at `url` answers, and takes the password. */
export const ping = (url: Redacted.Redacted) =>
  execute(url, "select 1").pipe(Effect.asVoid, Effect.mapError(failed("reach", "postgres")))

/** Creates a database as a copy of `template`. */
export const create = (url: Redacted.Redacted, name: string, template: string) =>
  execute(url, `create database ${quote(name)} template ${quote(template)}`).pipe(
    Effect.asVoid,
    Effect.mapError(failed("create", name))
  )

/** Drops a database and ends the sessions in it; harmless when there is none. */
export const drop = (url: Redacted.Redacted, name: string) =>
  execute(url, `drop database if exists ${quote(name)} with (force)`).pipe(
    Effect.asVoid,
    Effect.mapError(failed("drop", name))
  )
