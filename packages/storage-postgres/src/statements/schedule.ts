/** Schedules: reading, locking, writing, and their ticks. */
import { now } from "./fragments.ts"

const columns =
  `c.name, c.owner, c.timing, c.job, c.jitter_ms, c.overlap, c.misfire, c.next_at, c.paused_at, c.declared_at,
  c.dropped_at, c.created_at, c.updated_at, c.last_at, c.last_job_id`

/** The clock. Parameters: $1 clock. One row: now. */
export const clock = (): string => `select ${now} as now`

/** One schedule. Parameters: $1 name. Plan: primary key. */
export const get = (s: string): string => `select ${columns} from ${s}.schedule c where c.name = $1`

/**
 * Locks a schedule, and ends the transaction of a program that is frozen while it holds the lock.
 *
 * Parameters: $1 clock, $2 name, $3 milliseconds. One row: now, and the columns of the schedule (name null: none).
 */
export const lock = (s: string): string =>
  `with settings as materialized (select set_config('idle_in_transaction_session_timeout', $3, true)),
  found as materialized (select * from ${s}.schedule c where c.name = $2 for no key update)
select ${now} as now, ${columns} from settings left join found c on true`

/**
 * How many schedules are due, and in how many milliseconds the next one is (null: none).
 *
 * Plan: the first row of `schedule_due`. Parameters: $1 clock. One row: next_due_ms.
 */
export const nextDue = (s: string): string =>
  `select (select extract(epoch from c.next_at - ${now})::float8 * 1000 from ${s}.schedule c
  where c.next_at is not null and c.paused_at is null order by c.next_at limit 1) as next_due_ms`

/**
 * Locks due schedules, leaving out those that another program is just ticking.
 *
 * Plan: index scan on `schedule_due` up to the limit. Parameters: $1 clock, $2 schedules at most, $3 milliseconds.
 * Rows: now, and the columns of each schedule.
 */
export const lockDue = (s: string): string =>
  `with settings as materialized (select set_config('idle_in_transaction_session_timeout', $3, true)),
  due as materialized (
    select * from ${s}.schedule c where c.next_at <= ${now} and c.paused_at is null
    order by c.next_at, c.name limit $2::int for no key update skip locked
  )
select ${now} as now, ${columns} from settings cross join due c order by c.next_at, c.name`

/**
 * What was stored before for instants, and which of some jobs are not finished.
 *
 * Plan: probes of `tick_instant`; probes by id of every table of jobs. Parameters: $1 names, $2 instants,
 * $3 jobs, each as an array. Rows: schedule, instant, job_id (a tick), or only job_id (a live job).
 */
export const seen = (s: string): string =>
  `select t.schedule, t.instant, t.job_id from unnest($1::text[], $2::timestamptz[]) as i(schedule, instant)
  join ${s}.tick t on t.schedule = i.schedule and t.instant = i.instant and t.kind <> 'trigger'
union all
select null, null, j.id from ${s}.job j where j.id = any($3::bigint[]) and j.state not in ('completed', 'cancelled', 'dead')`

/**
 * Stores a schedule. Parameters: $1 clock, $2 jsonb of the schedule, $3 whether it is an edit, $4 whether it is there.
 * One row if it was stored: none when somebody else made one of that name just now, or when it is gone.
 */
export const write = (s: string): string =>
  `with input as (
  select * from jsonb_to_record($2::jsonb) as i(name text, owner text, timing jsonb, job jsonb, jitter_ms bigint, overlap text,
    misfire jsonb, next_at timestamptz, paused_at timestamptz, declared_at timestamptz, dropped_at timestamptz)
), changed as (
  update ${s}.schedule c set owner = i.owner, timing = i.timing, job = i.job, jitter_ms = i.jitter_ms, overlap = i.overlap,
    misfire = i.misfire, next_at = i.next_at, paused_at = i.paused_at, declared_at = i.declared_at,
    dropped_at = i.dropped_at, updated_at = case when $3::boolean then ${now} else c.updated_at end
  from input i where $4::boolean and c.name = i.name returning ${columns}
), made as (
  insert into ${s}.schedule as c (name, owner, timing, job, jitter_ms, overlap, misfire, next_at, paused_at, declared_at,
    dropped_at, created_at, updated_at)
  select i.name, i.owner, i.timing, i.job, i.jitter_ms, i.overlap, i.misfire, i.next_at, i.paused_at, i.declared_at,
    i.dropped_at, ${now}, ${now} from input i where not $4::boolean
  on conflict (name) do nothing returning ${columns}
)
select ${columns} from changed c union all select ${columns} from made c`

/** Removes a schedule. Parameters: $1 name. */
export const remove = (s: string): string => `delete from ${s}.schedule c where c.name = $1`

/**
 * Stores ticks, and what they change of their schedules: the next instant where `$3` says so, and the latest job.
 *
 * An instant that passed without a job may get one later. One that has a job is not written again: the row is missing
 * from the answer then. Parameters: $1 clock, $2 jsonb array of ticks in their order, $3 jsonb array of (name, next_at).
 * Rows: ord, id of each stored tick.
 */
export const record = (s: string): string =>
  `with input as materialized (
  select i.* from rows from (jsonb_to_recordset($2::jsonb) as (
    schedule text, instant timestamptz, kind text, outcome text, job_id bigint, missed int
  )) with ordinality as i(schedule, instant, kind, outcome, job_id, missed, ord)
), advanced as (
  update ${s}.schedule c set next_at = n.next_at, last_at = coalesce(l.instant, c.last_at),
    last_job_id = coalesce(l.job_id, c.last_job_id)
  from jsonb_to_recordset($3::jsonb) as n(name text, next_at timestamptz)
  left join lateral (
    select i.instant, i.job_id from input i where i.schedule = n.name and i.job_id is not null order by i.ord desc limit 1
  ) l on true
  where c.name = n.name
), stored as (
  insert into ${s}.tick (schedule, instant, at, kind, outcome, job_id, missed)
  select i.schedule, i.instant, ${now}, i.kind, i.outcome, i.job_id, i.missed from input i order by i.ord
  on conflict (schedule, instant) where kind <> 'trigger' do update set id = default, at = excluded.at,
    kind = excluded.kind, outcome = excluded.outcome, job_id = excluded.job_id, missed = excluded.missed
    where tick.job_id is null
  returning id, schedule, instant, kind
)
select i.ord::int as ord, t.id from input i
join stored t on t.schedule = i.schedule and t.instant = i.instant and t.kind = i.kind
order by i.ord`

/**
 * A page of schedules by name. Parameters: $1 whether the owner matters, $2 owner, $3 paused or null, $4 after, $5 limit.
 * Plan: index scan on the primary key.
 */
export const list = (s: string): string =>
  `select ${columns} from ${s}.schedule c
where (not $1::boolean or c.owner is not distinct from $2::text) and ($3::boolean is null or (c.paused_at is not null) = $3)
  and c.name > $4::text collate "C"
order by c.name limit $5::int`

/** A page of ticks of a schedule, newest first. Parameters: $1 name, $2 before, $3 limit. Plan: `tick_schedule`. */
export const ticksOf = (s: string): string =>
  `select t.id, t.schedule, t.instant, t.at, t.kind, t.outcome, t.job_id, t.missed from ${s}.tick t
where t.schedule = $1 and t.id < $2::bigint order by t.id desc limit $3::int`

/** A page of all ticks, newest first. Parameters: $1 before, $2 limit. Plan: the primary key. */
export const ticks = (s: string): string =>
  `select t.id, t.schedule, t.instant, t.at, t.kind, t.outcome, t.job_id, t.missed from ${s}.tick t
where t.id < $1::bigint order by t.id desc limit $2::int`

/** Drops old ticks. Plan: `tick_at`. Parameters: $1 clock, $2 milliseconds. One row: count. */
export const prune = (s: string): string =>
  `with dropped as (
  delete from ${s}.tick t where t.at < ${now} - make_interval(secs => $2::float8 / 1000)
    and t.instant < ${now} - make_interval(secs => $2::float8 / 1000) returning 1
)
select count(*)::int as count from dropped`
