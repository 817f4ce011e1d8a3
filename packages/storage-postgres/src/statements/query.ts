/** Reading: the history of a job, counts, workers. */
import { lentJobs } from "./fragments.ts"

/**
 * The attempts of a job.
 *
 * Plan: index probes by job on every day's partition; the lease is found by its short array of ids.
 * Parameters: $1 id. Rows oldest first.
 */
export const history = (s: string): string =>
  `select a.attempt, a.token, a.worker_id, a.claimed_at, a.started_at, a.finished_at, case a.outcome when 'dead' then 'failed' else a.outcome end, a.error
from ${s}.attempt a where a.job_id = $1::bigint
union all
select f.attempt, f.token, f.worker_id, f.claimed_at, f.started_at, f.finished_at, f.state, f.error
from ${s}.finished f where f.id = $1::bigint and f.claimed_at is not null
union all
select d.attempt, d.token, d.worker_id, d.claimed_at, case when d.outcome <> 'crashed' then d.started_at end,
  d.finished_at, d.outcome, d.error
from ${s}.dead d where d.id = $1::bigint and d.claimed_at is not null
union all
select j.failures + j.crashes + 1, j.token, l.worker_id, l.claimed_at, null, null, 'running', null
from ${s}.lease l cross join lateral ${lentJobs("l")}
where l.ids @> array[$1::bigint] and j.id = $1::bigint and not coalesce(j.was_done, false)
order by token`

/** The counts by queue and state: totals, deltas not folded yet, and what the leases hold. Rows: queue, state, n. */
export const counts = (s: string): string =>
  `select c.queue, c.state, sum(c.n)::float8 as n from (
  select t.queue, t.state, t.total as n from ${s}.count_total t
  union all select d.queue, d.state, d.delta from ${s}.count_delta d
  union all select l.queue, 'running', l.remaining from ${s}.lease l
  union all select q.queue, 'paused', case when q.paused_at is null then 0 else 1 end from ${s}.queue_control q
) c group by c.queue, c.state order by c.queue`

/** The registered workers. Rows: id, info, started_at, renewed_at, expires_at, running. */
export const workers = (s: string): string =>
  `select w.id, w.info, w.started_at, w.renewed_at, w.expires_at, coalesce(l.running, 0) as running
from ${s}.worker w left join (
  select l.worker_id, sum(l.remaining)::int as running from ${s}.lease l group by l.worker_id
) l on l.worker_id = w.id
order by w.id`
