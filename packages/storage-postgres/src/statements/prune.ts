/** Retention: partitions of the history, and what goes by rows. */
import { countInto, freedKeys, now } from "./fragments.ts"

/** The clock. Parameter: $1 clock. Row: millis. */
export const clock = `select extract(epoch from ${now})::float8 * 1000 as millis`

/** The partitions of a table. Parameters: $1 schema name, $2 table. Rows: name. */
export const partitions = `select c.relname as name from pg_catalog.pg_inherits i
join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace n on n.oid = p.relnamespace
join pg_catalog.pg_class c on c.oid = i.inhrelid
where n.nspname = $1 and p.relname = $2 order by c.relname`

/** The tables that were partitions of a table and are not any more. Parameters: $1 schema name, $2 table. Rows: name. */
export const detached = `select c.relname as name from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and starts_with(c.relname, $2 || '_') and c.relkind = 'r' and not c.relispartition order by c.relname`

/** Who settles or reads waits behind one that waits for a partition's lock; its work is the driver's to bound. */
const patience = ["set local lock_timeout = '200ms'", "set local statement_timeout = 0"]

/** Creates a partition beside the table and attaches it: a lock that writers of other partitions do not feel. */
export const createPartition = (
  s: string,
  table: string,
  partition: string,
  [from, to]: readonly [from: string, to: string]
): ReadonlyArray<string> => [
  ...patience,
  `create table ${s}."${partition}" (like ${s}.${table} including defaults including constraints)`,
  `alter table ${s}.${table} attach partition ${s}."${partition}" for values from ('${from}') to ('${to}')`
]

/** Takes a partition out of its table. */
export const detach = (s: string, table: string, partition: string): ReadonlyArray<string> => [
  ...patience,
  `alter table ${s}.${table} detach partition ${s}."${partition}"`
]

/** Drops a table that was a partition, and takes its jobs out of the counts. One row: n (absent for attempts). */
export const drop = (s: string, table: string, partition: string): ReadonlyArray<string> => [
  ...patience,
  `lock table ${s}."${partition}" in access exclusive mode`,
  ...(table === "finished" ? [forget(s, partition)] : []),
  `drop table ${s}."${partition}"`
]

const forget = (s: string, partition: string): string =>
  `with gone as materialized (
  select f.queue, f.state, count(*) as n from ${s}."${partition}" f group by 1, 2
), unreported as (
  delete from ${s}.job_report r using ${s}."${partition}" f where f.has_report and r.job_id = f.id
), counted as (${countInto(s, "select g.queue, g.state, -g.n as n from gone g")})
select coalesce(sum(g.n), 0)::float8 as n from gone g`

const age = `${now} - make_interval(secs => $2::float8 / 1000.0)`

/** What belongs to the jobs of the CTE `gone`. As arrays: joined, small days would be scanned from end to end. */
const withSides = (s: string) =>
  `unattempted as (delete from ${s}.attempt a where a.job_id = any(array(select v.id from gone v))),
unreported as (delete from ${s}.job_report r where r.job_id = any(array(select v.id from gone v))),
unlogged as (delete from ${s}.job_log l where l.job_id = any(array(select v.id from gone v)))`

/** Deletes finished jobs that no day's partition took. Parameters: $1 clock, $2 age in ms, $3 rows at most. Row: n. */
export const deleteLate = (s: string): string =>
  `with gone as materialized (
  delete from ${s}.finished_default f where f.ctid = any(array(
    select x.ctid from ${s}.finished_default x where x.finished_at <= ${age} limit $3::int))
  returning f.id, f.queue, f.state
), ${withSides(s)},
counted as (${countInto(s, "select g.queue, g.state, -count(*) as n from gone g group by 1, 2")})
select count(*)::int as n from gone`

/** Deletes old dead jobs with their history. Plan: index scan on `dead_finished`. Parameters and row as in `deleteLate`. */
export const deleteDead = (s: string): string =>
  `with gone as materialized (
  delete from ${s}.dead d where d.ctid = any(array(
    select x.ctid from ${s}.dead x where x.finished_at <= ${age} limit $3::int))
  returning d.id, d.queue, d.unique_key, case d.outcome when 'quarantined' then 'quarantined' else 'dead' end as state
), ${withSides(s)}, ${freedKeys(s, "gone", "true")},
unplaced as (delete from ${s}.place h using gone v where h.job_id = v.id),
counted as (${countInto(s, "select g.queue, g.state, -count(*) as n from gone g group by 1, 2")})
select count(*)::int as n from gone`

/** Deletes attempts that no day's partition took, but for those of living jobs. Parameters and row as in `deleteLate`. */
export const deleteLateAttempts = (s: string): string =>
  deleteOld(
    s,
    "attempt_default",
    "finished_at",
    ["ready", "suspect", "scheduled", "dead"].map((table) =>
      ` and not exists (select from ${s}.${table} j where j.id = x.job_id)`
    ).join("") + ` and not exists (select from ${s}.lease l where l.ids @> array[x.job_id])`
  )

/** Deletes old log lines. Plan: the block ranges of `job_log_at`. Parameters and row as in `deleteLate`. */
export const deleteLogs = (s: string): string => deleteOld(s, "job_log", "at")

/**
 * Deletes what counts no longer: keys whose period is over, pauses and overrides that ended, buckets that were not used for
 * a year (they are full, or their window is over). Parameters: $1 clock, $2 unused, $3 rows of each at most. Row: n.
 */
export const deleteEnded = (s: string): string => {
  const gone = (table: string, where: string) =>
    `delete from ${s}.${table} t where t.ctid = any(array(
    select x.ctid from ${s}.${table} x where ${where} limit $3::int)) returning 1`
  return `with given as (select $2::text), keys as (${gone("unique_key", `not x.live and x.until <= ${now}`)}
), pauses as (${gone("pause", `x.until <= ${now}`)}
), overrides as (${gone("limit_override", `x.until <= ${now}`)}
), buckets as (${gone("limit_bucket", `x.at < ${now} - interval '366 days'`)}
)
select greatest((select count(*) from keys), (select count(*) from pauses), (select count(*) from overrides),
  (select count(*) from buckets))::int as n`
}

const deleteOld = (s: string, table: string, column: string, unless = ""): string =>
  `with gone as (
  delete from ${s}.${table} t where t.ctid = any(array(
    select x.ctid from ${s}.${table} x where x.${column} <= ${age}${unless} limit $3::int))
  returning 1
)
select count(*)::int as n from gone`
