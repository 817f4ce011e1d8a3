/** Run-time settings: pauses, limits, overrides, weights. Each is one statement on small tables. */
import { now } from "./fragments.ts"

/** Pauses or resumes a queue. Parameters: $1 clock, $2 queue, $3 whether to pause. A pause in force keeps its beginning. */
export const pauseQueue = (s: string): string =>
  `insert into ${s}.queue_control as c (queue, paused_at)
values ($2, case when $3::boolean then ${now} end)
on conflict (queue) do update set paused_at = case when $3::boolean then coalesce(c.paused_at, excluded.paused_at) end`

/**
 * Pauses a tenant, name or limit. Parameters: $1 clock, $2 what, $3 name, $4 key (null: all), $5 for how many ms (null: until
 * it is resumed). A pause in force keeps its beginning.
 */
export const pause = (s: string): string =>
  `insert into ${s}.pause as p (what, name, all_keys, key, since, until)
values ($2, $3, $4::text is null, coalesce($4, ''), ${now}, ${now} + make_interval(secs => ceil($5::float8) / 1000.0))
on conflict (what, name, all_keys, key) do update set until = excluded.until,
  since = case when p.until is null or p.until > ${now} then p.since else excluded.since end`

/** Ends a pause. Parameters: $1 what, $2 name, $3 key (null: all). */
export const resume = (s: string): string =>
  `delete from ${s}.pause p
where p.what = $1 and p.name = $2 and p.all_keys = ($3::text is null) and p.key = coalesce($3, '')`

/** Sets an override. Parameters: $1 clock, $2 limit, $3 key (null: all), $4 max, $5 ms, $6 burst, $7 for how many ms. */
export const override = (s: string): string =>
  `insert into ${s}.limit_override (name, all_keys, key, max, per_ms, burst, until)
values ($2, $3::text is null, coalesce($3, ''), $4::float8, $5::float8, $6::float8,
  ${now} + make_interval(secs => ceil($7::float8) / 1000.0))
on conflict (name, all_keys, key) do update set max = excluded.max, per_ms = excluded.per_ms, burst = excluded.burst,
  until = excluded.until`

/** Clears an override. Parameters: $1 limit, $2 key (null: all). */
export const clearOverride = (s: string): string =>
  `delete from ${s}.limit_override o where o.name = $1 and o.all_keys = ($2::text is null) and o.key = coalesce($2, '')`

/** Sets the weight of a tenant. Parameters: $1 tenant, $2 queue (null: all), $3 weight. */
export const setWeight = (s: string): string =>
  `insert into ${s}.tenant_weight (tenant, all_queues, queue, weight)
values ($1, $2::text is null, coalesce($2, ''), $3::float8)
on conflict (tenant, all_queues, queue) do update set weight = excluded.weight`

/** Clears the weight of a tenant. Parameters: $1 tenant, $2 queue (null: all). */
export const clearWeight = (s: string): string =>
  `delete from ${s}.tenant_weight w
where w.tenant = $1 and w.all_queues = ($2::text is null) and w.queue = coalesce($2, '')`

/** Notes when a release declared anything for the first time. Parameters: $1 clock, $2 release. */
export const noteRelease = (s: string): string =>
  `insert into ${s}.limit_release (release, declared_at) values ($2, ${now}) on conflict (release) do nothing`

const ruleJson = (row: string) =>
  `jsonb_build_object('name', ${row}.name, 'kind', ${row}.kind, 'max', ${row}.max, 'perMillis', ${row}.per_ms,
    'burst', ${row}.burst)`

const differs = "(k.kind, k.max, k.per_ms, k.burst) is distinct from (i.kind, i.max, i.per_ms, i.burst)"

/**
 * Takes the rules of a release, but for those of a newer one, and records what changed. In a transaction behind
 * `noteRelease`: rules are locked in their order, so that of two releases the second sees what the first did.
 *
 * Parameters: $1 clock, $2 release, $3 jsonb array of rules.
 */
export const declare = (s: string): string =>
  `with input as materialized (
  select distinct on (i.name) i.* from rows from (jsonb_to_recordset($3::jsonb) as (
    name text, kind text, max float8, per_ms float8, burst float8
  )) with ordinality as i(name, kind, max, per_ms, burst, ord) order by i.name, i.ord desc
), known as materialized (
  select k.* from ${s}.limit_rule k where k.name in (select i.name from input i) order by k.name for update
), wins as materialized (
  select i.*, k.release as from_release, k.name is null as is_new, ${differs} as is_changed,
    case when k.name is not null then ${ruleJson("k")} end as before
  from input i left join known k on k.name = i.name
  where k.name is null or coalesce((select r.declared_at from ${s}.limit_release r where r.release = k.release), '-infinity')
    <= (select r.declared_at from ${s}.limit_release r where r.release = $2)
), kept as (
  insert into ${s}.limit_rule as t (name, kind, max, per_ms, burst, release, declared_at)
  select i.name, i.kind, i.max, i.per_ms, i.burst, $2, ${now} from wins i order by i.name
  on conflict (name) do update set kind = excluded.kind, max = excluded.max, per_ms = excluded.per_ms,
    burst = excluded.burst, release = excluded.release,
    declared_at = case when (t.kind, t.max, t.per_ms, t.burst)
      is distinct from (excluded.kind, excluded.max, excluded.per_ms, excluded.burst)
      then excluded.declared_at else t.declared_at end
  where t.release <> excluded.release or (t.kind, t.max, t.per_ms, t.burst)
    is distinct from (excluded.kind, excluded.max, excluded.per_ms, excluded.burst)
)
insert into ${s}.limit_change (name, at, from_release, to_release, before, after)
select i.name, ${now}, i.from_release, $2, i.before, ${ruleJson("i")} from wins i where i.is_new or i.is_changed`
