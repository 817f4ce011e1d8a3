/**
 * What `doctor` asks a database: bounded questions to the catalog and the statistics, none to the jobs.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { OpenDatabase } from "./Database.ts"

/**
 * The facts. Ages and times in seconds, sizes in bytes.
 *
 * **Details**
 *
 * - `versionNumber`: as `server_version_num`
 * - `pending`: migrations that are not applied; null: the status could not be read
 * - `denied`: what the role may not do although a worker must; `isSuperuser`: it may do everything
 * - `invalidIndexes`: those that a failed build left behind
 * - `tables`: rows that are live and dead, of the tables that are changed all the time
 * - `xminAge`: transactions since the oldest snapshot that somebody holds; `oldestTransaction`: how old that somebody is
 * - `hears`: whether notifications arrive
 * - `skew`: what this machine's clock is ahead, give or take `roundTrip` / 2
 * - `connections`: in use, and at most
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  readonly versionNumber: number
  readonly version: string
  readonly pending: ReadonlyArray<string> | null
  readonly role: string
  readonly isSuperuser: boolean
  readonly denied: ReadonlyArray<string>
  readonly invalidIndexes: ReadonlyArray<string>
  readonly tables: ReadonlyArray<TableFacts>
  readonly xminAge: number
  readonly oldestTransaction: number
  readonly hears: boolean
  readonly skew: number
  readonly roundTrip: number
  readonly connections: { readonly used: number; readonly most: number }
  readonly autovacuum: boolean
}

/**
 * One table.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TableFacts {
  readonly name: string
  readonly live: number
  readonly dead: number
  readonly bytes: number
}

type Rows = ReadonlyArray<{ readonly [column: string]: unknown }>

/** The tables that are changed all the time: dead rows in them cost every claim. */
const hot = ["ready", "scheduled", "lease", "worker", "suspect"]

/** Everything that has a number of its own: counts are text, for bigint has no JSON. */
const overviewText = `
  select current_setting('server_version_num')::int as version_number,
         current_setting('server_version') as version,
         current_user::text as role,
         (select rolsuper from pg_roles where rolname = current_user) as superuser,
         current_setting('autovacuum')::boolean as autovacuum,
         (select count(*) from pg_stat_activity)::int as used,
         current_setting('max_connections')::int as most,
         greatest(
           coalesce((select max(age(backend_xmin)) from pg_stat_activity where pid <> pg_backend_pid()), 0),
           coalesce((select max(age(xmin)) from pg_replication_slots), 0),
           coalesce((select max(age(transaction)) from pg_prepared_xacts), 0)
         )::int as xmin_age,
         coalesce((
           select extract(epoch from max(clock_timestamp() - xact_start)) from pg_stat_activity
           where pid <> pg_backend_pid() and backend_type = 'client backend'
         ), 0)::float8 as oldest`

const invalidText = `
  select c.relname::text as name from pg_index i join pg_class c on c.oid = i.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and not i.indisvalid order by 1 limit 100`

const tablesText = `
  select s.relname::text as name, s.n_live_tup::float8 as live, s.n_dead_tup::float8 as dead,
         pg_total_relation_size(s.relid)::float8 as bytes
  from pg_stat_user_tables s where s.schemaname = $1 and s.relname = any($2::text[]) order by 1`

/** Null for a table that is not there: that is for the migrations to say. */
const deniedText = `
  select t.name || ': ' || p.name as denied
  from unnest($2::text[]) as t(name), unnest(array['select', 'insert', 'update', 'delete']) as p(name)
  where to_regclass(quote_ident($1) || '.' || quote_ident(t.name)) is not null
    and not has_table_privilege(quote_ident($1) || '.' || quote_ident(t.name), p.name)
  order by 1`

/**
 * Asks.
 *
 * @stability unstable
 * @category requests
 * @since 0.1.0
 */
export const ask = Effect.fnUntraced(function*(database: OpenDatabase) {
  const rows = (text: string, values: ReadonlyArray<unknown> = []) =>
    database.sql.unsafe(text, values) as Effect.Effect<Rows, SqlError>
  const [overview] = yield* rows(overviewText)
  const invalid = yield* rows(invalidText, [database.schema])
  const tables = yield* rows(tablesText, [database.schema, hot])
  const denied = yield* rows(deniedText, [database.schema, hot])
  const pending = yield* database.status.pipe(
    Effect.map((all) => all.filter(({ appliedAt }) => appliedAt === null).map(({ name }) => name)),
    Effect.catch(() => Effect.succeed(null))
  )
  const number = (column: string) => Number(overview?.[column] ?? 0)
  return {
    versionNumber: number("version_number"),
    version: String(overview?.["version"]),
    pending,
    role: String(overview?.["role"]),
    isSuperuser: overview?.["superuser"] === true,
    denied: denied.map((row) => String(row["denied"])),
    invalidIndexes: invalid.map((row) => String(row["name"])),
    tables: tables.map((row) => ({
      name: String(row["name"]),
      live: Number(row["live"]),
      dead: Number(row["dead"]),
      bytes: Number(row["bytes"])
    })),
    xminAge: number("xmin_age"),
    oldestTransaction: number("oldest"),
    hears: yield* database.hears,
    ...(yield* clockOf(database.sql)),
    connections: { used: number("used"), most: number("most") },
    autovacuum: overview?.["autovacuum"] === true
  } satisfies Facts
})

type SqlError = Effect.Error<ReturnType<SqlClient.SqlClient["unsafe"]>>

/** The middle of the round trip is when the server looked at its clock, give or take half of it. */
const clockOf = Effect.fnUntraced(function*(sql: SqlClient.SqlClient) {
  const before = yield* Clock.currentTimeMillis
  const [row] = yield* sql.unsafe<{ readonly at: number }>(
    "select (extract(epoch from clock_timestamp()) * 1000)::float8 as at"
  )
  const after = yield* Clock.currentTimeMillis
  return { skew: ((before + after) / 2 - (row?.at ?? before)) / 1000, roundTrip: (after - before) / 1000 }
})
