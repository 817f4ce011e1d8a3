/**
 * Moves due jobs from `scheduled` to `ready`, in the order in which they became due.
 *
 * Plan: index scan on `scheduled_due` up to the limit, a TID delete, one probe of `scheduled_due` for the next; the
 * future is never read. When fewer than the limit were due, what is left of the past belongs to another promotion
 * under way, so that the next one is looked for after now; else after the last of this batch.
 *
 * Parameters: $1 clock, $2 jobs at most. One row: count, queues, next_due_ms (null: nothing is scheduled).
 *
 * @since 0.1.0
 */
import { countInto, jobList, jobValues, now } from "./fragments.ts"

const idMax = "9223372036854775807"

export const promote = (s: string): string =>
  `with due as materialized (
  select d.ctid as at, d.run_at, d.id from ${s}.scheduled d where d.run_at <= ${now}
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
    order by d.run_at, d.id limit 1) as next_due_ms`
