/**
 * The way to a database, for the commands that work on one directly. `main.ts` chooses the driver.
 *
 * @since 0.1.0
 */
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import * as Failure from "./Failure.ts"

/**
 * A migration, and since when it is applied; null: it is not.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface MigrationStatus {
  readonly id: number
  readonly name: string
  readonly appliedAt: Date | null
}

/**
 * A migration that is to be applied, and its statements.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PlannedMigration {
  readonly id: number
  readonly name: string
  readonly statements: ReadonlyArray<string>
}

/**
 * An open database.
 *
 * **Details**
 *
 * - `status`, `plan`, `up`, `down`: its migrations. `up` and `down` answer the names of those that they moved
 * - `sql`: its client
 * - `hears`: whether a notification arrives: not through a pooler in transaction mode
 * - `storage`: the storage on a schema of its own that is dropped with the scope
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface OpenDatabase {
  readonly schema: string
  readonly status: Effect.Effect<ReadonlyArray<MigrationStatus>, StorageError>
  readonly plan: Effect.Effect<ReadonlyArray<PlannedMigration>, StorageError>
  readonly up: (to: number | null) => Effect.Effect<ReadonlyArray<string>, StorageError>
  readonly down: (to: number) => Effect.Effect<ReadonlyArray<string>, StorageError>
  readonly sql: SqlClient.SqlClient
  readonly hears: Effect.Effect<boolean>
  readonly storage: (schema: string) => Effect.Effect<Storage["Service"], StorageError, Scope.Scope>
}

/**
 * Opens databases.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Database extends Context.Service<Database, {
  readonly open: (
    options: { readonly url: Redacted.Redacted; readonly schema: string }
  ) => Effect.Effect<OpenDatabase, never, Scope.Scope>
}>()("@millrace/cli/Database") {}

/**
 * `--database-url` and `--schema`.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const flags = {
  databaseUrl: Flag.Redacted("database-url").pipe(
    Flag.withMetavar("<url>"),
    Flag.withDescription("The PostgreSQL; also DATABASE_URL, which other users of the machine do not see"),
    Flag.withFallbackConfig(Config.Redacted("DATABASE_URL")),
    Flag.optional
  ),
  schema: Flag.String("schema").pipe(
    Flag.withDescription("The schema of the tables. Defaults to millrace"),
    Flag.filter(
      (text) => /^[A-Za-z_][A-Za-z0-9_-]{0,39}$/.test(text),
      (text) => `"${text}" is no schema name: 1 to 40 letters, digits, _ or -, beginning with a letter or _`
    ),
    Flag.withDefault("millrace")
  )
}

/**
 * Opens the database that the flags name.
 *
 * **Errors**
 *
 * `CommandFailed` when they name none.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const open = Effect.fnUntraced(function*(given: {
  readonly databaseUrl: Option.Option<Redacted.Redacted>
  readonly schema: string
}) {
  if (Option.isNone(given.databaseUrl)) {
    return yield* Failure.usage(
      "--database-url",
      "is missing",
      "Name the PostgreSQL with --database-url or DATABASE_URL, such as postgres://user:password@localhost:5432/app"
    )
  }
  const database = yield* Database
  return yield* database.open({ url: given.databaseUrl.value, schema: given.schema })
})
