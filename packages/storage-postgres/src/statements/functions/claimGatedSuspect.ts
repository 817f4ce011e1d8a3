/**
 * `claim_gated_suspect(…)`: lends the oldest suspect of a queue whose limits have room to a worker that runs nothing else.
 *
 * Under the same lock as `claim_gated`. Looks at the oldest 100 suspects.
 */
import { byIndex, lent, limitsMet, locked, lookUp, spend } from "./claimGated.ts"

export const claimGatedSuspect = (s: string): string =>
  `create function ${s}.claim_gated_suspect(
  p_now timestamptz, p_worker text, p_queue text, p_names text[], p_mins int[], p_maxs int[], p_key text,
  out lease_id bigint, out lease_size int
) language plpgsql ${byIndex} as $$
declare
  v_now timestamptz; v_one record; v_want int := 1; v_gate text; v_limits text[]; v_weights float8[]; v_least float8;
  v_n int; v_only bigint; v_timed boolean; v_ks int[]; v_id text; v_limit record; k int; w float8; v_fits boolean;
  v_next float8;
  ${limitsMet}
begin
  ${locked(s, "lease_id := null;")}
  for v_one in
    select r.ctid as at, r.id, r.limits, r.weights, r.gate from ${s}.suspect r
    join unnest(p_names, p_mins, p_maxs) h(name, min, max) on h.name = r.name and r.version between h.min and h.max
    where r.queue = p_queue and not exists (select from ${s}.pause p where (p.until is null or p.until > v_now)
      and ((p.what = 'name' and p.name = r.name) or (p.what = 'tenant' and p.name = r.tenant)))
    order by r.seq limit 100 for update of r skip locked
  loop
    v_gate := v_one.gate; v_limits := v_one.limits; v_least := 0;
    ${lookUp(s)}
    continue when v_n = 0 or v_only <> v_one.id;
    v_fits := true;
    for i in 1 .. coalesce(cardinality(v_ks), 0) loop
      k := v_ks[i]; w := coalesce(v_one.weights[i], 1);
      if l_kinds[k] in ('rate', 'window') and l_room[k] + 1e-9 < least(w, l_full[k]) then v_fits := false; end if;
    end loop;
    continue when not v_fits;
    for i in 1 .. coalesce(cardinality(v_ks), 0) loop
      k := v_ks[i];
      if l_kinds[k] in ('rate', 'window') then
        l_room[k] := l_room[k] - coalesce(v_one.weights[i], 1); l_used[k] := true;
      elsif l_kinds[k] = 'order' then
        l_placed[k] := v_one.id;
      else
        l_taken[k] := 1;
      end if;
    end loop;
    with taken as (
      delete from ${s}.suspect r where r.ctid = v_one.at returning r.*
    ), ${lent(s, "p_queue", "true", "taken", "")}
    ${spend(s)}
    return;
  end loop;
end $$`
