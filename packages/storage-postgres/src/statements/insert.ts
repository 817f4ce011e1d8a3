/**
 * Stores new jobs: into `ready` when due, else into `scheduled`.
 *
 * Plan: one scan of the parameter, plain inserts. `unique_key` is written only for jobs that have
 * a key; no other lock is shared between callers, so a long transaction of one holds up nobody but those who
 * insert the same key. Keys are taken in their order, so that two batches never wait for each other.
 *
 * Parameters: $1 clock, $2 jsonb array of jobs. Rows: ord, id, key, state of every stored job;
 * a job that is missing was refused by its unique key.
 */
import { countInto, jobList, jobValues, now } from "./fragments.ts"

/** `withParents` adds the column of what each job waits for: the statement of all others has none. */
const input = (s: string, withParents = false) =>
  `input as materialized (
  select i.*, case when i.key_held = 'period' then null else i.taken_key end as unique_key,
    i.run_at + make_interval(secs => ceil(i.ttl_ms) / 1000.0) as expires_at,
    coalesce(md5(i.gate_text), case when i.key_held = 'started' then '' end) as gate,
    case when i.key_held = 'started' then true end as key_until_start
  from (
    select i.ord, nextval('${s}.job_seq') as id, ${now} as created_at,
      greatest(coalesce(i.run_at, ${now} + make_interval(secs => ceil(i.delay_ms) / 1000.0)), ${now}) as run_at,
      i.timeout_ms, i.version, 0 as token, 0 as failures, 0 as crashes, i.max_attempts, i.priority, false as has_report,
      i.queue, i.tenant, i.name, i.taken_key, i.key_held, i.key_ms, i.ttl_ms, i.tags, i.retry,
      coalesce(i.payload, 'null'::jsonb) as payload, i.limits, i.weights, i.gate_text, i.debounce_key, i.max_wait_ms,
      i.replaces${withParents ? ", i.parents" : ""}
    from rows from (jsonb_to_recordset($2::jsonb) as (
      name text, version int, queue text, tenant text, priority smallint, payload jsonb, delay_ms float8,
      run_at timestamptz, max_attempts int, timeout_ms bigint, retry jsonb, taken_key text, key_held text, key_ms float8,
      ttl_ms float8, tags text[], limits text[], weights float8[], gate_text text, debounce_key text,
      max_wait_ms float8, replaces boolean${withParents ? ", parents text[]" : ""}
    )) with ordinality as i(name, version, queue, tenant, priority, payload, delay_ms,
      run_at, max_attempts, timeout_ms, retry, taken_key, key_held, key_ms, ttl_ms, tags, limits, weights, gate_text,
      debounce_key, max_wait_ms, replaces, ${withParents ? "parents, " : ""}ord)
  ) i
)`

/** Stores new jobs; none of them may be debounced or have parents. */
export const insert = (s: string): string => storing(s, false)

/**
 * Stores new jobs of which some have parents: those into `pending`, with what they wait for. None may be debounced.
 *
 * Parameters as in `insert`; rows with `waits` besides.
 */
export const insertWaiting = (s: string): string => storing(s, true)

const storing = (s: string, withParents: boolean): string =>
  `with ${input(s, withParents)}, stale as (
  delete from ${s}.unique_key u using input i
  where u.key = i.taken_key and not u.live and u.until <= ${now} returning u.key
), keyed as (
  insert into ${s}.unique_key (key, job_id, live, until)
  select k.taken_key, k.id, k.key_held <> 'period', ${now} + make_interval(secs => ceil(k.key_ms) / 1000.0)
  from (
    select distinct on (i.taken_key) i.* from input i where i.taken_key is not null order by i.taken_key, i.ord
  ) k cross join (select count(*) from stale) s
  on conflict (key) do nothing returning job_id
), stored as materialized (
  select i.*, i.run_at <= ${now} as due${withParents ? ", i.parents is not null as waits" : ""} from input i
  where i.taken_key is null or i.id in (select k.job_id from keyed k)
), readied as (
  insert into ${s}.ready (seq, ${jobList})
  select i.id, ${jobValues("i")} from stored i where i.due${withParents ? " and not i.waits" : ""}
), delayed as (
  insert into ${s}.scheduled (${jobList}, retryable)
  select ${jobValues("i")}, false from stored i where not i.due${withParents ? " and not i.waits" : ""}
), ${withParents ? waiting(s) : ""}counted as (
  ${
    countInto(
      s,
      `select i.queue, case ${
        withParents ? "when i.waits then 'pending' " : ""
      }when i.due then 'available' else 'scheduled' end as state, count(*) as n
    from stored i group by 1, 2`
    )
  }
)
select i.ord::int as ord, i.id, i.due, i.queue${withParents ? ", i.waits" : ""} from stored i`

/** Their time to live begins when they go on. */
const waiting = (s: string): string =>
  `waiting as (
  insert into ${s}.pending (${jobList}, ttl_ms)
  select ${jobValues("i", { expires_at: "null::timestamptz" })}, ceil(i.ttl_ms) from stored i where i.waits
), depending as (
  insert into ${s}.dependency (child, parent)
  select i.id, p.id::bigint from stored i cross join lateral unnest(i.parents) as p(id) where i.waits
), `

/**
 * Stores debounced jobs, or puts off those that wait under the same key; each key must be there once.
 *
 * Plan: probes of `scheduled_debounce`. A job that is promoted meanwhile is waited for, and then a new one is stored.
 * Parameters as in `insert`. Rows: ord, id, is_new, of every job.
 */
export const insertDebounced = (s: string): string =>
  `with ${input(s)}, stored as (
  insert into ${s}.scheduled as d (${jobList}, retryable, debounce_key)
  select ${jobValues("i")}, false, i.debounce_key from input i order by i.debounce_key
  on conflict (debounce_key) where debounce_key is not null do update set
    (run_at, expires_at, payload, version, limits, weights, gate) = (
      select x.run_at, x.run_at + make_interval(secs => ceil(x.ttl_ms) / 1000.0),
        case when x.replaces then x.payload else d.payload end, case when x.replaces then x.version else d.version end,
        case when x.replaces then x.limits else d.limits end, case when x.replaces then x.weights else d.weights end,
        case when x.replaces then x.gate else d.gate end
      from (
        select i.ttl_ms, i.payload, i.version, i.limits, i.weights, i.gate, i.replaces,
          least(i.run_at, d.created_at + make_interval(secs => ceil(i.max_wait_ms) / 1000.0)) as run_at
        from input i where i.debounce_key = excluded.debounce_key
      ) x
    )
  returning d.id, d.debounce_key, d.queue
), counted as (
  ${
    countInto(
      s,
      `select o.queue, 'scheduled' as state, count(*) as n from stored o join input i on i.id = o.id group by 1`
    )
  }
)
select i.ord::int as ord, o.id, o.id = i.id as is_new from stored o join input i on i.debounce_key = o.debounce_key`

/**
 * Stores jobs that are due now, have no unique key, limits and time to live, and differ in nothing but payload and tenant: the hot path. What they
 * share is a parameter, what differs an array, so that no field is parsed out of a document. `mixesRetries`: what is stored
 * of their attempts differs as well, as that of jobs which were enqueued in different traces.
 *
 * Parameters: $1 clock, $2 queue, $3 name, $4 version, $5 priority, $6 attempts, $7 time-out ms, $8 retry as JSON text (an
 * array of them with `mixesRetries`), $9 tags, $10 payloads as JSON text, $11 tenants. Rows: ord, id of every job.
 */
export const insertAlike = (s: string, mixesRetries = false): string =>
  `with stored as materialized (
  select i.ord, nextval('${s}.job_seq') as id, i.payload::jsonb as payload, i.tenant${
    mixesRetries ? ", i.retry::jsonb as retry" : ""
  }
  from unnest($10::text[], $11::text[]${mixesRetries ? ", $8::text[]" : ""}) with ordinality as i(payload, tenant, ${
    mixesRetries ? "retry, " : ""
  }ord)
), readied as (
  insert into ${s}.ready (seq, ${jobList})
  select i.id, ${
    jobValues("i", {
      created_at: now,
      run_at: now,
      timeout_ms: "$7::text::bigint",
      version: "$4::int",
      token: "0",
      failures: "0",
      crashes: "0",
      max_attempts: "$6::int",
      priority: "$5::smallint",
      has_report: "false",
      queue: "$2::text",
      name: "$3::text",
      unique_key: "null",
      tags: "$9::text[]",
      ...(mixesRetries ? {} : { retry: "$8::text::jsonb" }),
      expires_at: "null",
      limits: "null",
      weights: "null",
      gate: "null",
      key_until_start: "null"
    })
  } from stored i
), counted as (
  ${countInto(s, "select $2::text as queue, 'available' as state, count(*) as n from stored")}
)
select i.ord::int as ord, i.id from stored i`

/** Who holds these unique keys. Parameters: $1 text[] of keys. Rows: key, id. */
export const keyHolders = (s: string): string =>
  `select u.key, u.job_id as id from ${s}.unique_key u where u.key = any($1::text[])`
