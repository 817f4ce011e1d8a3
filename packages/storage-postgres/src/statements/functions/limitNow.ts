/**
 * `limit_now(name, key, at)`: how a limit stands for one key: its rule with the override in force, whether it is paused,
 * how many jobs hold it, what is left of its permits. No row when nobody declared the rule.
 *
 * Plan: primary key probes; the holds of the key are summed by theirs, of which there is one for each claim.
 */

/** Creates the function. */
export const limitNow = (s: string): string =>
  `create function ${s}.limit_now(p_name text, p_key text, p_at timestamptz)
returns table (kind text, max float8, per_ms float8, burst float8, paused boolean, held int, tokens float8)
language sql stable as $$
  select r.kind, r.max, r.per_ms, r.burst, r.paused, r.held,
    case r.kind
      when 'rate' then case when b.tokens is null then r.burst else least(r.burst,
        b.tokens + greatest(0, extract(epoch from p_at - b.at)::float8 * 1000) * r.max / r.per_ms) end
      when 'window' then r.max - case when b.at is not distinct from
        to_timestamp(floor(extract(epoch from p_at)::float8 * 1000 / r.per_ms) * r.per_ms / 1000)
        then b.tokens else 0 end
    end
  from (
    select k.kind, coalesce(o.max, a.max, k.max) as max, coalesce(o.per_ms, a.per_ms, k.per_ms) as per_ms,
      case when k.kind = 'rate'
        then coalesce(o.burst, a.burst, k.burst, o.max, a.max, k.max) end as burst,
      exists (select from ${s}.pause p where p.what = 'limit' and p.name = p_name
        and (p.all_keys or p.key = p_key) and (p.until is null or p.until > p_at)) as paused,
      case when k.kind in ('concurrency', 'order')
        then (select coalesce(sum(h.jobs), 0)::int from ${s}.hold h where h.name = p_name and h.key = p_key)
          + (select count(*)::int from ${s}.place h where h.name = p_name and h.key = p_key) else 0 end as held
    from ${s}.limit_rule k
    left join ${s}.limit_override o on o.name = p_name and not o.all_keys and o.key = p_key
      and (o.until is null or o.until > p_at)
    left join ${s}.limit_override a on o.name is null and a.name = p_name and a.all_keys
      and (a.until is null or a.until > p_at)
    where k.name = p_name
  ) r left join ${s}.limit_bucket b on b.name = p_name and b.key = p_key
$$`
