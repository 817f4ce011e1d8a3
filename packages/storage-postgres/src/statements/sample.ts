/** The statements of samples and alerts. */
import { now } from "./fragments.ts"

/** Ended jobs that a probe reads at most, of each table. */
const endedMax = 20_000

/** The oldest jobs, of all queues together, that a probe reads. */
const oldestMax = 1000

/** Heads of lines of one queue that a probe reads. */
const headsMax = 64

/** The first job of each line of a queue, walked by index: a line is a priority, a tenant, and a gate for gated jobs. */
const heads = (s: string, name: string, gated: boolean): string => {
  const columns = gated ? ["priority", "tenant", "gate"] : ["priority", "tenant"]
  const list = (alias: string) => columns.map((column) => `${alias}.${column}`).join(", ")
  const which = gated ? "r.gate is not null" : "r.gate is null"
  const next = (after: string) =>
    `select ${list("r")} from ${s}.ready r where ${after} and ${which} order by ${list("r")} limit 1`
  return `${name} as (
  select q.queue, ${list("x")}, 1 as n
  from unnest($3::text[]) as q(queue) cross join lateral (${next("r.queue = q.queue")}) x
  union all
  select h.queue, ${list("x")}, h.n + 1
  from ${name} h cross join lateral (${next(`r.queue = h.queue and (${list("r")}) > (${list("h")})`)}) x
  where h.n < ${headsMax}
), ${name}_job as (
  select h.queue, x.name, x.run_at from ${name} h cross join lateral (
    select r.name, r.run_at from ${s}.ready r
    where r.queue = h.queue and ${columns.map((column) => `r.${column} = h.${column}`).join(" and ")} and ${which}
    order by r.seq limit 1
  ) x
)`
}

/** Milliseconds between two instants, not less than 0; null when one is not known. */
const between = (from: string, to: string): string =>
  `case when ${from} <= ${to} then extract(epoch from ${to} - ${from})::float8 * 1000 when ${from} > ${to} then 0 end`

const ended = (s: string, table: string, state: string) =>
  `(select f.queue, ${state} as state,
    ${between("f.run_at", "f.started_at")} as wait,
    ${between("f.started_at", "f.finished_at")} as run
  from ${s}.${table} f where f.finished_at > ${now} - make_interval(secs => $2::text::float8 / 1000) limit ${endedMax})`

const oldest = (s: string, table: string) =>
  `(select r.queue, r.name, r.run_at from ${s}.${table} r order by r.id limit ${oldestMax})`

const spread = (column: string) =>
  `case when count(e.${column}) > 0 then
    to_jsonb(percentile_disc(array[0.5, 0.95, 0.99]) within group (order by e.${column}) || avg(e.${column})) end`

/**
 * How queues stand, and all of them together under ''.
 *
 * Plan: the block-range index of the day for what ended, the index by id for the oldest jobs, index probes for the heads
 * of the lines; the leases, which are a row per claim.
 * Parameters: $1 clock, $2 window in ms, $3 queues. Rows: queue, oldest, longest, completed, cancelled, dead, waits, runs, names.
 */
export const probe = (s: string): string =>
  `with recursive ${heads(s, "head", false)}, ${heads(s, "gated", true)}, waiting as materialized (
  select h.queue, h.name, h.run_at from head_job h union all select g.queue, g.name, g.run_at from gated_job g
  union all ${oldest(s, "ready")} union all ${oldest(s, "suspect")}
), waits as (
  select coalesce(w.queue, '') as queue, min(w.run_at) as run_at, array_agg(distinct w.name) as names
  from waiting w group by grouping sets ((w.queue), ())
), leases as (
  select coalesce(l.queue, '') as queue, min(l.claimed_at) as claimed_at
  from ${s}.lease l where l.remaining > 0 group by grouping sets ((l.queue), ())
), recent as materialized (
  ${ended(s, "finished", "f.state")} union all ${
    ended(s, "dead", "case f.outcome when 'quarantined' then '' else 'dead' end")
  }
), ends as (
  select coalesce(e.queue, '') as queue, count(*) filter (where e.state = 'completed') as completed,
    count(*) filter (where e.state = 'cancelled') as cancelled, count(*) filter (where e.state = 'dead') as dead,
    ${spread("wait")} as waits, ${spread("run")} as runs
  from recent e group by grouping sets ((e.queue), ())
)
select q.queue,
  ${between("w.run_at", now)} as oldest,
  ${between("l.claimed_at", now)} as longest,
  coalesce(e.completed, 0)::float8 as completed, coalesce(e.cancelled, 0)::float8 as cancelled,
  coalesce(e.dead, 0)::float8 as dead, e.waits, e.runs, coalesce(w.names, '{}') as names
from (select '' as queue union all select unnest($3::text[])) q
left join waits w on w.queue = q.queue left join leases l on l.queue = q.queue left join ends e on e.queue = q.queue
order by q.queue collate "C"`

/** $1 jsonb array of samples, as the port names their fields. */
export const append = (s: string): string =>
  `insert into ${s}.sample (at, queue, span_ms, counts, oldest_ms, longest_ms, completed, cancelled, dead, waits, runs, workers, slots)
select date_trunc('milliseconds', statement_timestamp()), r.queue, r."spanMillis", r.counts, r."oldestWaitingMillis",
  r."longestRunningMillis", r.completed, r.cancelled, r.dead, nullif(r.waits, 'null'), nullif(r.runs, 'null'), r.workers, r.slots
from jsonb_to_recordset($1::jsonb) as r(queue text, "spanMillis" bigint, counts jsonb, "oldestWaitingMillis" float8,
  "longestRunningMillis" float8, completed bigint, cancelled bigint, dead bigint, waits jsonb, runs jsonb, workers int, slots int)
on conflict (queue, at) do nothing`

const columns =
  `x.queue, x.span_ms::float8 as span_ms, x.counts, x.oldest_ms, x.longest_ms, x.completed::float8 as completed,
  x.cancelled::float8 as cancelled, x.dead::float8 as dead, x.waits, x.runs, x.workers, x.slots`

/** The samples of the newest instant, by queue. */
export const latest = (s: string): string =>
  `select x.at, ${columns} from ${s}.sample x
where x.at = (select m.at from ${s}.sample m order by m.at desc limit 1) order by x.queue`

const worst = (column: string) =>
  `case when count(x.${column}) > 0 then jsonb_build_object(${
    ["mean", "p50", "p95", "p99"].map((key) => `'${key}', max((x.${column} ->> '${key}')::float8)`).join(", ")
  }) end as ${column}`

const newest = (column: string) => `(array_agg(x.${column} order by x.at desc))[1] as ${column}`

/** $1 queue, $2 from, $3 to, $4 step in ms, $5 steps at most. Plan: the primary key. */
export const list = (s: string): string =>
  `select to_timestamp(x.step * $4::text::float8 / 1000) as at, ${columns} from (
  select floor(extract(epoch from x.at)::float8 * 1000 / $4::text::float8) as step, x.queue, sum(x.span_ms) as span_ms,
    max(x.oldest_ms) as oldest_ms, max(x.longest_ms) as longest_ms, sum(x.completed) as completed,
    sum(x.cancelled) as cancelled, sum(x.dead) as dead, ${worst("waits")}, ${worst("runs")}, ${newest("counts")},
    ${newest("workers")}, ${newest("slots")}
  from ${s}.sample x where x.queue = $1::text and x.at >= $2::timestamptz and x.at < $3::timestamptz group by 1, 2
) x order by x.step limit $5::int`

const alertColumns = "a.id, a.rule, a.queue, a.name, a.value, a.threshold, a.since, a.resolved_at"

/** $1 jsonb array of findings. Rows: the alerts that changed their state, the new ones first. */
export const judge = (s: string): string =>
  `with found as materialized (
  select distinct on (f.rule, f.queue, f.name) f.* from jsonb_to_recordset($1::jsonb)
    as f(rule text, queue text, name text, value float8, threshold float8)
), fired as (
  insert into ${s}.alert as a (rule, queue, name, value, threshold)
  select f.rule, f.queue, f.name, f.value, f.threshold from found f
  on conflict (rule, queue, name) where resolved_at is null
    do update set value = excluded.value, threshold = excluded.threshold
  returning ${alertColumns}, a.xmax = 0 as is_new
), resolved as (
  update ${s}.alert as a set resolved_at = clock_timestamp()
  where a.resolved_at is null
    and not exists (select from found f where f.rule = a.rule and f.queue = a.queue and f.name = a.name)
  returning ${alertColumns}
)
select ${alertColumns} from fired a where a.is_new union all select ${alertColumns} from resolved a order by resolved_at nulls first, id`

/** $1 limit, $2 before, $3 state; null filters let everything pass. */
export const alerts = (s: string): string =>
  `select ${alertColumns} from ${s}.alert a
where ($2::text is null or a.id < $2::text::bigint)
  and ($3::text is null or (a.resolved_at is null) = ($3::text = 'firing'))
order by a.id desc limit $1::int`

/** $1 age in milliseconds. Row: count of samples. */
export const prune = (s: string): string =>
  `with cutoff as (select now() - make_interval(secs => $1::text::float8 / 1000) as at), gone as (
  delete from ${s}.sample x using cutoff c where x.at < c.at returning 1
), forgotten as (
  delete from ${s}.alert a using cutoff c where a.resolved_at < c.at
) select count(*)::int as count from gone`
