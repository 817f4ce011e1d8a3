/**
 * The first migration: live tables, history, workers, keys, counts, and the view that unites them.
 *
 * Hot tables (`ready`, `lease`, `scheduled`) hold live rows only; rows are inserted and deleted.
 * `finished` and `attempt` are append-only and partitioned by day. No foreign keys between
 * hot tables. The order of columns is that of their alignment.
 */
import type { Migration } from "../Migration.ts"

const jobColumns = `
  id bigint not null,
  created_at timestamptz not null,
  run_at timestamptz not null,
  timeout_ms bigint,
  version int not null,
  token int not null,
  failures int not null,
  crashes int not null,
  max_attempts int not null,
  priority smallint not null,
  has_report boolean not null,
  queue text collate "C" not null,
  tenant text collate "C" not null,
  name text collate "C" not null,
  unique_key text collate "C",
  tags text[],
  retry jsonb,
  payload jsonb not null`

const endedColumns = `${jobColumns},
  claimed_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz not null,
  attempt int not null,
  worker_id text collate "C",
  result jsonb,
  error jsonb,
  progress jsonb`

const vacuumOften = `with (
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0
)`

const liveTables = (s: string): ReadonlyArray<string> => [
  `create sequence ${s}.job_seq as bigint`,
  `create type ${s}.job_row as (
    id bigint, created_at timestamptz, run_at timestamptz, timeout_ms bigint, version int, token int, failures int,
    crashes int, max_attempts int, priority smallint, has_report boolean, queue text, tenant text, name text,
    unique_key text, tags text[], retry jsonb, payload jsonb
  )`,
  `create table ${s}.ready (seq bigint not null, ${jobColumns}) ${vacuumOften}`,
  `create index ready_order on ${s}.ready (queue, priority, tenant, seq)`,
  `create index ready_id on ${s}.ready (id)`,
  `create table ${s}.suspect (seq bigint not null, ${jobColumns})`,
  `create index suspect_order on ${s}.suspect (queue, seq)`,
  `create index suspect_id on ${s}.suspect (id)`,
  `create table ${s}.scheduled (${jobColumns}, retryable boolean not null, primary key (id)) ${vacuumOften}`,
  `create index scheduled_due on ${s}.scheduled (run_at, id)`,
  `create index scheduled_retryable on ${s}.scheduled (id) where retryable`,
  `create table ${s}.lease (
    id bigint primary key,
    claimed_at timestamptz not null,
    size int not null,
    remaining int not null,
    alone boolean not null,
    worker_id text collate "C" not null,
    queue text collate "C" not null,
    claim_key text collate "C" not null,
    done boolean[],
    asked text[],
    ids bigint[] not null,
    jobs ${s}.job_row[] not null
  ) ${vacuumOften}`,
  // The copies of the jobs are short-lived: compressing them would cost more than it saves.
  `alter table ${s}.lease alter column jobs set storage external`,
  `create index lease_worker on ${s}.lease (worker_id)`
]

const historyTables = (s: string): ReadonlyArray<string> => [
  `create table ${s}.finished (
    state text collate "C" not null check (state in ('completed', 'cancelled')), ${endedColumns}
  ) partition by range (finished_at)`,
  `create table ${s}.finished_default partition of ${s}.finished default`,
  `create index finished_id on ${s}.finished (id)`,
  // Negated, so that these are the only indexes for a page of one name or tenant: see the statement `list`.
  `create index finished_name on ${s}.finished (name, (-id))`,
  `create index finished_tenant on ${s}.finished (tenant, (-id)) where tenant <> ''`,
  `create index finished_cancelled on ${s}.finished (id) where state = 'cancelled'`,
  `create table ${s}.dead (
    outcome text collate "C" not null check (outcome in ('failed', 'crashed', 'dead')), ${endedColumns}, primary key (id)
  )`,
  `create index dead_finished on ${s}.dead (finished_at)`,
  `create table ${s}.attempt (
    job_id bigint not null,
    claimed_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz not null,
    token int not null,
    attempt int not null,
    worker_id text collate "C" not null,
    outcome text collate "C" not null
      check (outcome in ('completed', 'failed', 'crashed', 'released', 'snoozed', 'cancelled', 'dead')),
    error jsonb
  ) partition by range (finished_at)`,
  `create table ${s}.attempt_default partition of ${s}.attempt default`,
  `create index attempt_job on ${s}.attempt (job_id, token)`
]

const sideTables = (s: string): ReadonlyArray<string> => [
  `create table ${s}.worker (
    id text collate "C" primary key,
    started_at timestamptz not null,
    renewed_at timestamptz not null,
    expires_at timestamptz not null,
    info jsonb not null
  ) with (fillfactor = 50)`,
  `create table ${s}.unique_key (key text collate "C" primary key, job_id bigint not null)`,
  `create table ${s}.job_report (
    job_id bigint primary key, token int not null, progress float8, note text, checkpoint jsonb
  )`,
  `create table ${s}.job_log (
    job_id bigint not null, at timestamptz not null, token int not null, level text not null, message text not null
  )`,
  `create index job_log_job on ${s}.job_log (job_id, at)`,
  `create index job_log_at on ${s}.job_log using brin (at)`,
  `create table ${s}.queue_control (queue text collate "C" primary key, paused_at timestamptz)`,
  `create table ${s}.limit_state (
    name text collate "C" not null, key text collate "C" not null, state jsonb not null, updated_at timestamptz not null,
    primary key (name, key)
  )`,
  `create table ${s}.count_delta (
    queue text collate "C" not null, state text collate "C" not null, delta bigint not null
  ) ${vacuumOften}`,
  `create table ${s}.count_total (
    queue text collate "C" not null, state text collate "C" not null, total bigint not null, primary key (queue, state)
  )`
]

/** Columns that every branch of the view has under the same name. */
const shared = `j.id, j.name, j.version, j.queue, j.tenant, j.priority, j.payload, j.failures, j.crashes,
  j.max_attempts, j.timeout_ms, j.retry, j.unique_key, j.tags, j.token, j.created_at, j.run_at`

const lastError = (s: string) =>
  `case when j.failures + j.crashes > 0 then (select a.error from ${s}.attempt a
    where a.job_id = j.id and a.error is not null order by a.token desc limit 1) end`

const liveProgress = (s: string) =>
  `case when j.has_report then (select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note)
    from ${s}.job_report r where r.job_id = j.id and (r.progress is not null or r.note is not null)) end`

/** Wrapped, so that a checkpoint of JSON null differs from none. */
const lastCheckpoint = (s: string) =>
  `(select jsonb_build_object('value', r.checkpoint) from ${s}.job_report r
    where r.job_id = j.id and r.checkpoint is not null)`

const waiting = (s: string, table: string, state: string) =>
  `select ${shared}, ${state} as state, j.failures + j.crashes as attempt, null::text as worker_id,
    null::timestamptz as started_at, null::timestamptz as finished_at, null::jsonb as result,
    ${lastError(s)} as error, ${liveProgress(s)} as progress, ${lastCheckpoint(s)} as checkpoint
  from ${s}.${table} j`

const ended = (s: string, table: string, state: string) =>
  `select ${shared}, ${state} as state, j.attempt, j.worker_id, j.started_at, j.finished_at, j.result, j.error, j.progress,
    ${lastCheckpoint(s)}
  from ${s}.${table} j`

const jobView = (s: string) =>
  `create view ${s}.job as
  ${waiting(s, "ready", `'available'::text collate "C"`)}
  union all ${waiting(s, "suspect", `'available'::text collate "C"`)}
  union all ${waiting(s, "scheduled", `case when j.retryable then 'retryable' else 'scheduled' end collate "C"`)}
  union all select ${shared}, 'running'::text collate "C", j.failures + j.crashes + 1, l.worker_id, l.claimed_at,
    null, null, ${lastError(s)},
    (select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note)
      from ${s}.job_report r where r.job_id = j.id and (r.progress is not null or r.note is not null)),
    ${lastCheckpoint(s)}
  from ${s}.lease l cross join lateral rows from (unnest(l.jobs), unnest(l.done)) as j(id, created_at, run_at,
    timeout_ms, version, token, failures, crashes, max_attempts, priority, has_report, queue, tenant, name, unique_key,
    tags, retry, payload, done)
  where not coalesce(j.done, false)
  union all ${ended(s, "finished", "j.state")}
  union all ${ended(s, "dead", `'dead'::text collate "C"`)}`

/** Creates every table of the engine. */
export const jobs: Migration = {
  id: 1,
  name: "jobs",
  up: (s) => [...liveTables(s), ...historyTables(s), ...sideTables(s), jobView(s)],
  down: (s) => [
    `drop view ${s}.job`,
    ...[
      "ready",
      "suspect",
      "scheduled",
      "lease",
      "finished",
      "dead",
      "attempt",
      "worker",
      "unique_key",
      "job_report",
      "job_log",
      "queue_control",
      "limit_state",
      "count_delta",
      "count_total"
    ].map((table) => `drop table ${s}.${table}`),
    `drop type ${s}.job_row`,
    `drop sequence ${s}.job_seq`
  ]
}
