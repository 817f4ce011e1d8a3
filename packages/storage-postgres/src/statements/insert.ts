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

export const insert = (s: string): string =>
  `with input as materialized (
  select i.ord, nextval('${s}.job_seq') as id, ${now} as created_at,
    greatest(coalesce(i.run_at, ${now} + make_interval(secs => ceil(i.delay_ms) / 1000.0)), ${now}) as run_at,
    i.timeout_ms, i.version, 0 as token, 0 as failures, 0 as crashes, i.max_attempts, i.priority, false as has_report,
    i.queue, i.tenant, i.name, i.unique_key, i.tags, i.retry, coalesce(i.payload, 'null'::jsonb) as payload
  from rows from (jsonb_to_recordset($2::jsonb) as (
    name text, version int, queue text, tenant text, priority smallint, payload jsonb, delay_ms float8,
    run_at timestamptz, max_attempts int, timeout_ms bigint, retry jsonb, unique_key text, tags text[]
  )) with ordinality as i(name, version, queue, tenant, priority, payload, delay_ms,
    run_at, max_attempts, timeout_ms, retry, unique_key, tags, ord)
), keyed as (
  insert into ${s}.unique_key (key, job_id)
  select i.unique_key, i.id from input i where i.unique_key is not null order by i.unique_key, i.ord
  on conflict (key) do nothing returning job_id
), stored as materialized (
  select i.*, i.run_at <= ${now} as due from input i
  where i.unique_key is null or i.id in (select k.job_id from keyed k)
), readied as (
  insert into ${s}.ready (seq, ${jobList})
  select i.id, ${jobValues("i")} from stored i where i.due
), delayed as (
  insert into ${s}.scheduled (${jobList}, retryable)
  select ${jobValues("i")}, false from stored i where not i.due
), counted as (
  ${
    countInto(
      s,
      `select i.queue, case when i.due then 'available' else 'scheduled' end as state, count(*) as n
    from stored i group by 1, 2`
    )
  }
)
select i.ord::int as ord, i.id, i.due, i.queue from stored i`

/**
 * Stores jobs that are due now, have no unique key and differ in nothing but payload and tenant: the hot path. What they
 * share is a parameter, what differs an array, so that no field is parsed out of a document.
 *
 * Parameters: $1 clock, $2 queue, $3 name, $4 version, $5 priority, $6 attempts, $7 time-out ms, $8 retry as JSON text,
 * $9 tags, $10 payloads as JSON text, $11 tenants. Rows: ord, id of every job.
 */
export const insertAlike = (s: string): string =>
  `with stored as materialized (
  select i.ord, nextval('${s}.job_seq') as id, i.payload::jsonb as payload, i.tenant
  from unnest($10::text[], $11::text[]) with ordinality as i(payload, tenant, ord)
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
      retry: "$8::text::jsonb"
    })
  } from stored i
), counted as (
  ${countInto(s, "select $2::text as queue, 'available' as state, count(*) as n from stored")}
)
select i.ord::int as ord, i.id from stored i`

/** Who holds these unique keys. Parameters: $1 text[] of keys. Rows: key, id. */
export const keyHolders = (s: string): string =>
  `select u.key, u.job_id as id from ${s}.unique_key u where u.key = any($1::text[])`
