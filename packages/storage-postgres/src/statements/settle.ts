/**
 * Ends attempts of one worker: a batch in one statement, fenced by the lease.
 *
 * A lease row holds the jobs of one claim in an array; a settlement names its place in it. The
 * arrays of the parameters have the length of their leases, with nulls where nothing is settled, so
 * that jobs and settlements are zipped, never joined. A row is a hit when id and token agree and it
 * is not settled yet; everything else is left alone, and the caller finds out why.
 *
 * Plan: primary key look-ups of the leases, locked in their order so that no two writers wait for each other, one
 * pass over their arrays, inserts.
 *
 * Parameters: $1 worker, $2 leases, $3 offsets into the following arrays, $4 lengths,
 * $5 ids, $6 tokens, $7 started after ms (-1: never), $8 ended after ms, $9 results as JSON text
 * ('' for none); `settle` also: $10 outcome codes, $11 delays in ms, $12 errors as JSON text, $13 whether a report was written,
 * $14 clock; $15 limits to pause ('' for none) and $16 their keys, where `pauses`.
 * Rows: id and token of every hit; for `settleCompleted` without jobs under limits one row that counts them, and has their
 * ids and tokens unless they are as many as $10, the number of settlements.
 */
import { countInto, freedKeys, jobList, jobValues, nowAt } from "./fragments.ts"

const now = nowAt(14)

/** The codes of outcomes in $10. */
export const outcomeCode = {
  Completed: 1,
  Retried: 2,
  Snoozed: 3,
  Released: 4,
  Cancelled: 5,
  Dead: 6,
  Quarantined: 7
} as const

const rowNames = `id, created_at, run_at, timeout_ms, version, token, failures, crashes, max_attempts, priority,
  has_report, queue, tenant, name, unique_key, tags, retry, payload, expires_at, limits, weights, gate, key_until_start,
  was_done, cancel_reason`

const zipped = (s: string, names: ReadonlyArray<string>, arrays: ReadonlyArray<string>) =>
  `asked as materialized (
  select * from unnest((select $2::text[]::bigint[]), (select $3::int[]), (select $4::int[])) as g(lease_id, off, len)
), held as materialized (
  select l.id, l.claimed_at, l.remaining, l.done, l.asked, l.jobs, g.off, g.len
  from ${s}.lease l join asked g on g.lease_id = l.id where l.worker_id = $1 order by l.id for update of l
), zipped as materialized (
  select h.id as lease_id, h.claimed_at, z.*,
    coalesce(z.settle_id = z.id::text and z.settle_token = z.token and not coalesce(z.was_done, false), false) as hit
  from held h cross join lateral rows from (unnest(h.jobs), unnest(h.done), unnest(h.asked), ${
    arrays.map((array) => `unnest((${array})[h.off + 1 : h.off + h.len])`).join(", ")
  }) with ordinality as z(${rowNames}, ${names.join(", ")}, place)
)`

/** Marks the hits of a lease as done, and deletes it with its last one. */
const leaseKept = (s: string) =>
  `plan as materialized (
  select h.id as lease_id, n.hits, n.done, h.remaining - n.hits as remaining
  from held h join (
    select z.lease_id, count(*) filter (where z.hit)::int as hits,
      array_agg(coalesce(z.was_done, false) or z.hit order by z.place) as done
    from zipped z group by z.lease_id
  ) n on n.lease_id = h.id
), closed as (
  delete from ${s}.lease l using plan p where l.id = p.lease_id and p.remaining <= 0
), noted as (
  update ${s}.lease l set done = p.done, remaining = p.remaining
  from plan p where l.id = p.lease_id and p.remaining > 0 and p.hits > 0
)`

const commonNames = ["settle_id", "settle_token", "started_ms", "ended_ms", "result_text"]
const commonArrays = ["$5::text[]", "$6::int[]", "$7::int[]", "$8::int[]", "$9::text[]"]

const startedAt = (row: string) =>
  `case when ${row}.started_ms >= 0 then ${row}.claimed_at + make_interval(secs => ${row}.started_ms / 1000.0) end`
const endedAt = (row: string) => `${row}.claimed_at + make_interval(secs => ${row}.ended_ms / 1000.0)`

/** What the settlements of a statement have beside: jobs under limits, pauses of limits. */
export interface Extras {
  readonly holds: boolean
  readonly pauses: boolean
}

/**
 * What jobs under limits held: the hold of a lease goes with its last job and is less by those that ended before; `ended`
 * tells the jobs that keep their place in an order no longer either.
 */
const released = (s: string, rows: string, ended: string) =>
  `, unheld as (
  delete from ${s}.hold h using plan p where h.lease_id = p.lease_id and p.remaining <= 0
), lessened as (
  update ${s}.hold h set jobs = h.jobs - n.hits
  from (
    select v.lease_id, v.limits[2 * i - 1] as name, v.limits[2 * i] as key, count(*)::int as hits
    from ${rows} v join plan p on p.lease_id = v.lease_id and p.remaining > 0
    cross join lateral generate_series(1, cardinality(v.limits) / 2) i where v.hit group by 1, 2, 3
  ) n
  where h.name = n.name and h.key = n.key and h.lease_id = n.lease_id
), unplaced as (
  delete from ${s}.place h using ${rows} v where v.hit and ${ended} and h.job_id = v.id
)`

/** How many were hits, and which, unless all were: as a rule one row says everything. */
const hitsOf = `select count(*)::int as hits,
  case when count(*) <> $10::int then array_agg(z.id || ' ' || z.token) end as keys from zipped z where z.hit`

/** Every settlement is `Completed` and none has a unique key, a report or a cancellation to clear: the hot path. */
export const settleCompleted = (s: string, { holds }: Pick<Extras, "holds">): string =>
  `with ${zipped(s, commonNames, commonArrays)}, kept as (
  insert into ${s}.finished (state, ${jobList}, claimed_at, started_at, finished_at, attempt, worker_id, result)
  select 'completed', ${jobValues("z")}, z.claimed_at, ${startedAt("z")}, ${endedAt("z")},
    z.failures + z.crashes + 1, $1, nullif(z.result_text, '')::jsonb
  from zipped z where z.hit
), ${leaseKept(s)}${holds ? released(s, "zipped", "true") : ""}, counted as (
  ${countInto(s, "select z.queue, 'completed' as state, count(*) as n from zipped z where z.hit group by z.queue")}
)
${holds ? "select z.id, z.token, z.queue, z.priority, z.tenant, z.gate from zipped z where z.hit" : hitsOf}`

/** After a cancel request, what would bring the job back cancels it. */
const verdict = `verdict as materialized (
  select z.*,
    case when z.cancel_reason is not null and z.outcome in (2, 3, 4) then 5 else z.outcome end as act,
    z.failures + case when z.outcome = 6 or (z.outcome = 2 and z.cancel_reason is null) then 1 else 0 end as failures_now,
    ${startedAt("z")} as began_at, ${endedAt("z")} as ended_at, nullif(z.error_text, '')::jsonb as failure,
    case when z.delay_ms > 0 then ${now} + make_interval(secs => ceil(z.delay_ms) / 1000.0) else ${now} end as due_at
  from zipped z where z.hit
)`

const progressOf = (s: string, row: string) =>
  `case when ${row}.settle_report or ${row}.has_report then (
      select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note) from ${s}.job_report r
      where r.job_id = ${row}.id and (r.progress is not null or r.note is not null)) end`

const lastError = (s: string) =>
  `coalesce(v.failure, case when v.failures + v.crashes > 0 then (
      select a.error from ${s}.attempt a where a.job_id = v.id and a.error is not null order by a.token desc limit 1) end)`

/** The last attempt of a completed or dead job is told by its row; that of a cancelled one has a row of its own. */
const endedInto = (
  s: string,
  { error, extra, table, value, where }: Readonly<Record<"error" | "extra" | "table" | "value" | "where", string>>
) =>
  `insert into ${s}.${table} (${extra}, ${jobList}, claimed_at, started_at, finished_at, attempt, worker_id, result,
    error, progress)
  select ${value}, ${
    jobValues("v", { failures: "v.failures_now", has_report: "v.has_report or v.settle_report" })
  }, case when v.act <> 5 then v.claimed_at end, v.began_at, v.ended_at,
    v.failures + v.crashes + 1, $1, nullif(v.result_text, '')::jsonb,
    ${error}, ${progressOf(s, "v")}
  from verdict v where ${where}`

const backAgain = (s: string) =>
  `attempted as (
  insert into ${s}.attempt (job_id, claimed_at, started_at, finished_at, token, attempt, worker_id, outcome, error)
  select v.id, v.claimed_at, v.began_at, v.ended_at, v.token, v.failures + v.crashes + 1, $1,
    (array['failed', 'snoozed', 'released', 'cancelled'])[v.act - 1], v.failure
  from verdict v where v.act in (2, 3, 4, 5)
), delayed as (
  insert into ${s}.scheduled (${jobList}, retryable)
  select ${
    jobValues("v", { failures: "v.failures_now", run_at: "v.due_at", has_report: "v.has_report or v.settle_report" })
  },
    v.act = 2
  from verdict v where v.act in (2, 3) and v.delay_ms > 0
), readied as (
  insert into ${s}.ready (seq, ${jobList})
  select nextval('${s}.job_seq'), ${
    jobValues("v", { failures: "v.failures_now", run_at: "v.due_at", has_report: "v.has_report or v.settle_report" })
  }
  from verdict v where v.act = 4 or (v.act in (2, 3) and v.delay_ms <= 0)
)`

const cleared = (s: string) =>
  `${freedKeys(s, "verdict", "v.act in (1, 5, 6)")}, reported as (
  delete from ${s}.job_report r using verdict v
  where r.job_id = v.id and v.act = 1 and (v.settle_report or v.has_report)
)`

const pauseNames = ["pause_limit", "pause_key"]

/** Pauses limits for the delay of their job; an end that was set before and is later stays. */
const paused = (s: string) =>
  `paused as (
  insert into ${s}.pause as p (what, name, all_keys, key, since, until)
  select 'limit', v.pause_limit, false, v.pause_key, ${now}, max(v.due_at) from verdict v
  where v.pause_limit <> '' and v.act = 3 group by v.pause_limit, v.pause_key order by 2, 4
  on conflict (what, name, all_keys, key) do update set
    since = case when p.until is null or p.until > ${now} then p.since else excluded.since end,
    until = case when p.until is null then null else greatest(p.until, excluded.until) end
), `

/** Any mix of outcomes. */
export const settle = (s: string, { holds, pauses }: Extras): string =>
  `with ${
    zipped(
      s,
      [...commonNames, "outcome", "delay_ms", "error_text", "settle_report", ...(pauses ? pauseNames : [])],
      [
        ...commonArrays,
        "$10::int[]",
        "$11::text[]::float8[]",
        "$12::text[]",
        "$13::boolean[]",
        ...(pauses ? ["$15::text[]", "$16::text[]"] : [])
      ]
    )
  }, ${verdict}, kept as (
  ${
    endedInto(s, {
      table: "finished",
      extra: "state",
      value: "case v.act when 1 then 'completed' else 'cancelled' end",
      error: `case v.act when 5 then ${lastError(s)} end`,
      where: "v.act in (1, 5)"
    })
  }
), buried as (
  ${
    endedInto(s, {
      table: "dead",
      extra: "outcome",
      value: "case v.act when 6 then 'failed' else 'quarantined' end",
      error: "v.failure",
      where: "v.act in (6, 7)"
    })
  }
), ${backAgain(s)}, ${cleared(s)}, ${pauses ? paused(s) : ""}${leaseKept(s)}${
    holds ? released(s, "verdict", "v.act in (1, 5, 6)") : ""
  }, counted as (
  ${
    countInto(
      s,
      `select v.queue, case when v.act = 1 then 'completed' when v.act = 5 then 'cancelled' when v.act = 6 then 'dead'
      when v.act = 7 then 'quarantined'
      when v.act = 4 or v.delay_ms <= 0 then 'available' when v.act = 2 then 'retryable' else 'scheduled' end as state,
      count(*) as n from verdict v group by 1, 2`
    )
  }
)
select v.id, v.token, v.act, v.queue, v.priority, v.tenant, v.gate, v.delay_ms > 0 as is_delayed from verdict v`

/**
 * How these attempts ended, if they did: the answer to a repeated settle.
 *
 * Plan: for each attempt index probes on `attempt_job`, `finished_id` (of every day), `dead_pkey`; the limits of one row
 * keep the planner from joining whole days instead. Parameters: $1 ids, $2 tokens.
 * Rows: id, token, outcome, worker_id.
 */
export const endedAttempts = (s: string): string =>
  `select i.id, i.token, e.outcome, e.worker_id
from unnest($1::text[]::bigint[], $2::int[]) as i(id, token) cross join lateral (
  (select a.outcome, a.worker_id from ${s}.attempt a where a.job_id = i.id and a.token = i.token limit 1)
  union all
  (select f.state, f.worker_id from ${s}.finished f
    where f.id = i.id and f.token = i.token and f.claimed_at is not null limit 1)
  union all
  (select case d.outcome when 'failed' then 'dead' else d.outcome end, d.worker_id from ${s}.dead d
    where d.id = i.id and d.token = i.token limit 1)
) e`
