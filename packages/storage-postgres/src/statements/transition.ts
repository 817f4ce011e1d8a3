/**
 * What a person does with jobs by id: cancel, retry, promote, change, remove. Each is one atomic statement.
 *
 * Plan: index probes by id on each table; running jobs are looked for in the ids of the leases, of which
 * there are few. Parameters: $1 ids; cancel, retry, promote and change: $2 clock; cancel: $3 reason;
 * change: $3 priority, $4 tags, $5 due at, $6 or in so many milliseconds, each null for as it is.
 * Rows: id, from_state, to_state; a job in the middle of a move is missing, and is asked for again.
 */
import { countInto, freedKeys, jobList, jobValues, lentJobs, nowAt } from "./fragments.ts"

const ids = "any($1::text[]::bigint[])"

const now = nowAt(2)

/** The ids of the leases that hold any of the jobs: their short arrays of ids are read, not the jobs. */
const leasesOf = (s: string) =>
  `select x.id from ${s}.lease x cross join lateral unnest(x.ids) as i(id)
    where i.id in (select unnest($1::text[]::bigint[]))`

/** What the last attempt of a dead job was settled as: a repetition is told from a failure that is tried again. */
const lastOutcome = (row: string) => `case ${row}.outcome when 'failed' then 'dead' else ${row}.outcome end`

/** Jobs that run now. */
const running = (s: string) =>
  `running as materialized (
  select j.id, j.token, l.worker_id from ${s}.lease l cross join lateral ${lentJobs("l")}
  where l.id in (${leasesOf(s)}) and j.id = ${ids} and not coalesce(j.was_done, false)
)`

/**
 * Writes the request into the lease itself, so that whoever settles or reclaims after this waits for the row
 * and reads it: a request is never overtaken by the end of its attempt. Leases are locked in their order.
 */
const runningAsked = (s: string) =>
  `held as materialized (
  select l.id from ${s}.lease l where l.id in (${leasesOf(s)}) order by l.id for update
), marked as (
  update ${s}.lease l set asked = (
    select array_agg(case when j.id = ${ids} and not coalesce(j.was_done, false)
      then coalesce(j.cancel_reason, $3::text) else j.cancel_reason end order by j.place)
    from ${lentJobs("l")}
  )
  from held h where l.id = h.id
  returning l.worker_id, l.jobs, l.done, l.asked
), running as materialized (
  select j.id, j.token, m.worker_id from marked m cross join lateral ${lentJobs("m")}
  where j.id = ${ids} and not coalesce(j.was_done, false)
)`

const taken = (s: string, name: string, table: string, where = "") =>
  `${name} as (delete from ${s}.${table} r where r.id = ${ids}${where} returning r.*)`

/** What jobs waited for that wait no more. */
const unwaited = (s: string) =>
  `unwaited as (
  delete from ${s}.dependency d where d.child = any(array(select r.id from from_pending r))
)`

/** Jobs that wait for parents do that until those have ended. */
const pendingRefused = (s: string) =>
  `select r.id, 'pending', 'refused', null, null from ${s}.pending r where r.id = ${ids}`

/** Jobs in quarantine lie beside the dead ones. */
const deadState = (row: string) => `case ${row}.outcome when 'quarantined' then 'quarantined' else 'dead' end`

/** What jobs that end or go for good held: the place in an order. */
const unplaced = (s: string, rows: string) =>
  `unplaced as (
  delete from ${s}.place h using ${rows} v where h.job_id = v.id
)`

const scheduledState = "case when r.retryable then 'retryable' else 'scheduled' end"

export const cancel = (s: string): string =>
  `with ${runningAsked(s)}, ${taken(s, "from_ready", "ready")}, ${taken(s, "from_suspect", "suspect")},
${taken(s, "from_scheduled", "scheduled")}, ${taken(s, "from_dead", "dead")}, ${taken(s, "from_pending", "pending")},
${unwaited(s)}, live as materialized (
  select 'available' as from_state, ${jobValues("r")} from from_ready r
  union all select 'available', ${jobValues("r")} from from_suspect r
  union all select ${scheduledState}, ${jobValues("r")} from from_scheduled r
  union all select 'pending', ${jobValues("r")} from from_pending r
), ended as (
  insert into ${s}.finished (state, ${jobList}, finished_at, attempt, error, progress)
  select 'cancelled', ${jobValues("v")}, ${now}, v.failures + v.crashes,
    case when v.failures + v.crashes > 0 then (select a.error from ${s}.attempt a
      where a.job_id = v.id and a.error is not null order by a.token desc limit 1) end,
    (select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note) from ${s}.job_report r
      where r.job_id = v.id and (r.progress is not null or r.note is not null))
  from live v
), ended_dead as (
  insert into ${s}.finished (state, ${jobList}, claimed_at, started_at, finished_at, attempt, worker_id, error, progress)
  select 'cancelled', ${jobValues("v")}, null, v.started_at, ${now}, v.attempt, v.worker_id, v.error, v.progress
  from from_dead v
), attempted as (
  insert into ${s}.attempt (job_id, claimed_at, started_at, finished_at, token, attempt, worker_id, outcome, error)
  select v.id, v.claimed_at, case when v.outcome <> 'crashed' then v.started_at end, v.finished_at, v.token, v.attempt,
    v.worker_id, ${lastOutcome("v")}, v.error
  from from_dead v
), ending as materialized (
  select v.id, v.unique_key from live v union all select v.id, v.unique_key from from_dead v
), ${freedKeys(s, "ending", "true")}, ${unplaced(s, "ending")}, counted as (
  ${
    countInto(
      s,
      `select v.queue, v.from_state as state, -count(*) as n from live v group by 1, 2
    union all select v.queue, ${deadState("v")}, -count(*) from from_dead v group by 1, 2
    union all select v.queue, 'cancelled', count(*)
      from (select queue from live union all select queue from from_dead) v group by 1`
    )
  }
)
select v.id, v.from_state, 'cancelled' as to_state, null::text as worker_id, v.queue from live v
union all select d.id, ${deadState("d")}, 'cancelled', null, d.queue from from_dead d
union all select r.id, 'running', 'requested', r.worker_id, null from running r
union all select f.id, f.state, 'refused', null, null from ${s}.finished f where f.id = ${ids}`

/**
 * The ended jobs to redrive, with their unique keys taken again; one whose key is held by another stays. They are locked
 * first: a key is taken for no job that somebody else removes or redrives meanwhile.
 */
const redriven = (s: string) =>
  `wanted_dead as materialized (
  select d.id, d.unique_key, ${deadState("d")} as state from ${s}.dead d where d.id = ${ids} order by d.id for update
), wanted_cancelled as materialized (
  select f.id, f.unique_key from ${s}.finished f where f.id = ${ids} and f.state = 'cancelled' order by f.id for update
), wanted as materialized (
  select w.id, w.unique_key, w.state from wanted_dead w
  union all select w.id, w.unique_key, 'cancelled' from wanted_cancelled w
), stale as (
  delete from ${s}.unique_key u using wanted w
  where u.key = w.unique_key and u.job_id <> w.id and not u.live and u.until <= ${now} returning u.key
), again as (
  update ${s}.unique_key u set live = true from wanted w where u.key = w.unique_key and u.job_id = w.id
  returning u.job_id
), keyed as (
  insert into ${s}.unique_key (key, job_id)
  select w.unique_key, w.id from wanted w cross join (select count(*) from stale) s
  where w.unique_key is not null and w.id not in (select a.job_id from again a) order by w.unique_key
  on conflict (key) do nothing returning job_id
), free as materialized (
  select w.id from wanted w
  where w.unique_key is null or w.id in (select k.job_id from keyed k union all select a.job_id from again a)
), from_dead as (
  delete from ${s}.dead d using free f where d.id = f.id returning d.*
), from_cancelled as (
  delete from ${s}.finished c using free f where c.id = f.id and c.state = 'cancelled' returning c.*
), back as materialized (
  select ${deadState("d")} as from_state, ${jobValues("d")} from from_dead d
  union all select 'cancelled', ${jobValues("c")} from from_cancelled c
), attempted as (
  insert into ${s}.attempt (job_id, claimed_at, started_at, finished_at, token, attempt, worker_id, outcome, error)
  select d.id, d.claimed_at, case when d.outcome <> 'crashed' then d.started_at end, d.finished_at, d.token, d.attempt,
    d.worker_id, ${lastOutcome("d")}, d.error
  from from_dead d
)`

export const retry = (s: string): string =>
  `with ${running(s)}, ${taken(s, "from_scheduled", "scheduled")}, ${redriven(s)}, readied as (
  insert into ${s}.ready (seq, ${jobList})
  select nextval('${s}.job_seq'), ${jobValues("r", { run_at: now })} from from_scheduled r
  union all
  select nextval('${s}.job_seq'), ${
    jobValues("b", { run_at: now, failures: "0", crashes: "0", expires_at: "null::timestamptz" })
  } from back b
), counted as (
  ${
    countInto(
      s,
      `select r.queue, ${scheduledState} as state, -count(*) as n from from_scheduled r group by 1, 2
    union all select b.queue, b.from_state, -count(*) from back b group by 1, 2
    union all select v.queue, 'available', count(*)
      from (select queue from from_scheduled union all select queue from back) v group by 1`
    )
  }
)
select r.id, ${scheduledState} as from_state, 'available' as to_state, null::text as worker_id, r.queue
from from_scheduled r
union all select b.id, b.from_state, 'available', null, b.queue from back b
union all select w.id, w.state, 'refused', null, null from wanted w where w.id not in (select f.id from free f)
union all select r.id, 'running', 'refused', null, null from running r
union all select r.id, 'available', 'refused', null, null from ${s}.ready r where r.id = ${ids}
union all select r.id, 'available', 'refused', null, null from ${s}.suspect r where r.id = ${ids}
union all ${pendingRefused(s)}
union all select f.id, 'completed', 'refused', null, null from ${s}.finished f
  where f.id = ${ids} and f.state = 'completed'`

export const promote = (s: string): string =>
  `with ${running(s)}, ${taken(s, "from_scheduled", "scheduled")}, readied as (
  insert into ${s}.ready (seq, ${jobList})
  select nextval('${s}.job_seq'), ${jobValues("r", { run_at: now })} from from_scheduled r
), counted as (
  ${
    countInto(
      s,
      `select r.queue, ${scheduledState} as state, -count(*) as n from from_scheduled r group by 1, 2
    union all select r.queue, 'available', count(*) from from_scheduled r group by 1`
    )
  }
)
select r.id, ${scheduledState} as from_state, 'available' as to_state, null::text as worker_id, r.queue
from from_scheduled r
union all select r.id, 'running', 'refused', null, null from running r
union all select r.id, 'available', 'refused', null, null from ${s}.ready r where r.id = ${ids}
union all select r.id, 'available', 'refused', null, null from ${s}.suspect r where r.id = ${ids}
union all ${pendingRefused(s)}
union all select d.id, ${deadState("d")}, 'refused', null, null from ${s}.dead d where d.id = ${ids}
union all select f.id, f.state, 'refused', null, null from ${s}.finished f where f.id = ${ids}`

export const remove = (s: string): string =>
  `with ${running(s)}, ${taken(s, "from_ready", "ready")}, ${taken(s, "from_suspect", "suspect")},
${taken(s, "from_scheduled", "scheduled")}, ${taken(s, "from_dead", "dead")}, ${taken(s, "from_finished", "finished")},
${taken(s, "from_pending", "pending")}, ${unwaited(s)}, gone as materialized (
  select r.id, r.queue, r.unique_key, 'available' as state from from_ready r
  union all select r.id, r.queue, r.unique_key, 'available' from from_suspect r
  union all select r.id, r.queue, r.unique_key, ${scheduledState} from from_scheduled r
  union all select r.id, r.queue, r.unique_key, ${deadState("r")} from from_dead r
  union all select r.id, r.queue, r.unique_key, r.state from from_finished r
  union all select r.id, r.queue, r.unique_key, 'pending' from from_pending r
), ${freedKeys(s, "gone", "true")}, ${unplaced(s, "gone")}, unattempted as (
  delete from ${s}.attempt a where a.job_id = any(array(select v.id from gone v))
), unreported as (
  delete from ${s}.job_report r where r.job_id = any(array(select v.id from gone v))
), unlogged as (
  delete from ${s}.job_log l where l.job_id = any(array(select v.id from gone v))
), counted as (
  ${countInto(s, "select v.queue, v.state, -count(*) as n from gone v group by 1, 2")}
)
select v.id, v.state as from_state, 'removed' as to_state, null::text as worker_id, v.queue from gone v
union all select r.id, 'running', 'refused', null, null from running r`

/** Tags as they are stored: null when there are none. */
const changedTags = "case when $4::text[] is null then r.tags when cardinality($4::text[]) > 0 then $4::text[] end"

const changedPriority = "coalesce($3::smallint, r.priority)"

/** A time to live moves with the due time. */
const changedExpiry = "r.expires_at + (coalesce(d.due, r.run_at) - r.run_at)"

/**
 * Changes jobs in place: those in `ready` are updated, and get a new position with another priority; those that are due
 * later go to `scheduled`. A claim that picked a row before it was changed passes it over, and the next one finds it.
 */
export const change = (s: string): string =>
  `with ${running(s)}, due as materialized (
  select case when coalesce($5::timestamptz, ${now} + make_interval(secs => ceil($6::float8) / 1000.0)) is not null
    then greatest(${now}, coalesce($5::timestamptz, ${now} + make_interval(secs => ceil($6::float8) / 1000.0))) end as due
), from_ready as (
  delete from ${s}.ready r using due d where r.id = ${ids} and d.due > ${now} returning r.*
), put_off as (
  insert into ${s}.scheduled (${jobList}, retryable)
  select ${
    jobValues("r", {
      run_at: "d.due",
      priority: changedPriority,
      tags: changedTags,
      expires_at: changedExpiry
    })
  }, false from from_ready r cross join due d
), in_line as (
  update ${s}.ready r set tags = ${changedTags}, priority = ${changedPriority},
    seq = case when $3::smallint <> r.priority then nextval('${s}.job_seq') else r.seq end
  from due d where r.id = ${ids} and (d.due is null or d.due <= ${now}) returning r.id, r.queue
), waiting as (
  update ${s}.scheduled r set tags = ${changedTags}, priority = ${changedPriority},
    run_at = coalesce(d.due, r.run_at), expires_at = ${changedExpiry}
  from due d where r.id = ${ids} returning r.id, r.queue, r.retryable
), counted as (
  ${
    countInto(
      s,
      `select r.queue, 'available' as state, -count(*) as n from from_ready r group by 1
    union all select r.queue, 'scheduled', count(*) from from_ready r group by 1`
    )
  }
)
select r.id, 'available' as from_state, 'scheduled' as to_state, null::text as worker_id, r.queue from from_ready r
union all select r.id, 'available', 'available', null, r.queue from in_line r
union all select r.id, ${scheduledState}, ${scheduledState}, null, r.queue from waiting r
union all select r.id, 'running', 'refused', null, null from running r
union all select r.id, 'available', 'refused', null, null from ${s}.suspect r where r.id = ${ids}
union all ${pendingRefused(s)}
union all select d.id, ${deadState("d")}, 'refused', null, null from ${s}.dead d where d.id = ${ids}
union all select f.id, f.state, 'refused', null, null from ${s}.finished f where f.id = ${ids}`
