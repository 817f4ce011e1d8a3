/**
 * Lends ready jobs of one queue and one priority level to a worker: one statement, one lease row.
 *
 * Plan: index probes on `ready_order` (queue, priority, tenant, seq) for the level and for each of at
 * most $10 tenants, in turn after the tenant served last ($8), one bounded index scan per tenant with
 * SKIP LOCKED, a TID delete. Never a sort or a scan of the backlog. The scan of the tenant served last
 * starts at $11, the position after its newest claimed job, so that dead index entries are not walked
 * again; the caller passes 0 now and then to find stragglers.
 *
 * The array of the lease and the rows of the answer are read from the same result in the same order, so that
 * place n is element n; a settlement compares ids, so that a wrong place could end nothing. The rows are put into the
 * order of starting by the caller: sorting them here means to copy every payload twice.
 *
 * Measured against alternatives in docs/decisions/0003.
 *
 * Jobs under limits are not among these: their best level is only told (`gated_level`, one probe of `ready_gated`). Where it
 * is better than that of the others, or as good and `gated_first`, nothing is lent, so that they come first.
 *
 * Parameters: $1 clock, $2 worker, $3 queue, $4 names, $5 limit, $6 per tenant, $7 level served last,
 * $8 tenant served last, $9 smallest level to look at, $10 tenants at most, $11 start position, $12 key of the claim,
 * $13 smallest and $14 largest version of each name, $15 what the tenant served last has left of its turn,
 * $16 level up to which jobs under limits were claimed, $17 whether they go first, $18 whether all jobs start at once.
 * Rows: a job each, the first with a head beside it, which is all there is when nothing could be claimed: the levels, the
 * lease, walked and walkedLast tell how many tenants were looked at, and the last of them, quanta the turns of the tenants,
 * more whether there are levels after this one, passesPaused whether jobs of paused names were passed over.
 */
import { countInto, jobValues, lentJobs, now } from "./fragments.ts"

/**
 * The parameters as a row. The planner does not see their values there, so that the plan for these values would be no
 * better than the one for any: else it would plan anew at every claim, which takes longer than the claim
 * (measured: docs/decisions/0003).
 */
const given = `given as materialized (
  select $3::text as queue, $5::int as wanted, $6::int as per_tenant, $7::int as last_level,
    $8::text as last_tenant, $9::int as level_min, $10::int as tenants_max, $11::bigint as start, $15::int as rest,
    $16::int as gated_done, $17::boolean as gated_first
)`

/** The names that are not paused, with the versions that the worker runs. */
const handled = (s: string) =>
  `handled as materialized (
  select array_agg(h.name) as names, array_agg(h.low) as lows, array_agg(h.high) as highs
  from unnest($4::text[], $13::int[], $14::int[]) h(name, low, high)
  where not exists (select from ${s}.pause p where p.what = 'name' and p.name = h.name
    and (p.until is null or p.until > ${now}))
)`

/** Whether a worker runs this version of a job: `h` are its names and versions. */
const isHandled = `r.name = any(h.names)
      and r.version between h.lows[array_position(h.names, r.name)] and h.highs[array_position(h.names, r.name)]`

const level = (s: string) =>
  `select g.*, coalesce(
    (select r.priority from ${s}.ready r where r.gate is null
      and r.queue = g.queue and r.priority >= g.level_min and r.priority < g.last_level order by r.priority limit 1),
    (select r.priority from ${s}.ready r where r.gate is null
      and r.queue = g.queue and r.priority = g.last_level and g.last_level >= g.level_min
        and r.tenant = g.last_tenant and r.seq >= g.start
      order by r.seq limit 1),
    (select r.priority from ${s}.ready r
      where r.gate is null and r.queue = g.queue and r.priority >= g.level_min order by r.priority limit 1)
  ) as priority, (
    select r.priority from ${s}.ready r where r.gate is not null and r.queue = g.queue
      and r.priority >= greatest(g.level_min, g.gated_done + 1) order by r.priority limit 1
  ) as gated_level
  from given g
  where exists (select from ${s}.worker w where w.id = $2 and w.expires_at > ${now})
    and not exists (select from ${s}.queue_control c where c.queue = g.queue and c.paused_at is not null)`

/** Jobs under limits that are better, or as good and first, hold the others back. */
const goesFirst =
  `coalesce(top.priority < top.gated_level or (top.priority = top.gated_level and not top.gated_first), true)`

/** What is left of the turn of the tenant served last. */
const rest = "case when top.priority = top.last_level then top.rest else 0 end"

const start = "case when top.priority = top.last_level then top.start else 0 end"

const probe = (s: string, phase: number, where: string, order = "r.tenant") =>
  `(select r.tenant, ${phase} as phase from ${s}.ready r
      where ${where} and r.gate is null and r.queue = top.queue and r.priority = top.priority order by ${order} limit 1)`

const firstTenant = (s: string) =>
  [
    probe(s, 0, `${rest} > 0 and r.tenant = top.last_tenant and r.seq >= ${start}`, "r.seq"),
    probe(s, 1, "r.tenant > top.last_tenant"),
    probe(s, 2, "r.tenant < top.last_tenant"),
    probe(s, 3, `r.tenant = top.last_tenant and r.seq >= ${start}`, "r.seq")
  ].join(" union all ")

const nextTenant = (s: string) =>
  [
    probe(s, 1, "w.phase < 2 and r.tenant > w.tenant"),
    probe(s, 2, "w.phase < 2 and r.tenant < top.last_tenant"),
    probe(s, 2, "w.phase = 2 and r.tenant > w.tenant and r.tenant < top.last_tenant"),
    probe(s, 3, `w.phase between 1 and 2 and ${rest} = 0 and r.tenant = top.last_tenant and r.seq >= ${start}`, "r.seq")
  ].join(" union all ")

export const claim = (s: string): string =>
  `with recursive ${given}, ${handled(s)}, top as materialized (${level(s)}),
walk(tenant, phase) as (
  select f.tenant, f.phase from top cross join lateral (${firstTenant(s)} limit 1) f
  union all
  select n.tenant, n.phase from walk w cross join top cross join lateral (${nextTenant(s)} limit 1) n
), weighed as materialized (
  select f.*, row_number() over () as turn, coalesce((select t.weight from ${s}.tenant_weight t
      where t.tenant = f.tenant and (t.all_queues or t.queue = (select g.queue from given g))
      order by t.all_queues limit 1), 1) as weight
  from (select w.tenant, w.phase from walk w limit (select g.tenants_max from given g)) f
), share as materialized (
  select f.tenant, f.turn, x.quantum,
    case when f.phase = 0 and count(*) over () > 1 then x.quantum
      else greatest(x.quantum, ceil(top.wanted * f.weight / sum(f.weight) over ())::int) end as most,
    exists (select from ${s}.pause p where p.what = 'tenant' and p.name = f.tenant
      and (p.until is null or p.until > ${now})) as is_paused
  from weighed f cross join top cross join lateral (
    select least(case when f.phase = 0 then ${rest} end, greatest(1, round(top.per_tenant * f.weight))::int) as quantum
  ) x
), turns as materialized (
  select array_agg(f.tenant order by f.turn) as tenants, array_agg(f.quantum order by f.turn) as quanta,
    (select true from ${s}.ready r where r.gate is null and r.queue = (select g.queue from given g)
      and r.priority > (select top.priority from top) order by r.priority limit 1) as more
  from share f
), picked as (
  select p.at from share f cross join top cross join handled h cross join lateral (
    select r.ctid as at from ${s}.ready r
    where r.gate is null and r.queue = top.queue and r.priority = top.priority and r.tenant = f.tenant
      and not f.is_paused and ${goesFirst} and ${isHandled}
      and (r.expires_at is null or r.expires_at > ${now})
      and r.seq >= case when f.tenant = top.last_tenant then ${start} else 0 end
    order by r.seq limit f.most for update skip locked
  ) p limit (select g.wanted from given g)
), taken as (
  delete from ${s}.ready r where r.ctid = any(array(select p.at from picked p)) returning r.*
), lent as (
  insert into ${s}.lease (id, claimed_at, size, remaining, alone, has_started, worker_id, queue, claim_key, ids, jobs)
  select nextval('${s}.job_seq'), ${now}, count(*), count(*), false, $18::boolean, $2, $3, $12, array_agg(t.id),
    array_agg(row(${jobValues("t", { token: "t.token + 1", expires_at: "null" })})::${s}.job_row)
  from taken t having count(*) > 0 returning id, size
), counted as (
  ${countInto(s, `select $3 as queue, 'available' as state, -count(*) as n from taken`)}
)
select case when c.place = 1 then jsonb_build_object('level', c.level, 'gatedLevel', c.gated_level, 'lease', c.lease::text,
    'size', c.size, 'walked', cardinality(c.tenants), 'walkedLast', c.tenants[cardinality(c.tenants)], 'quanta', c.quanta,
    'more', c.more, 'passesPaused', cardinality($4::text[]) > (select cardinality(h.names) from handled h)) end as head,
  c.id, c.seq, c.next_token as token, c.name, c.version, c.tenant, c.payload, c.failures, c.crashes, c.max_attempts, c.timeout_ms,
  c.retry, c.unique_key, c.tags, c.created_at, c.has_report, c.place, array_position(c.tenants, c.tenant) as turn
from (
  select top.priority as level, top.gated_level, l.id as lease, l.size, u.tenants, u.quanta, u.more, t.*,
    t.token + 1 as next_token, (row_number() over ())::int as place
  from top cross join turns u left join (taken t cross join lent l) on true
  where top.priority is not null or top.gated_level is not null
) c`

/**
 * Lends the oldest suspect of a queue to a worker that runs nothing else; one that is under limits is only told of.
 *
 * Plan: index scan on `suspect_order`. Parameters: $1 clock, $2 worker, $3 queue, $4 names, $5 key of the claim,
 * $6 smallest and $7 largest versions. Rows as in `claim`; one with `gated` where `claim_gated_suspect` has to decide.
 */
export const claimSuspect = (s: string): string =>
  `with handled as materialized (
  select array_agg(h.name) as names, array_agg(h.low) as lows, array_agg(h.high) as highs
  from unnest($4::text[], $6::int[], $7::int[]) h(name, low, high)
  where not exists (select from ${s}.pause p where p.what = 'name' and p.name = h.name
    and (p.until is null or p.until > ${now}))
), picked as materialized (
  select r.ctid as at, r.gate is not null as gated from ${s}.suspect r cross join handled h
  where r.queue = $3 and ${isHandled}
    and not exists (select from ${s}.pause p where p.what = 'tenant' and p.name = r.tenant
      and (p.until is null or p.until > ${now}))
    and exists (select from ${s}.worker w where w.id = $2 and w.expires_at > ${now})
    and not exists (select from ${s}.queue_control c where c.queue = $3 and c.paused_at is not null)
  order by r.seq limit 1 for update of r skip locked
), taken as (
  delete from ${s}.suspect r where r.ctid = any(array(select p.at from picked p where not p.gated)) returning r.*
), lent as (
  insert into ${s}.lease (id, claimed_at, size, remaining, alone, has_started, worker_id, queue, claim_key, ids, jobs)
  select nextval('${s}.job_seq'), ${now}, 1, 1, true, false, $2, $3, $5, array[t.id],
    array[row(${jobValues("t", { token: "t.token + 1", expires_at: "null" })})::${s}.job_row]
  from taken t returning id, size
), counted as (
  ${countInto(s, `select $3 as queue, 'available' as state, -count(*) as n from taken`)}
)
select p.gated, t.priority as level, l.id as lease, l.size, t.id, t.seq, t.token + 1 as token, t.name, t.version, t.tenant,
  t.payload, t.failures, t.crashes, t.max_attempts, t.timeout_ms, t.retry, t.unique_key, t.tags,
  t.created_at, t.has_report, 1 as place, 1 as turn, t.limits, t.weights
from picked p left join (taken t cross join lent l) on true`

/**
 * The best levels of jobs without and with limits: two probes, for queues where those with limits go first as a rule.
 *
 * Parameters: $1 queue, $2 smallest level to look at, $3 level up to which jobs under limits were claimed. One row.
 */
export const levels = (s: string): string =>
  `select (
  select r.priority from ${s}.ready r where r.gate is null and r.queue = $1::text and r.priority >= $2::int
  order by r.priority limit 1
) as level, (
  select r.priority from ${s}.ready r where r.gate is not null and r.queue = $1::text
    and r.priority >= greatest($2::int, $3::int + 1) order by r.priority limit 1
) as gated_level`

/** Calls `claim_gated`. Parameters: those of the function. Row: its answer. */
export const claimGated = (s: string): string =>
  `select * from ${s}.claim_gated($1::timestamptz, $2, $3, $4::text[], $5::int[], $6::int[], $7::int, $8::int, $9::int, $10,
  $11::int, $12, $13::int, $14)`

/** Calls `claim_gated_suspect`. Parameters: those of the function. Row: its answer. */
export const claimGatedSuspect = (s: string): string =>
  `select * from ${s}.claim_gated_suspect($1::timestamptz, $2, $3, $4::text[], $5::int[], $6::int[], $7)`

/** The jobs of a lease, in their order. Parameters: $1 lease. Rows as in `claim`. */
export const lentByGate = (s: string): string =>
  `select l.id as lease, l.size, j.id, j.token, j.name, j.version, j.tenant, j.priority as level, j.payload, j.failures,
  j.crashes, j.max_attempts, j.timeout_ms, j.retry, j.unique_key, j.tags, j.created_at, j.has_report, j.place::int as place,
  j.limits, j.weights
from ${s}.lease l cross join lateral ${lentJobs("l")} where l.id = $1::bigint order by j.place`
