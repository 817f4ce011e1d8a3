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
 * Parameters: $1 clock, $2 worker, $3 queue, $4 names, $5 limit, $6 per tenant, $7 level served last,
 * $8 tenant served last, $9 smallest level to look at, $10 tenants at most, $11 start position, $12 key of the claim.
 * Rows: level, lease, then the job; one row with only the level when nothing of it could be claimed;
 * walked and walked_last tell how many tenants were looked at, and the last of them,
 * more whether there are levels after this one.
 */
import { countInto, jobValues, now } from "./fragments.ts"

/**
 * The parameters as a row. The planner does not see their values there, so that the plan for these values would be no
 * better than the one for any: else it would plan anew at every claim, which takes longer than the claim
 * (measured: docs/decisions/0003).
 */
const given = `given as materialized (
  select $3::text as queue, $4::text[] as names, $5::int as wanted, $6::int as per_tenant, $7::int as last_level,
    $8::text as last_tenant, $9::int as level_min, $10::int as tenants_max, $11::bigint as start
)`

const level = (s: string) =>
  `select g.*, coalesce(
    (select r.priority from ${s}.ready r
      where r.queue = g.queue and r.priority >= g.level_min and r.priority < g.last_level order by r.priority limit 1),
    (select r.priority from ${s}.ready r
      where r.queue = g.queue and r.priority = g.last_level and g.last_level >= g.level_min
        and r.tenant = g.last_tenant and r.seq >= g.start
      order by r.seq limit 1),
    (select r.priority from ${s}.ready r
      where r.queue = g.queue and r.priority >= g.level_min order by r.priority limit 1)
  ) as priority
  from given g
  where exists (select from ${s}.worker w where w.id = $2 and w.expires_at > ${now})
    and not exists (select from ${s}.queue_control c where c.queue = g.queue and c.paused_at is not null)`

const start = "case when top.priority = top.last_level then top.start else 0 end"

const probe = (s: string, phase: number, where: string, order = "r.tenant") =>
  `(select r.tenant, ${phase} as phase from ${s}.ready r
      where ${where} and r.queue = top.queue and r.priority = top.priority order by ${order} limit 1)`

const firstTenant = (s: string) =>
  [
    probe(s, 1, "r.tenant > top.last_tenant"),
    probe(s, 2, "r.tenant < top.last_tenant"),
    probe(s, 3, `r.tenant = top.last_tenant and r.seq >= ${start}`, "r.seq")
  ].join(" union all ")

const nextTenant = (s: string) =>
  [
    probe(s, 1, "w.phase = 1 and r.tenant > w.tenant"),
    probe(s, 2, "w.phase = 1 and r.tenant < top.last_tenant"),
    probe(s, 2, "w.phase = 2 and r.tenant > w.tenant and r.tenant < top.last_tenant"),
    probe(s, 3, `w.phase < 3 and r.tenant = top.last_tenant and r.seq >= ${start}`, "r.seq")
  ].join(" union all ")

export const claim = (s: string): string =>
  `with recursive ${given}, top as materialized (${level(s)}),
walk(tenant, phase) as (
  select f.tenant, f.phase from top cross join lateral (${firstTenant(s)} limit 1) f
  union all
  select n.tenant, n.phase from walk w cross join top cross join lateral (${nextTenant(s)} limit 1) n
), share as materialized (
  select f.tenant, row_number() over () as turn,
    greatest(top.per_tenant, ceil(top.wanted::float8 / count(*) over ())::int) as quantum
  from (select w.tenant from walk w limit (select g.tenants_max from given g)) f cross join top
), turns as materialized (
  select array_agg(f.tenant order by f.turn) as tenants,
    (select true from ${s}.ready r where r.queue = (select g.queue from given g) and r.priority > (select top.priority from top)
      order by r.priority limit 1) as more
  from share f
), picked as (
  select p.at from share f cross join top cross join lateral (
    select r.ctid as at from ${s}.ready r
    where r.queue = top.queue and r.priority = top.priority and r.tenant = f.tenant and r.name = any(top.names)
      and r.seq >= case when f.tenant = top.last_tenant then ${start} else 0 end
    order by r.seq limit f.quantum for update skip locked
  ) p limit (select g.wanted from given g)
), taken as (
  delete from ${s}.ready r where r.ctid = any(array(select p.at from picked p)) returning r.*
), lent as (
  insert into ${s}.lease (id, claimed_at, size, remaining, alone, worker_id, queue, claim_key, ids, jobs)
  select nextval('${s}.job_seq'), ${now}, count(*), count(*), false, $2, $3, $12, array_agg(t.id),
    array_agg(row(${jobValues("t", { token: "t.token + 1" })})::${s}.job_row)
  from taken t having count(*) > 0 returning id, size
), counted as (
  ${countInto(s, `select $3 as queue, 'available' as state, -count(*) as n from taken`)}
)
select top.priority as level, l.id as lease, l.size, t.id, t.seq, t.token + 1 as token, t.name, t.version, t.tenant,
  t.payload, t.failures, t.crashes, t.max_attempts, t.timeout_ms, t.retry, t.unique_key, t.tags,
  t.created_at, t.has_report, (row_number() over ())::int as place, array_position(u.tenants, t.tenant) as turn,
  cardinality(u.tenants) as walked, u.tenants[cardinality(u.tenants)] as walked_last, u.more
from top cross join turns u left join (taken t cross join lent l) on true
where top.priority is not null`

/**
 * Lends one suspect of a queue to a worker that runs nothing else.
 *
 * Plan: index scan on `suspect_order`. Parameters and rows as in `claim` ($1 to $4), $5 key of the claim.
 */
export const claimSuspect = (s: string): string =>
  `with picked as (
  select r.ctid as at from ${s}.suspect r
  where r.queue = $3 and r.name = any($4::text[])
    and exists (select from ${s}.worker w where w.id = $2 and w.expires_at > ${now})
    and not exists (select from ${s}.queue_control c where c.queue = $3 and c.paused_at is not null)
  order by r.seq limit 1 for update skip locked
), taken as (
  delete from ${s}.suspect r where r.ctid = any(array(select p.at from picked p)) returning r.*
), lent as (
  insert into ${s}.lease (id, claimed_at, size, remaining, alone, worker_id, queue, claim_key, ids, jobs)
  select nextval('${s}.job_seq'), ${now}, 1, 1, true, $2, $3, $5, array[t.id],
    array[row(${jobValues("t", { token: "t.token + 1" })})::${s}.job_row]
  from taken t returning id, size
), counted as (
  ${countInto(s, `select $3 as queue, 'available' as state, -count(*) as n from taken`)}
)
select t.priority as level, l.id as lease, l.size, t.id, t.seq, t.token + 1 as token, t.name, t.version, t.tenant,
  t.payload, t.failures, t.crashes, t.max_attempts, t.timeout_ms, t.retry, t.unique_key, t.tags,
  t.created_at, t.has_report, 1 as place, 1 as turn
from taken t cross join lent l`
