/**
 * Moves due jobs from `scheduled` to `ready`, in the order in which they became due.
 *
 * Plan: index scan on `scheduled_due` up to the limit, a TID delete, one probe of `scheduled_due` for the next; the
 * future is never read. When fewer than the limit were due, what is left of the past belongs to another promotion
 * under way, so that the next one is looked for after now; else after the last of this batch.
 *
 * Parameters: $1 clock, $2 jobs at most. One row: count, queues, next_due_ms (null: nothing is scheduled), has_pending.
 *
 * @since 0.1.0
 */
import { countInto, freedKeys, jobList, jobValues, now } from "./fragments.ts"

const idMax = "9223372036854775807"

/**
 * Cancels jobs that waited too long for their first start. Plan: index scans on `ready_expires` and `scheduled_expires`.
 *
 * Parameters: $1 clock, $2 jobs of each place at most. Rows: id.
 */
export const expire = (s: string): string =>
  `with late_ready as materialized (
  select r.ctid as at from ${s}.ready r where r.expires_at <= ${now} limit $2::int for update skip locked
), late_scheduled as materialized (
  select d.ctid as at from ${s}.scheduled d where d.expires_at <= ${now} limit $2::int for update skip locked
), from_ready as (
  delete from ${s}.ready r where r.ctid = any(array(select l.at from late_ready l)) returning r.*
), from_scheduled as (
  delete from ${s}.scheduled d where d.ctid = any(array(select l.at from late_scheduled l)) returning d.*
), late as materialized (
  select 'available' as from_state, ${
    jobValues("r", { expires_at: "null::timestamptz as expires_at" })
  } from from_ready r
  union all select 'scheduled', ${
    jobValues("d", { expires_at: "null::timestamptz as expires_at" })
  } from from_scheduled d
), ended as (
  insert into ${s}.finished (state, ${jobList}, finished_at, attempt, error)
  select 'cancelled', ${jobValues("v")}, ${now}, v.failures + v.crashes,
    jsonb_build_object('tag', 'Expired', 'message', 'Job ' || v.id || ' did not start in time')
  from late v
), ${freedKeys(s, "late", "true")}, counted as (
  ${
    countInto(
      s,
      `select v.queue, v.from_state as state, -count(*) as n from late v group by 1, 2
    union all select v.queue, 'cancelled', count(*) from late v group by 1`
    )
  }
)
select v.id from late v`

export const promote = (s: string): string =>
  `with due as materialized (
  select d.ctid as at, d.run_at, d.id from ${s}.scheduled d where d.run_at <= ${now} and (d.expires_at is null or d.expires_at > ${now})
  order by d.run_at, d.id limit $2::int for update skip locked
), moved as materialized (
  delete from ${s}.scheduled d where d.ctid = any(array(select u.at from due u)) returning d.*
), readied as (
  insert into ${s}.ready (seq, ${jobList})
  select nextval('${s}.job_seq'), ${jobValues("m")} from (select * from moved order by run_at, id) m
), counted as (
  ${
    countInto(
      s,
      `select m.queue, 'available' as state, count(*) as n from moved m group by m.queue
    union all
    select m.queue, case when m.retryable then 'retryable' else 'scheduled' end, -count(*) from moved m group by 1, 2`
    )
  }
), last as materialized (
  select case when count(*) < $2::int then ${now} else max(u.run_at) end as run_at,
    case when count(*) < $2::int then ${idMax} else (array_agg(u.id order by u.run_at desc, u.id desc))[1] end as id
  from due u
)
select (select count(*)::int from moved) as count,
  coalesce((select jsonb_agg(distinct m.queue) from moved m), '[]'::jsonb) as queues,
  (select extract(epoch from d.run_at - ${now})::float8 * 1000 from ${s}.scheduled d
    where (d.run_at, d.id) > ((select x.run_at from last x), (select x.id from last x))
    order by d.run_at, d.id limit 1) as next_due_ms,
  (select p.id from ${s}.pending p order by p.id limit 1) is not null as has_pending`
