/**
 * Jobs that wait for parents: storing them, looking at the parents, and letting go on what waits for nothing more.
 *
 * What a job waits for are its rows in `dependency`. Whoever deletes them holds the lock of the job's row in `pending`,
 * so that a release and a cancel never wait for each other crosswise.
 */
import { countInto, freedKeys, jobList, jobValues, now } from "./fragments.ts"

/**
 * Where a job stands, read at the moment of the statement: a job is in one place at every moment, since every move is one
 * statement. The history comes last: each of its days is a probe, and most parents that are looked at have not ended.
 */
const stateOf = (s: string, id: string): string =>
  `coalesce(
    (select 'running' where ${id} in (select t.id from lent t)),
    (select case when d.retryable then 'retryable' else 'scheduled' end from ${s}.scheduled d where d.id = ${id}),
    (select 'available' from ${s}.ready r where r.id = ${id} limit 1),
    (select 'pending' from ${s}.pending p where p.id = ${id}),
    (select case d.outcome when 'quarantined' then 'quarantined' else 'dead' end from ${s}.dead d where d.id = ${id}),
    (select 'available' from ${s}.suspect r where r.id = ${id} limit 1),
    (select f.state from ${s}.finished f where f.id = ${id} limit 1),
    'removed'
  )`

const lent = (s: string): string =>
  `lent as materialized (
  select i.id from ${s}.lease l cross join lateral rows from (unnest(l.ids), unnest(l.done)) as i(id, was_done)
  where not coalesce(i.was_done, false)
)`

/** Where jobs stand. Plan: probes by id; the ids of the leases. Parameters: $1 ids. Rows: id, state (or `removed`). */
export const states = (s: string): string =>
  `with ${lent(s)}
select i.id, ${stateOf(s, "i.id")} as state from (select distinct unnest($1::text[]::bigint[]) as id) i order by i.id`

/** Where the parents of a pending job stand. Plan as in `states`. Parameters: $1 id. Rows: id, state. */
export const waitedFor = (s: string): string =>
  `with ${lent(s)}
select w.parent as id, ${stateOf(s, "w.parent")} as state
from ${s}.dependency w where w.child = $1::bigint order by w.parent`

/** Only one session at a time lets jobs go on; the others need not wait for it. Parameters: $1 channel. Row: ok. */
export const alone = "select pg_try_advisory_xact_lock(hashtextextended($1 || ':release', 0)) as ok"

/** Parents waited for, from a place on, each once. Plan: a loose scan of `dependency_parent`. */
const walk = (s: string): string => {
  const next = (after: string) =>
    `(select d.parent from ${s}.dependency d where d.parent > ${after} order by d.parent limit 1)`
  return `walk(parent, n) as (
  select ${next("$2::text::bigint")}, 1
  union all select ${next("w.parent")}, w.n + 1 from walk w where w.parent is not null and w.n < $3::int
)`
}

/** What the ends of parents mean for the jobs that wait: which are locked here, cancelled, or wait for nothing more. */
const judged = (s: string): string =>
  `parents as materialized (
  select w.parent, ${stateOf(s, "w.parent")} as state from walk w where w.parent is not null
), edge as materialized (
  select d.child, d.parent, p.state from parents p join ${s}.dependency d on d.parent = p.parent
  where p.state in ('completed', 'cancelled', 'dead', 'removed') order by d.parent, d.child limit $4::int
), locked as materialized (
  select p.id from ${s}.pending p where p.id = any(array(select e.child from edge e)) order by p.id for update skip locked
), failed as materialized (
  select distinct on (e.child) e.child, e.parent, e.state from edge e join locked l on l.id = e.child
  where e.state <> 'completed' order by e.child, e.parent
), free as materialized (
  select l.id from locked l where l.id not in (select f.child from failed f) and not exists (
    select from ${s}.dependency d where d.child = l.id
      and (d.child, d.parent) not in (select e.child, e.parent from edge e where e.state = 'completed')
  )
)`

const moves = (s: string): string =>
  `undone as (
  delete from ${s}.dependency d using edge e, locked l
  where e.child = l.id and e.state = 'completed' and d.child = e.child and d.parent = e.parent
    and l.id not in (select f.child from failed f)
), unwaited as (
  delete from ${s}.dependency d where d.child = any(array(select f.child from failed f))
), gone_on as materialized (
  delete from ${s}.pending p where p.id = any(array(select f.id from free f)) returning p.*, p.run_at <= ${now} as due
), readied as (
  insert into ${s}.ready (seq, ${jobList})
  select nextval('${s}.job_seq'), ${jobValues("p", { run_at: now, expires_at: expiry(now) })}
  from (select * from gone_on where due order by id) p
), delayed as (
  insert into ${s}.scheduled (${jobList}, retryable)
  select ${jobValues("p", { expires_at: expiry("p.run_at") })}, false from gone_on p where not p.due
), in_vain as materialized (
  delete from ${s}.pending p using failed f where p.id = f.child returning p.*, f.parent, f.state as parent_state
), ended as (
  insert into ${s}.finished (state, ${jobList}, finished_at, attempt, error)
  select 'cancelled', ${jobValues("v")}, ${now}, v.failures + v.crashes, jsonb_build_object(
    'tag', 'ParentFailed',
    'message', 'Job ' || v.id || ' waited for job ' || v.parent || ', which '
      || case v.parent_state when 'dead' then 'is' else 'was' end || ' ' || v.parent_state,
    'data', jsonb_build_object('parent', v.parent::text, 'state', v.parent_state)
  )
  from in_vain v
)`

/** The time to live begins when a job goes on, or is due after that. */
const expiry = (dueAt: string): string => `${dueAt} + make_interval(secs => p.ttl_ms / 1000.0)`

/**
 * Lets jobs go on whose parents are all completed, and cancels those that wait for one that failed or is gone.
 *
 * It looks at so many parents, those after $2 by id, and at so many rows of those that ended; the caller goes on from
 * `last`. It must run alone, and its snapshot must be taken when it is alone: two that delete the two last rows of one
 * job at the same time would each still see that of the other.
 *
 * Plan: a loose scan of `dependency_parent`; for each parent a probe of the places of living jobs, and where it has ended
 * of every day's `finished_id`; for each ended one its rows by `dependency_parent`, and for each of their jobs the
 * others by the primary key.
 * Parameters: $1 clock, $2 parent to go on after, $3 parents at most, $4 rows at most.
 * Row: last (null: no more parents), edges, moved, queues (of those now available), next_due_ms (of those
 * scheduled), available, cancelled (ids).
 */
export const release = (s: string): string =>
  `with recursive ${walk(s)}, ${lent(s)}, ${judged(s)}, ${moves(s)}, ${freedKeys(s, "in_vain", "true")}, counted as (
  ${
    countInto(
      s,
      `select g.queue, 'pending' as state, -count(*) as n from (select queue from gone_on union all select queue from in_vain) g group by 1
    union all select g.queue, case when g.due then 'available' else 'scheduled' end, count(*) from gone_on g group by 1, 2
    union all select v.queue, 'cancelled', count(*) from in_vain v group by 1`
    )
  }
)
select (select max(w.parent)::text from walk w having count(w.parent) = $3::int) as last,
  (select count(*)::int from edge) as edges,
  (select count(*)::int from locked) as moved,
  (select count(*)::int from gone_on g where g.due) as available,
  coalesce((select jsonb_agg(distinct g.queue) from gone_on g where g.due), '[]'::jsonb) as queues,
  (select extract(epoch from min(g.run_at) - ${now})::float8 * 1000 from gone_on g where not g.due) as next_due_ms,
  coalesce((select jsonb_agg(v.id::text order by v.id) from in_vain v), '[]'::jsonb) as cancelled,
  exists (select from ${s}.pending p where p.id not in (select g.id from gone_on g union all select v.id from in_vain v)) as waits`
