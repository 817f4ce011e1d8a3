/** Reading: pages of jobs, the history of one, counts. */

/** The columns of the view `job` that a record is made of. */
const recordColumns = `j.id, j.name, j.version, j.state, j.queue, j.tenant, j.priority, j.payload, j.result, j.error,
  j.attempt, j.failures, j.crashes, j.max_attempts, j.timeout_ms, j.retry, j.unique_key, j.tags, j.token, j.worker_id,
  j.created_at, j.run_at, j.started_at, j.finished_at, j.progress, j.checkpoint`

/**
 * One page, newest first. Only the filters that are given become conditions, so that each has a plan of its own.
 *
 * Plan: per table an ordered scan of its id index (or name, or tenant), merged, stopped at the limit.
 * Parameters: the values of `conditions` in their order, then the limit.
 */
export const list = (s: string, conditions: ReadonlyArray<string>): string =>
  `select ${recordColumns} from ${s}.job j
${conditions.length > 0 ? `where ${conditions.join(" and ")}` : ""}
order by j.id desc limit $${conditions.length + 1}::int`

/** The attempts of a job. Parameters: $1 id. Rows oldest first. */
export const history = (s: string): string =>
  `select a.attempt, a.token, a.worker_id, a.claimed_at, a.started_at, a.finished_at, a.outcome, a.error
from ${s}.attempt a where a.job_id = $1::bigint
union all
select f.attempt, f.token, f.worker_id, f.claimed_at, f.started_at, f.finished_at, f.state, f.error
from ${s}.finished f where f.id = $1::bigint and f.claimed_at is not null
union all
select d.attempt, d.token, d.worker_id, d.claimed_at, case when d.outcome <> 'crashed' then d.started_at end,
  d.finished_at, d.outcome, d.error
from ${s}.dead d where d.id = $1::bigint and d.claimed_at is not null
union all
select j.attempt, j.token, j.worker_id, j.started_at, null, null, 'running', null
from ${s}.job j where j.id = $1::bigint and j.state = 'running'
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
  `select w.id, w.info, w.started_at, w.renewed_at, w.expires_at,
  coalesce((select sum(l.remaining)::int from ${s}.lease l where l.worker_id = w.id), 0) as running
from ${s}.worker w order by w.id`

/** Pauses or resumes a queue. Parameters: $1 clock, $2 queue, $3 whether to pause. */
export const pause = (s: string): string =>
  `insert into ${s}.queue_control (queue, paused_at)
values ($2, case when $3::boolean then coalesce($1::timestamptz, statement_timestamp()) end)
on conflict (queue) do update set paused_at = excluded.paused_at`
