/**
 * Migrations: forward and back, safe when many processes start at once.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Prune from "./internal/prune.ts"
import * as Session from "./internal/session.ts"
import type { Migration } from "./Migration.ts"
import { jobs } from "./migrations/0001Jobs.ts"
import * as PgError from "./PgError.ts"
import * as PgSchema from "./PgSchema.ts"

/**
 * Every migration, oldest first.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<Migration> = [jobs]

/**
 * Options of the migrations.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface MigrateOptions {
  /** The schema of the tables. Defaults to `millrace`. */
  readonly schema?: string | undefined
  /** The id of the newest migration to apply. Defaults to all. */
  readonly to?: number | undefined
}

/**
 * A migration and when it was applied, null if it was not.
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
 * Applies what is missing and prepares the partitions of the coming days; answers the names of what it applied.
 *
 * **Details**
 *
 * Takes an advisory lock by polling every 100 ms, so that any number of processes may start at once: one migrates,
 * the others wait and find nothing to do. All or nothing, with a `lock_timeout` of 2 seconds; one connection is enough.
 *
 * **Errors**
 *
 * `StorageError`: `Conflict` when a table is in use for too long (run it again), `OutdatedSchema` when the
 * database was migrated by a newer release than this.
 *
 * @stability unstable
 * @category migrations
 * @since 0.1.0
 */
export const migrate = Effect.fnUntraced(function*(options: MigrateOptions = {}) {
  const session = yield* sessionOf(options)
  const to = options.to ?? Number.MAX_SAFE_INTEGER
  const applied = yield* locked(
    session,
    Effect.gen(function*() {
      yield* createLedger(session)
      const done = yield* appliedIds(session)
      const wanted = all.filter((migration) => migration.id <= to && !done.has(migration.id))
      yield* Effect.forEach(wanted, (migration) => applyUp(session, migration), { discard: true })
      return wanted.map((migration) => migration.name)
    })
  )
  if (to >= jobs.id) yield* Prune.prepare(session)
  return applied
})

/**
 * Takes back the migrations above `to`, newest first, with all data in what they created; answers their names.
 *
 * @stability unstable
 * @category migrations
 * @since 0.1.0
 */
export const rollback = Effect.fnUntraced(function*(options: MigrateOptions & { readonly to: number }) {
  const session = yield* sessionOf(options)
  return yield* locked(
    session,
    Effect.gen(function*() {
      const done = yield* appliedIds(session)
      const wanted = all.filter((migration) => migration.id > options.to && done.has(migration.id)).toReversed()
      yield* Effect.forEach(wanted, (migration) => applyDown(session, migration), { discard: true })
      return wanted.map((migration) => migration.name)
    })
  )
})

/**
 * Tells of every migration whether and when it was applied.
 *
 * @stability unstable
 * @category migrations
 * @since 0.1.0
 */
export const status = Effect.fnUntraced(function*(options: MigrateOptions = {}) {
  const session = yield* sessionOf(options)
  const at = yield* appliedAt(session).pipe(
    Effect.catchIf((error) => error.reason._tag === "OutdatedSchema", () => Effect.succeed(new Map<number, Date>()))
  )
  return all.map(({ id, name }): MigrationStatus => ({ id, name, appliedAt: at.get(id) ?? null }))
})

const sessionOf = (options: MigrateOptions) =>
  Effect.flatMap(PgClient.PgClient, (sql) => Session.make(sql, { schema: options.schema, deadline: "5 minutes" }))

/**
 * Runs an effect in one transaction while this process alone migrates this schema. The lock belongs to the
 * transaction, so that it needs one connection, works through a pooler and can not be left behind.
 */
const locked = <A, E, R>(session: Session.Session, effect: Effect.Effect<A, E, R>) =>
  session.sql.withTransaction(Effect.gen(function*() {
    const key = PgSchema.channel(session.schemaName)
    const tryLock = session.rows("migrate", "select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as ok", [key])
    while ((yield* tryLock)[0]?.["ok"] !== true) yield* Effect.sleep("100 millis")
    return yield* effect
  })).pipe(PgError.mapErrors("migrate"))

const createLedger = (session: Session.Session) =>
  Effect.forEach([
    `create schema if not exists ${session.schema}`,
    `create table if not exists ${session.schema}.migration (
      id int primary key, name text not null, applied_at timestamptz not null default now()
    )`
  ], (text) =>
    session.rows("migrate", text, []), { discard: true })

const appliedAt = (session: Session.Session) =>
  Effect.map(
    session.rows("migrate", `select m.id, m.applied_at from ${session.schema}.migration m`, []),
    (rows) => new Map(rows.map((row) => [row["id"] as number, row["applied_at"] as Date]))
  )

const appliedIds = (session: Session.Session): Effect.Effect<Set<number>, StorageError.StorageError> =>
  Effect.flatMap(appliedAt(session), (at) => {
    const newer = [...at.keys()].filter((id) => !all.some((migration) => migration.id === id))
    return newer.length === 0 ? Effect.succeed(new Set(at.keys())) : Effect.fail(PgError.tooNew(newer))
  })

const applyUp = (session: Session.Session, migration: Migration) =>
  runAll(session, [
    ...migration.up(session.schema),
    `insert into ${session.schema}.migration (id, name) values (${migration.id}, '${migration.name}')`
  ])

const applyDown = (session: Session.Session, migration: Migration) =>
  runAll(session, [
    ...migration.down(session.schema),
    `delete from ${session.schema}.migration where id = ${migration.id}`
  ])

const runAll = (session: Session.Session, texts: ReadonlyArray<string>) =>
  Effect.forEach(["set local lock_timeout = '2s'", ...texts], (text) => session.rows("migrate", text, []), {
    discard: true
  })
