/** Leases: signs of life, and taking back what a lost worker held. */
import { countInto, freedKeys, jobList, jobValues, lentJobs, now } from "./fragments.ts"

/** Registers a worker or renews it. Parameters: $1 clock, $2 worker, $3 lease ms, $4 info. */
export const register = (s: string): string =>
  `insert into ${s}.worker (id, started_at, renewed_at, expires_at, info)
values ($2, ${now}, ${now}, ${now} + make_interval(secs => $3::float8 / 1000.0), $4::jsonb)
on conflict (id) do update set renewed_at = excluded.renewed_at, expires_at = excluded.expires_at, info = excluded.info
returning id`

/**
 * Renews a worker's lease: one row, whatever it runs. No row: the registration is gone.
 *
 * Plan: primary key of `worker`, one probe of `suspect_order` for each of its queues, index scan on `lease_worker`, a scan
 * of `worker`, which holds a row per process.
 * Parameters: $1 clock, $2 worker, $3 lease ms. Row: suspects, cancellations, next_expiry_ms (null: no other worker).
 */
export const renew = (s: string): string =>
  `with renewed as (
  update ${s}.worker w set renewed_at = ${now}, expires_at = ${now} + make_interval(secs => $3::float8 / 1000.0)
  where w.id = $2 returning w.info
)
select exists (
    select from jsonb_array_elements_text(n.info -> 'queues') q cross join lateral (
      select from ${s}.suspect r where r.queue = q and n.info -> 'names' ? r.name limit 1
    ) r
  ) as suspects,
  coalesce((
    select jsonb_agg(jsonb_build_object('id', j.id::text, 'token', j.token, 'reason', j.cancel_reason) order by j.id)
    from ${s}.lease l cross join lateral ${lentJobs("l")}
    where l.worker_id = $2 and l.asked is not null and j.cancel_reason is not null and not coalesce(j.was_done, false)
  ), '[]'::jsonb) as cancellations,
  (select ceil(extract(epoch from min(o.expires_at) - ${now}) * 1000)::float8 from ${s}.worker o where o.id <> $2)
    as next_expiry_ms
from renewed n`

/** The unfinished jobs of leases in the CTE `gone`, with the reason of a cancel request if there is one. */
const lostJobs = (s: string) =>
  `lost as materialized (
  select g.worker_id, g.claimed_at, g.alone, g.has_started, j.*,
    exists (select from ${s}.job_report r where r.job_id = j.id) as reported
  from gone g cross join lateral ${lentJobs("g")} where not coalesce(j.was_done, false)
)`

/** Frees what lost jobs held: their keys and their place in an order when they ended, other limits at once. */
const clearLost = (s: string, ended: string) =>
  `${freedKeys(s, "lost", ended)}, unheld as (
  delete from ${s}.hold h using gone g where h.lease_id = g.id
), unplaced as (
  delete from ${s}.place h using lost v where ${ended} and h.job_id = v.id
)`

/** A job that was asked to stop is cancelled; its last attempt has a row of its own in the history. */
const cancelledLost = (s: string, crashes: string, startedAt: string) =>
  `cancelled as (
  insert into ${s}.finished (state, ${jobList}, started_at, finished_at, attempt, worker_id, error, progress)
  select 'cancelled', ${jobValues("v", { crashes, has_report: "v.reported" })}, ${startedAt}, ${now},
    v.failures + v.crashes + 1, v.worker_id, case when v.failures + v.crashes > 0 then (select a.error from ${s}.attempt a
      where a.job_id = v.id and a.error is not null order by a.token desc limit 1) end,
    (select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note) from ${s}.job_report r
      where r.job_id = v.id and (r.progress is not null or r.note is not null))
  from lost v where v.cancel_reason is not null
)`

const attempted = (s: string, outcome: string, error: string, where: string) =>
  `attempted as (
  insert into ${s}.attempt (job_id, claimed_at, finished_at, token, attempt, worker_id, outcome, error)
  select v.id, v.claimed_at, ${now}, v.token, v.failures + v.crashes + 1, v.worker_id, ${outcome}, ${error}
  from lost v where ${where}
)`

/** Gives the unfinished jobs of leases in the CTE `gone` back: no attempt is spent. */
const released = (s: string) =>
  `${lostJobs(s)}, ${cancelledLost(s, "v.crashes", "null")}, ${
    attempted(s, "case when v.cancel_reason is null then 'released' else 'cancelled' end", "null", "true")
  }, readied as (
  insert into ${s}.ready (seq, ${jobList})
  select nextval('${s}.job_seq'), ${jobValues("v", { has_report: "v.reported", run_at: now })}
  from lost v where v.cancel_reason is null
), ${clearLost(s, "v.cancel_reason is not null")}, counted as (
  ${
    countInto(
      s,
      `select v.queue, case when v.cancel_reason is null then 'available' else 'cancelled' end as state, count(*) as n
    from lost v group by 1, 2`
    )
  }
)
select v.queue from lost v group by v.queue`

/** Ends a registration; what the worker still holds is released. Parameters: $1 clock, $2 worker. Rows: queue. */
export const leave = (s: string): string =>
  `with away as (
  delete from ${s}.worker w where w.id = $2
), gone as (
  delete from ${s}.lease l where l.worker_id = $2 returning l.*
), ${released(s)}`

/**
 * Releases what a worker holds by certain claims, whose answer it never got.
 *
 * Plan: index scan on `lease_worker`. Parameters: $1 clock, $2 worker, $3 keys of the claims. Rows: queue.
 */
export const release = (s: string): string =>
  `with gone as (
  delete from ${s}.lease l where l.worker_id = $2 and l.claim_key = any($3::text[]) returning l.*
), ${released(s)}`

const crashed = (row: string) =>
  `jsonb_build_object('tag', 'Crashed', 'message',
    'Worker ' || ${row}.worker_id || ' was lost while it ran job ' || ${row}.id || ': crash ' || ${row}.crashes + 1
    || ' of this job')`

/** Totals are locked in their order, so that no two folds wait for each other. */
const folded = (s: string, limit: string) =>
  `folded as (
  delete from ${s}.count_delta d where d.ctid = any(array(
    select x.ctid from ${s}.count_delta x limit ${limit}::int for update skip locked))
  returning d.queue, d.state, d.delta
), totals as (
  insert into ${s}.count_total as t (queue, state, total)
  select queue, state, sum(delta)::bigint from folded group by queue, state order by queue, state
  on conflict (queue, state) do update set total = t.total + excluded.total
)`

/** A job of which nobody knows that it had started counts no crash. */
const crashes = "v.crashes + v.has_started::int"

const isDead = "v.alone and v.has_started and v.crashes + 1 >= 3"

/**
 * Takes back the jobs of workers whose lease has ended: guarded by the row of the worker, which
 * goes with them, so that a late renewal finds nothing.
 *
 * Folds count deltas into totals on its way, so that an idle worker needs no statement of its own for that.
 *
 * Plan: scans of `worker` and `lease`, which hold a row per process and per claim; a bounded scan of `count_delta`.
 * Parameters: $1 clock, $2 leases at most, $3 deltas at most. Rows: id, name, queue, token, worker, crashes, outcome;
 * one row without an id when nothing was taken back; folded tells how many deltas were folded.
 */
export const reclaim = (s: string): string =>
  `with expired as materialized (
  select w.id from ${s}.worker w where w.expires_at <= ${now} order by w.expires_at limit $2::int
  for update skip locked
), away as materialized (
  delete from ${s}.worker w using expired e where w.id = e.id returning w.id
), chosen as materialized (
  select l.id from ${s}.lease l
  where l.worker_id in (select a.id from away a) or not exists (select from ${s}.worker w where w.id = l.worker_id)
  order by l.id limit $2::int for update skip locked
), gone as (
  delete from ${s}.lease l using chosen c where l.id = c.id returning l.*
), ${lostJobs(s)}, ${cancelledLost(s, crashes, "v.claimed_at")}, ${
    attempted(
      s,
      "case when v.cancel_reason is not null then 'cancelled' when v.has_started then 'crashed' else 'released' end",
      `case when v.cancel_reason is null and v.has_started then ${crashed("v")} end`,
      `v.cancel_reason is not null or not (${isDead})`
    )
  }, buried as (
  insert into ${s}.dead (outcome, ${jobList}, claimed_at, started_at, finished_at, attempt, worker_id, error, progress)
  select 'crashed', ${
    jobValues("v", { crashes: "v.crashes + 1", has_report: "v.reported" })
  }, v.claimed_at, v.claimed_at,
    ${now}, v.failures + v.crashes + 1, v.worker_id, ${crashed("v")},
    (select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note) from ${s}.job_report r
      where r.job_id = v.id and (r.progress is not null or r.note is not null))
  from lost v where v.cancel_reason is null and ${isDead}
), suspected as (
  insert into ${s}.suspect (seq, ${jobList})
  select nextval('${s}.job_seq'), ${jobValues("v", { crashes, has_report: "v.reported", run_at: now })}
  from lost v where v.cancel_reason is null and not (${isDead})
), ${clearLost(s, `(v.cancel_reason is not null or (${isDead}))`)}, counted as (
  ${
    countInto(
      s,
      `select v.queue, case when v.cancel_reason is not null then 'cancelled' when ${isDead} then 'dead'
      else 'available' end as state, count(*) as n from lost v group by 1, 2`
    )
  }
), ${folded(s, "$3")}
select f.folded, v.id, v.name, v.queue, v.token, v.worker_id, ${crashes} as crashes,
  case when v.cancel_reason is not null then 'cancelled' when ${isDead} then 'dead' else 'available' end as outcome
from (select count(*)::int as folded from folded) f left join lost v on true order by v.id`

/** Folds count deltas into totals. Parameters: $1 deltas at most. One row: folded. */
export const foldCounts = (s: string): string => `with ${folded(s, "$1")} select count(*)::int as folded from folded`
