/** What the storage tells of itself beside the jobs: log lines, why a job waits, limits, tenants. */
import { lentJobs, nowAt } from "./fragments.ts"

/** The newest log lines of a job. Plan: `job_log_job`. Parameters: $1 id, $2 lines at most. Rows oldest first. */
export const logs = (s: string): string =>
  `select l.at, l.token, l.level, l.message from (
  select l.*, l.ctid as place from ${s}.job_log l where l.job_id = $1::bigint order by l.at desc, l.ctid desc limit $2::int
) l order by l.at, l.place`

const waitingJob = (s: string) =>
  `select 'ready' as place, r.id, r.seq, r.queue, r.tenant, r.name, r.priority, r.expires_at, r.limits, r.weights, r.gate
    from ${s}.ready r where r.id = $2::bigint
  union all select 'suspect', r.id, r.seq, r.queue, r.tenant, r.name, r.priority, r.expires_at, r.limits, r.weights, r.gate
    from ${s}.suspect r where r.id = $2::bigint
  union all select 'scheduled', r.id, null, r.queue, r.tenant, r.name, r.priority, r.expires_at, r.limits, r.weights, r.gate
    from ${s}.scheduled r where r.id = $2::bigint
  union all select 'pending', r.id, null, r.queue, r.tenant, r.name, r.priority, null, r.limits, r.weights, r.gate
    from ${s}.pending r where r.id = $2::bigint
  union all select 'lease', r.id, null, r.queue, r.tenant, r.name, r.priority, null, r.limits, r.weights, r.gate
    from ${s}.lease l cross join lateral unnest(l.jobs) r where l.ids @> array[$2::bigint] and r.id = $2::bigint
  union all select 'finished', r.id, null, r.queue, r.tenant, r.name, r.priority, null, r.limits, r.weights, r.gate
    from ${s}.finished r where r.id = $2::bigint
  union all select 'dead', r.id, null, r.queue, r.tenant, r.name, r.priority, null, r.limits, r.weights, r.gate
    from ${s}.dead r where r.id = $2::bigint
  limit 1`

const limitFacts = (s: string) =>
  `select i.n, i.name, i.key, i.weight, f.*,
    case when f.held > 0 then (
      select array_agg(x.job_id::text order by x.lease_id, x.job_id) from (
        select j.id as job_id, l.id as lease_id from (
          select h.lease_id from ${s}.hold h where h.name = i.name and h.key = i.key and h.jobs > 0
          order by h.lease_id limit 100
        ) h join ${s}.lease l on l.id = h.lease_id cross join lateral ${lentJobs("l")}
        where not coalesce(j.was_done, false) and exists (
          select from generate_series(1, cardinality(j.limits) / 2) m
          where j.limits[2 * m - 1] = i.name and j.limits[2 * m] = i.key)
        union all select h.job_id, 0 from ${s}.place h where h.name = i.name and h.key = i.key
        order by lease_id, job_id limit 100
      ) x
    ) end as holders,
    case when f.kind = 'order' then coalesce(
      (select h.job_id from ${s}.place h where h.name = i.name and h.key = i.key order by h.job_id limit 1),
      (select r.id from ${s}.ready r where r.gate = j.gate order by r.seq limit 1)
    )::text end as next
  from j cross join lateral (
    select n, j.limits[2 * n - 1] as name, j.limits[2 * n] as key, coalesce(j.weights[n], 1) as weight
    from generate_series(1, cardinality(j.limits) / 2) n
  ) i left join lateral ${s}.limit_now(i.name, i.key, (select at from clock)) f on true`

const pauses = (s: string) =>
  `select 'queue' as what, c.queue as name, null::text as key, c.paused_at as since, null::timestamptz as until
    from ${s}.queue_control c, j where c.queue = j.queue and c.paused_at is not null
  union all select p.what, p.name, case when not p.all_keys then p.key end, p.since, p.until
    from ${s}.pause p, j where (p.until is null or p.until > (select at from clock)) and (
      (p.what = 'tenant' and p.name = j.tenant) or (p.what = 'name' and p.name = j.name)
      or (p.what = 'limit' and exists (select from generate_series(1, cardinality(j.limits) / 2) n
        where p.name = j.limits[2 * n - 1] and (p.all_keys or p.key = j.limits[2 * n]))))`

/** Counts a line in both orders: each has an index of its own. */
const ahead = (s: string) =>
  `select count(*)::int as n from (
    (select from ${s}.ready r, j where j.place = 'ready' and r.gate is null and r.queue = j.queue and r.tenant = j.tenant
      and r.priority < j.priority limit 1000)
    union all (select from ${s}.ready r, j where j.place = 'ready' and r.gate is not null and r.queue = j.queue
      and r.tenant = j.tenant and r.priority < j.priority limit 1000)
    union all (select from ${s}.ready r, j where j.place = 'ready' and r.gate is null and r.queue = j.queue
      and r.tenant = j.tenant and r.priority = j.priority and r.seq < j.seq limit 1000)
    union all (select from ${s}.ready r, j where j.place = 'ready' and r.gate is not null and r.queue = j.queue
      and r.tenant = j.tenant and r.priority = j.priority and r.seq < j.seq limit 1000)
  ) a`

/**
 * Everything that decides whether a job starts, but for the job itself and the workers, at one moment.
 *
 * Plan: probes by id; for each limit those of `limit_now`; at most 4,000 entries of the indexes of `ready`.
 * Parameters: $1 clock, $2 id. Row: at, place, expires_at, pauses, limits, ahead.
 */
export const explain = (s: string): string =>
  `with clock as materialized (select ${nowAt(1)} as at), j as materialized (${waitingJob(s)})
select c.at, j.place, j.expires_at,
  coalesce((select jsonb_agg(p) from (${pauses(s)}) p), '[]'::jsonb) as pauses,
  coalesce((select jsonb_agg(l order by l.n) from (${limitFacts(s)}) l), '[]'::jsonb) as limits,
  (${ahead(s)}) as ahead
from clock c cross join j`

/** The declared limits with all that belongs to them. Parameters: $1 clock. Rows by name. */
export const limits = (s: string): string =>
  `with clock as materialized (select ${nowAt(1)} as at)
select k.name, k.kind, k.max, k.per_ms, k.burst, k.release, k.declared_at,
  coalesce((select jsonb_agg(o order by o.all_keys desc, o.key) from ${s}.limit_override o
    where o.name = k.name and (o.until is null or o.until > c.at)), '[]'::jsonb) as overrides,
  coalesce((select jsonb_agg(p order by p.all_keys desc, p.key) from ${s}.pause p
    where p.what = 'limit' and p.name = k.name and (p.until is null or p.until > c.at)), '[]'::jsonb) as pauses,
  coalesce((select jsonb_agg(jsonb_build_object('key', u.key, 'held', f.held, 'tokens', f.tokens) order by u.key) from (
    select x.key from (
      select h.key from ${s}.hold h where h.name = k.name and h.jobs > 0
      union select h.key from ${s}.place h where h.name = k.name
      union select b.key from ${s}.limit_bucket b where b.name = k.name
    ) x order by x.key limit 100
  ) u cross join lateral ${s}.limit_now(k.name, u.key, c.at) f), '[]'::jsonb) as uses,
  coalesce((select jsonb_agg(x order by x.at desc) from (
    select h.* from ${s}.limit_change h where h.name = k.name order by h.at desc limit 20
  ) x), '[]'::jsonb) as changes
from ${s}.limit_rule k cross join clock c order by k.name`

/** The next tenant of a level of a queue: a probe of each index of `ready`. */
const nextTenant = (s: string, after: string) =>
  `select min(x.tenant) from (
      (select r.tenant from ${s}.ready r where r.gate is null and r.queue = l.queue and r.priority = l.priority
        and r.tenant ${after} order by r.tenant limit 1)
      union all (select r.tenant from ${s}.ready r where r.gate is not null and r.queue = l.queue
        and r.priority = l.priority and r.tenant ${after} order by r.tenant limit 1)
    ) x`

const nextLevel = (s: string, after: string) =>
  `select x.queue, x.priority from (
      (select r.queue, r.priority from ${s}.ready r where r.gate is null and ${after}
        order by r.queue, r.priority limit 1)
      union all (select r.queue, r.priority from ${s}.ready r where r.gate is not null and ${after}
        order by r.queue, r.priority limit 1)
    ) x order by x.queue, x.priority limit 1`

/**
 * Tenants by name: those with available or running jobs, a pause or a weight.
 *
 * Plan: the levels and then the tenants of each by loose index scans, as many as are asked for; jobs are counted up to
 * 1,000 of each queue. Parameters: $1 clock, $2 after (null: from the first), $3 tenants at most.
 */
export const tenants = (s: string): string =>
  `with recursive clock as materialized (select ${nowAt(1)} as at), level(queue, priority) as (
  (${nextLevel(s, "true")})
  union all select n.* from level l cross join lateral (${
    nextLevel(s, "(r.queue, r.priority) > (l.queue, l.priority)")
  }) n
), walk(queue, priority, tenant, n) as (
  select l.queue, l.priority, (${nextTenant(s, "> coalesce($2::text, '')")}), 1 from level l
  union all select l.queue, l.priority, (${nextTenant(s, "> l.tenant")}), l.n + 1
    from walk l where l.tenant is not null and l.n < $3::int
), busy as materialized (
  select j.tenant, count(*)::int as n from ${s}.lease l
  cross join lateral ${lentJobs("l")} where not coalesce(j.was_done, false) group by j.tenant
), known as (
  select x.tenant from (
    select w.tenant from walk w where w.tenant is not null
    union select b.tenant from busy b
    union select p.name from ${s}.pause p where p.what = 'tenant'
    union select t.tenant from ${s}.tenant_weight t
    union select '' where $2::text is null and exists (select from level l cross join lateral (
      (select from ${s}.ready r where r.gate is null and r.queue = l.queue and r.priority = l.priority and r.tenant = '' limit 1)
      union all (select from ${s}.ready r where r.gate is not null and r.queue = l.queue and r.priority = l.priority
        and r.tenant = '' limit 1)) e)
  ) x where $2::text is null or x.tenant > $2::text order by x.tenant collate "C" limit $3::int
)
select k.tenant,
  coalesce((select jsonb_agg(jsonb_build_object('queue', case when not t.all_queues then t.queue end, 'weight', t.weight)
    order by t.all_queues desc, t.queue) from ${s}.tenant_weight t where t.tenant = k.tenant), '[]'::jsonb) as weights,
  (select p.since from ${s}.pause p, clock c where p.what = 'tenant' and p.name = k.tenant
    and (p.until is null or p.until > c.at)) as paused_at,
  (select coalesce(sum(q.n), 0)::int from (select distinct l.queue from level l) d cross join lateral (
    select least(1000, count(*)) as n from (
      select from level l cross join lateral (
        (select from ${s}.ready r where r.gate is null and r.queue = l.queue and r.priority = l.priority
          and r.tenant = k.tenant limit 1000)
        union all (select from ${s}.ready r where r.gate is not null and r.queue = l.queue and r.priority = l.priority
          and r.tenant = k.tenant limit 1000)
      ) e where l.queue = d.queue
    ) c
  ) q) as available,
  coalesce((select b.n from busy b where b.tenant = k.tenant), 0) as running
from known k order by k.tenant collate "C"`
