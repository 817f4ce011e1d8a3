/**
 * Migrations: forward and back, safe when many processes start at once.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SqlClient from "effect/sql/SqlClient"
import * as Prune from "./internal/prune.ts"
import * as Session from "./internal/session.ts"
import * as Transaction from "./internal/transaction.ts"
import type { Migration } from "./Migration.ts"
import { jobs } from "./migrations/0001Jobs.ts"
import { schedules } from "./migrations/0002Schedules.ts"
import { admission } from "./migrations/0003Admission.ts"
import { service } from "./migrations/0004Service.ts"
import { samples } from "./migrations/0005Samples.ts"
import { idempotency } from "./migrations/0006Idempotency.ts"
import { starts } from "./migrations/0007Starts.ts"
import { parents } from "./migrations/0008Parents.ts"
import * as PgError from "./PgError.ts"
import * as PgSchema from "./PgSchema.ts"

/**
 * Every migration, oldest first.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<Migration> = [
  jobs,
  schedules,
  admission,
  service,
  samples,
  idempotency,
  starts,
  parents
]

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
  return yield* locked(
    session,
    Effect.gen(function*() {
      yield* createLedger(session)
      const done = yield* appliedIds(session)
      const wanted = all.filter((migration) => migration.id <= to && !done.has(migration.id))
      yield* Effect.forEach(wanted, (migration) => applyUp(session, migration), { discard: true })
      if (to >= jobs.id) yield* Prune.prepare(session)
      return wanted.map((migration) => migration.name)
    })
  )
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
  const at = yield* appliedAt(session)
  return all.map(({ id, name }): MigrationStatus => ({ id, name, appliedAt: at.get(id) ?? null }))
})

const sessionOf = (options: MigrateOptions) =>
  Effect.flatMap(PgClient.PgClient, (sql) => Session.make(sql, { schema: options.schema, deadline: "5 minutes" }))

/**
 * Runs an effect in one transaction while this process alone migrates this schema. The lock belongs to the
 * transaction, so that it needs one connection, works through a pooler and can not be left behind. Who does not get it
 * ends its transaction and asks again: nobody waits inside of one, and who gets the lock sees all that was done.
 */
const locked = <A, E, R>(session: Session.Session, effect: Effect.Effect<A, E, R>) => {
  const key = PgSchema.channel(session.schemaName)
  const attempt = Transaction.make(session)(Effect.gen(function*() {
    const text = "select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as ok"
    const [row] = yield* session.rows("migrate", text, [key])
    return row?.["ok"] === true ? Option.some(yield* effect) : Option.none()
  })).pipe(
    Effect.provideService(SqlClient.BeginTransaction, "BEGIN ISOLATION LEVEL READ COMMITTED"),
    PgError.mapErrors("migrate")
  )
  return Effect.gen(function*() {
    for (;;) {
      const done = yield* attempt
      if (Option.isSome(done)) return done.value
      yield* Effect.sleep(pollEvery)
    }
  })
}

const pollEvery = "100 millis"

/**
 * Creates what is missing of the schema and its table of migrations. Where both are there, nothing is tried: a role
 * that may not create anything can still find that there is nothing to do.
 */
const createLedger = Effect.fnUntraced(function*(session: Session.Session) {
  const ledger = `${session.schema}.migration`
  const text = "select to_regnamespace($1) is not null as has_schema, to_regclass($2) is not null as has_ledger"
  const [found] = yield* session.rows("migrate", text, [session.schema, ledger])
  if (found?.["has_schema"] !== true) yield* session.rows("migrate", `create schema ${session.schema}`, [])
  if (found?.["has_ledger"] !== true) {
    const columns = "id int primary key, name text not null, applied_at timestamptz not null default now()"
    yield* session.rows("migrate", `create table ${ledger} (${columns})`, [])
  }
})

/** When each migration was applied; empty for a database that was never migrated. */
const appliedAt = Effect.fnUntraced(function*(session: Session.Session) {
  const ledger = `${session.schema}.migration`
  const [known] = yield* session.rows("migrate", "select to_regclass($1) is not null as ok", [ledger])
  if (known?.["ok"] !== true) return new Map<number, Date>()
  const rows = yield* session.rows("migrate", `select m.id, m.applied_at from ${ledger} m`, [])
  return new Map(rows.map((row) => [row["id"] as number, row["applied_at"] as Date]))
})

const appliedIds = (session: Session.Session): Effect.Effect<Set<number>, StorageError.StorageError> =>
  Effect.flatMap(appliedAt(session), (at) => {
    const newer = [...at.keys()].filter((id) => !all.some((migration) => migration.id === id))
    return newer.length === 0 ? Effect.succeed(new Set(at.keys())) : Effect.fail(tooNew(newer))
  })

const tooNew = (ids: ReadonlyArray<number>): StorageError.StorageError =>
  new StorageError.StorageError({
    reason: new StorageError.OutdatedSchema({
      operation: "migrate",
      detail: `the database has migrations ${ids.join(", ")} of a newer release; deploy that release`
    })
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
  Effect.forEach([...settings, ...texts], (text) => session.rows("migrate", text, []), { discard: true })

/** Whoever uses the tables is not kept waiting; what a role's own time-outs say is meant for other statements. */
const settings = ["set local lock_timeout = '2s'", "set local statement_timeout = '5min'"]
