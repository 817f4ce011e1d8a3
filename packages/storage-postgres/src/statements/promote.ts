/**
 * Moves due jobs from `scheduled` to `ready`, in the order in which they became due.
 *
 * Plan: index scan on `scheduled_due` up to the limit; the future is never read.
 *
 * Parameters: $1 clock, $2 jobs at most. One row: count, queues, next_due_ms (null: nothing is scheduled).
 */
import { countInto, jobList, jobValues, now } from "./fragments.ts"

export const promote = (s: string): string =>
  `with due as materialized (
  select d.id from ${s}.scheduled d where d.run_at <= ${now} order by d.run_at, d.id limit $2::int
  for update skip locked
), moved as materialized (
  delete from ${s}.scheduled d where d.id = any(array(select u.id from due u)) returning d.*
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
)
select (select count(*)::int from moved) as count,
  coalesce((select jsonb_agg(distinct m.queue) from moved m), '[]'::jsonb) as queues,
  (select extract(epoch from d.run_at - ${now})::float8 * 1000 from ${s}.scheduled d
    where d.id <> all(array(select u.id from due u)) order by d.run_at limit 1) as next_due_ms`
