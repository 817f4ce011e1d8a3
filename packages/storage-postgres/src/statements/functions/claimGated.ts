/**
 * `claim_gated(…)`: lends jobs that are under limits, of one queue and priority, to a worker.
 *
 * One call at a time in a schema, by an advisory lock that is taken and given back inside of this one statement: a
 * client that freezes holds nothing up. Every statement in it has its own snapshot, taken after the lock, so that it sees
 * the holds and permits that all calls before have taken. Holds that others end meanwhile only make room.
 *
 * Tenants take turns in the order of their names (as in the statement `claim`), and within a tenant its gates, that is its
 * sets of limits and keys, beginning behind a random one. A gate costs an index probe and a look at each of its limits that
 * was not met before; one that is closed costs no more and keeps nobody back. At most `p_probes` gates are looked at.
 *
 * Plan: every read is an index probe, or a scan of `ready_gated` in the order of its positions that ends with the jobs wanted.
 * The planner is told so (`byIndex`): it does not know the values, and would rather sort all jobs of a gate (measured: 39 ms
 * for 20 of 5,800 jobs).
 *
 * Weights are taken in the order of the jobs: where the next one does not fit, the gate is closed. Where all weigh 1, how many
 * fit is known before, and they are taken at once.
 */

/**
 * Settings of a function that keep it to its indexes, and to plans that are made once: planning anew for the values of each
 * call takes longer than the call.
 */
export const byIndex =
  "set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan"

/** What is known of the limits that a call has met, each in arrays of its own. */
export const limitsMet =
  `l_ids text[] := '{}'; l_names text[]; l_keys text[]; l_kinds text[]; l_room float8[]; l_full float8[];
  l_pers float8[]; l_max float8[]; l_used boolean[]; l_closed boolean[]; l_holder bigint[]; l_taken int[]; l_placed bigint[];`

const open = `least(w, l_full[k]) <= l_room[k] + 1e-9`

/** The limits of a gate, looked up once in a call: what they leave, in `v_n` jobs at most. */
export const lookUp = (s: string): string =>
  `v_n := v_want; v_only := null; v_timed := false; v_ks := '{}';
      for i in 1 .. coalesce(cardinality(v_limits), 0) / 2 loop
        v_id := length(v_limits[2 * i - 1]) || ' ' || v_limits[2 * i - 1] || v_limits[2 * i];
        k := array_position(l_ids, v_id);
        if k is null then
          select * into v_limit from ${s}.limit_now(v_limits[2 * i - 1], v_limits[2 * i], v_now);
          k := coalesce(cardinality(l_ids), 0) + 1;
          l_ids[k] := v_id; l_names[k] := v_limits[2 * i - 1]; l_keys[k] := v_limits[2 * i];
          l_kinds[k] := v_limit.kind; l_used[k] := false; l_holder[k] := null; l_taken[k] := 0; l_placed[k] := null;
          l_pers[k] := v_limit.per_ms; l_max[k] := v_limit.max;
          l_full[k] := case v_limit.kind when 'rate' then v_limit.burst else v_limit.max end;
          l_room[k] := case when v_limit.kind is null or v_limit.paused then 0
            when v_limit.kind in ('rate', 'window') then v_limit.tokens
            when v_limit.kind = 'order' then least(1, v_limit.max) else v_limit.max - v_limit.held end;
          l_closed[k] := v_limit.kind is null or v_limit.paused or v_limit.max <= 0 or l_full[k] <= 0;
          if v_limit.kind = 'order' and v_limit.held > 0 then
            l_holder[k] := (select h.job_id from ${s}.place h
              where h.name = l_names[k] and h.key = l_keys[k] order by h.job_id limit 1);
            -- Those that began under another kind of rule end first.
            if l_holder[k] is null then l_room[k] := 0; end if;
          end if;
        end if;
        v_ks[i] := k;
        if l_closed[k] then
          v_n := 0;
        elsif l_kinds[k] = 'concurrency' then
          v_n := least(v_n, greatest(l_room[k], 0))::int;
        elsif l_kinds[k] = 'order' then
          v_n := least(v_n, l_room[k]::int, case when v_only <> l_holder[k] then 0 else 1 end);
          v_only := coalesce(v_only, l_holder[k]);
          if v_only is null and v_n > 0 then
            select r.id into v_only from ${s}.ready r where r.gate = v_gate order by r.seq limit 1;
          end if;
        else
          v_timed := true;
          if l_room[k] + 1e-9 < least(v_least, l_full[k]) then
            v_n := 0;
            v_next := least(v_next, case l_kinds[k] when 'rate'
              then (least(v_least, l_full[k]) - l_room[k]) * l_pers[k] / l_max[k] else l_pers[k] end);
          end if;
        end if;
        exit when v_n = 0;
      end loop;`

/**
 * How a call begins: it waits for its turn, reads the clock, sets what it answers in any case, and ends where the worker or
 * the queue may have nothing.
 */
export const locked = (s: string, answered: string): string =>
  `perform pg_advisory_xact_lock(hashtextextended($lock$${s} admission$lock$, 0));
  v_now := coalesce(p_now, clock_timestamp());
  ${answered}
  -- A snapshot older than the lock would not see what others took: let the server find that out.
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    update ${s}.limit_turn set turns = turns + 1;
  end if;
  if not exists (select from ${s}.worker x where x.id = p_worker and x.expires_at > v_now)
    or exists (select from ${s}.queue_control c where c.queue = p_queue and c.paused_at is not null) then return;
  end if;`

/** Creates the function. */
export const claimGated = (s: string): string =>
  `create function ${s}.claim_gated(
  p_now timestamptz, p_worker text, p_queue text, p_names text[], p_mins int[], p_maxs int[], p_level int,
  p_limit int, p_per_tenant int, p_tenant text, p_left int, p_start text, p_probes int, p_key text,
  out lease_id bigint, out lease_size int, out last_tenant text, out turn_left int, out probed int, out next_ms float8
) language plpgsql ${byIndex} as $$
declare
  v_now timestamptz; v_names text[]; v_mins int[]; v_maxs int[];
  v_room int := p_limit; v_tids tid[] := '{}'; v_got tid[]; v_jobs bigint[]; v_weighted boolean; v_count int;
  v_one record;
  v_tenant text := p_tenant; v_next_tenant text; v_begin text; v_wrapped boolean := false; v_circle int := 0;
  v_circle_took int := 0; v_quantum int; v_base int; v_want int; v_weight float8; v_paused boolean;
  v_gate text; v_from text; v_second boolean; v_limits text[]; v_weights float8[]; v_least float8;
  v_n int; v_only bigint; v_timed boolean; v_ks int[]; v_id text; v_limit record; k int; w float8; v_fits boolean;
  v_next float8; v_bound int; v_most int;
  ${limitsMet}
begin
  ${locked(s, "last_tenant := p_tenant; turn_left := 0; probed := 0;")}
  select array_agg(h.name), array_agg(h.min), array_agg(h.max) into v_names, v_mins, v_maxs
    from unnest(p_names, p_mins, p_maxs) h(name, min, max)
    where not exists (select from ${s}.pause p where p.what = 'name' and p.name = h.name
      and (p.until is null or p.until > v_now));
  if v_names is null then return; end if;

  <<tenants>>
  loop
    ${nextTenant(s)}
    ${nextGate(s)}
      ${takeJobs(s)}
    last_tenant := v_tenant;
    v_count := v_count - v_want;
    turn_left := case when v_room = 0 and v_circle = 0 then greatest(v_quantum - v_count, 0) else 0 end;
  end loop;

  next_ms := v_next;
  if cardinality(v_tids) = 0 then return; end if;
  ${lend(s, "p_queue", "false")}
end $$`

/** Goes on to the tenant whose turn it is, and says how long that is. */
const nextTenant = (s: string): string =>
  `exit when v_room = 0 or probed >= p_probes;
    v_next_tenant := null;
    if v_begin is null and p_left > 0 then
      select r.tenant into v_next_tenant from ${s}.ready r where r.queue = p_queue and r.priority = p_level
        and r.gate is not null and r.tenant = p_tenant order by r.gate limit 1;
    end if;
    v_quantum := case when v_next_tenant is null then 0 else p_left end;
    if v_next_tenant is null and not v_wrapped then
      select r.tenant into v_next_tenant from ${s}.ready r where r.queue = p_queue and r.priority = p_level
        and r.gate is not null and r.tenant > v_tenant order by r.tenant limit 1;
    end if;
    if v_next_tenant is null then
      if v_wrapped then
        select r.tenant into v_next_tenant from ${s}.ready r where r.queue = p_queue and r.priority = p_level
          and r.gate is not null and r.tenant > v_tenant order by r.tenant limit 1;
      else
        v_wrapped := v_begin is not null;
        select r.tenant into v_next_tenant from ${s}.ready r where r.queue = p_queue and r.priority = p_level
          and r.gate is not null order by r.tenant limit 1;
      end if;
    end if;
    exit when v_next_tenant is null and v_begin is null;
    if v_begin is not null and v_wrapped and (v_next_tenant is null or v_next_tenant >= v_begin) then
      exit when v_circle_took = 0;
      v_circle := v_circle + 1; v_circle_took := 0; v_wrapped := false;
      v_next_tenant := v_begin;
    end if;
    v_begin := coalesce(v_begin, v_next_tenant);
    v_tenant := v_next_tenant;
    select exists (select from ${s}.pause p where p.what = 'tenant' and p.name = v_tenant
      and (p.until is null or p.until > v_now)) into v_paused;
    if v_quantum = 0 then
      select t.weight into v_weight from ${s}.tenant_weight t
        where t.tenant = v_tenant and (t.all_queues or t.queue = p_queue) order by t.all_queues limit 1;
      v_base := greatest(1, round(p_per_tenant * coalesce(v_weight, 1)))::int;
      v_quantum := least(v_base::bigint * (4 ^ least(v_circle, 6))::bigint, 1000000)::int;
    end if;`

/** Goes through the gates of a tenant, from a random one on; comes to an end with one that has room. */
const nextGate = (s: string): string =>
  `v_want := least(v_quantum, v_room);
    v_count := v_want;
    v_from := p_start; v_second := false;

    <<gates>>
    loop
      if v_paused then probed := probed + 1; exit gates; end if;
      exit gates when v_want = 0 or probed >= p_probes;
      if v_second and v_from is null then
        select r.gate, r.limits, r.weights into v_gate, v_limits, v_weights from ${s}.ready r
          where r.queue = p_queue and r.priority = p_level and r.gate is not null and r.tenant = v_tenant
          order by r.gate, r.seq limit 1;
      else
        select r.gate, r.limits, r.weights into v_gate, v_limits, v_weights from ${s}.ready r
          where r.queue = p_queue and r.priority = p_level and r.gate is not null and r.tenant = v_tenant
          and r.gate > v_from order by r.gate, r.seq limit 1;
      end if;
      if not found or (v_second and v_gate > p_start) then
        exit gates when v_second;
        v_second := true; v_from := null;
        continue gates;
      end if;
      probed := probed + 1; v_from := v_gate;
      -- The least that a job of this gate may weigh: only what is known for sure closes it without a look at its jobs.
      v_least := case when v_weights is null then 1 else 0 end;
      ${lookUp(s)}
      continue gates when v_n = 0;`

/** The oldest jobs of a gate in their order, `v_bound` at most. */
const candidates = (s: string, columns: string): string =>
  `select ${columns} from ${s}.ready r
        where r.queue = p_queue and r.priority = p_level and r.gate is not null and r.tenant = v_tenant
          and r.gate = v_gate and r.name = any(v_names)
          and r.version between v_mins[array_position(v_names, r.name)] and v_maxs[array_position(v_names, r.name)]
          and (r.expires_at is null or r.expires_at > v_now) and (v_only is null or r.id = v_only)
          and (v_circle = 0 or not (r.ctid = any(v_tids)))
        order by r.seq limit v_bound for update skip locked`

/** When a limit that has no room for a weight of `w` may have it. */
const mayOpen = `if l_kinds[k] in ('rate', 'window') and not (${open}) then
              v_fits := false;
              v_next := least(v_next, case l_kinds[k] when 'rate'
                then (least(w, l_full[k]) - l_room[k]) * l_pers[k] / l_max[k] else l_pers[k] end);
            end if;`

/** Where all weigh 1, the permits say how many fit; one more is looked for, to know whether some are left waiting. */
const permitted = `v_bound := v_n;
      if v_timed then
        for i in 1 .. cardinality(v_ks) loop
          k := v_ks[i];
          if l_kinds[k] in ('rate', 'window') then
            v_bound := least(v_bound, greatest(0, case when l_full[k] >= 1 then floor(l_room[k] + 1e-9)
              when l_room[k] + 1e-9 >= l_full[k] then 1 else 0 end))::int;
          end if;
        end loop;
        v_fits := v_bound = v_n;
        v_n := v_bound;
        if not v_fits then v_bound := v_n + 1; end if;
      end if;`

/** Where some have weights, the jobs are taken one by one, until one does not fit. */
const weighedJobs = (s: string): string =>
  `v_got := '{}'; v_jobs := '{}';
        for v_one in ${candidates(s, "r.ctid as at, r.id, r.weights")} loop
          v_fits := true;
          for i in 1 .. cardinality(v_ks) loop
            k := v_ks[i]; w := coalesce(v_one.weights[i], 1);
            ${mayOpen}
          end loop;
          exit when not v_fits;
          for i in 1 .. cardinality(v_ks) loop
            k := v_ks[i];
            if l_kinds[k] in ('rate', 'window') then l_room[k] := l_room[k] - coalesce(v_one.weights[i], 1); end if;
          end loop;
          v_got := v_got || v_one.at; v_jobs := v_jobs || v_one.id;
        end loop;`

/** Takes the oldest jobs of a gate, as many as its limits leave, and ends the loop over the gates. */
const takeJobs = (s: string): string =>
  `v_most := v_n;
      ${permitted}
      select array_agg(x.at), array_agg(x.id), coalesce(bool_or(x.weighted), false) into v_got, v_jobs, v_weighted
        from (${candidates(s, "r.ctid as at, r.id, r.weights is not null as weighted")}) x;
      v_weighted := v_weighted and v_timed;
      if v_weighted then
        v_bound := v_most;
        ${weighedJobs(s)}
      elsif cardinality(v_got) > v_n then
        v_got := v_got[1 : v_n]; v_jobs := v_jobs[1 : v_n];
      else
        v_fits := true;
      end if;
      v_n := coalesce(cardinality(v_got), 0);
      for i in 1 .. coalesce(cardinality(v_ks), 0) loop
        k := v_ks[i];
        if l_kinds[k] = 'order' then
          if v_n > 0 then l_room[k] := 0; l_placed[k] := v_jobs[1]; end if;
        elsif l_kinds[k] = 'concurrency' then
          l_room[k] := l_room[k] - v_n; l_taken[k] := l_taken[k] + v_n;
        else
          l_used[k] := l_used[k] or v_n > 0; w := 1;
          if not v_weighted then
            l_room[k] := l_room[k] - v_n;
            if not v_fits then ${mayOpen} end if;
          end if;
        end if;
      end loop;
      continue gates when v_n = 0;
      v_tids := v_tids || v_got; v_want := v_want - v_n; v_room := v_room - v_n;
      v_circle_took := v_circle_took + v_n;
    end loop;`

/** Takes the jobs at `v_tids` out of `ready`, lends them, and writes down what they hold and spend. */
const lend = (s: string, queue: string, alone: string): string =>
  `with taken as (
    delete from ${s}.ready r where r.ctid = any(v_tids) returning r.ctid as at, r.*
  ), ordered as (
    -- A join that is no nested loop, whatever the planner thinks of the number of jobs.
    select t.*, o.place from unnest(v_tids) with ordinality o(at, place) full join taken t on t.at = o.at
  ), ${lent(s, queue, alone, "ordered", "order by t.place")}
  ${spend(s)}`

/** The CTEs behind `taken`: the lease, the keys that a start frees, the holds and places, the count. */
export const lent = (s: string, queue: string, alone: string, rows: string, order: string): string =>
  `lent as (
    insert into ${s}.lease (id, claimed_at, size, remaining, alone, has_started, worker_id, queue, claim_key, ids, jobs)
    select nextval('${s}.job_seq'), v_now, count(*), count(*), ${alone}, not ${alone}, p_worker, ${queue}, p_key,
      array_agg(t.id ${order}),
      array_agg(row(t.id, t.created_at, t.run_at, t.timeout_ms, t.version, t.token + 1, t.failures, t.crashes,
        t.max_attempts, t.priority, t.has_report, t.queue, t.tenant, t.name,
        case when t.key_until_start then null else t.unique_key end, t.tags, t.retry, t.payload,
        null, t.limits, t.weights, nullif(t.gate, ''), null)::${s}.job_row ${order})
    from ${rows} t having count(*) > 0 returning id, size
  ), freed as (
    delete from ${s}.unique_key u using taken t
    where t.key_until_start and u.key = t.unique_key and u.job_id = t.id and u.until is null
  ), freed_later as (
    update ${s}.unique_key u set live = false from taken t
    where t.key_until_start and u.key = t.unique_key and u.job_id = t.id and u.until is not null
  ), held as (
    insert into ${s}.hold (name, key, lease_id, jobs)
    select h.name, h.key, l.id, h.jobs from unnest(l_names, l_keys, l_taken) h(name, key, jobs) cross join lent l
    where h.jobs > 0
  ), placed as (
    insert into ${s}.place (name, key, job_id)
    select h.name, h.key, h.job_id from unnest(l_names, l_keys, l_placed) h(name, key, job_id) where h.job_id is not null
    on conflict do nothing
  ), counted as (
    insert into ${s}.count_delta (queue, state, delta)
    select ${queue}, 'available', -count(*) from taken t having count(*) > 0
  )
  select l.id, l.size into lease_id, lease_size from lent l;`

/** Writes the permits back that are left, of a window those that were spent and where it began. */
export const spend = (s: string): string =>
  `insert into ${s}.limit_bucket (name, key, tokens, at)
  select b.name, b.key, case b.kind when 'rate' then b.room else b.max - b.room end,
    case b.kind when 'rate' then v_now
      else to_timestamp(floor(extract(epoch from v_now)::float8 * 1000 / b.per_ms) * b.per_ms / 1000) end
  from unnest(l_names, l_keys, l_kinds, l_room, l_max, l_pers, l_used) b(name, key, kind, room, max, per_ms, used)
  where b.used
  on conflict (name, key) do update set tokens = excluded.tokens, at = excluded.at;`
