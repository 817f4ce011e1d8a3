/**
 * Admission: limits and what holds them, pauses, weights, keys of a period, times to live, quarantine.
 *
 * Jobs under limits lie in `ready` like all others, but in an index of their own (`gate`), so that whoever claims jobs
 * without limits never meets them. What a limit admits is decided by `claim_gated`, see `statements/functions/claimGated.ts`.
 */
import type { Migration } from "../Migration.ts"
import { claimGated } from "../statements/functions/claimGated.ts"
import { claimGatedSuspect } from "../statements/functions/claimGatedSuspect.ts"
import { limitNow } from "../statements/functions/limitNow.ts"

/** The tables that hold jobs, each with these columns since this migration. */
const jobTables = ["ready", "suspect", "scheduled", "finished", "dead"] as const

const newColumns: ReadonlyArray<readonly [name: string, type: string]> = [
  ["expires_at", "timestamptz"],
  ["limits", "text[]"],
  ["weights", "float8[]"],
  ["gate", "text collate \"C\""],
  ["key_until_start", "boolean"]
]

const columns = (s: string): ReadonlyArray<string> => [
  ...newColumns.map(([name, type]) =>
    `alter type ${s}.job_row add attribute ${name} ${type.replace(/ collate.*/, "")}`
  ),
  ...jobTables.map((table) =>
    `alter table ${s}.${table} ${newColumns.map(([name, type]) => `add column ${name} ${type}`).join(", ")}`
  ),
  `alter table ${s}.scheduled add column debounce_key text collate "C"`,
  `create unique index scheduled_debounce on ${s}.scheduled (debounce_key) where debounce_key is not null`,
  `create index scheduled_expires on ${s}.scheduled (expires_at) where expires_at is not null`,
  `create index ready_expires on ${s}.ready (expires_at) where expires_at is not null`,
  `drop index ${s}.ready_order`,
  `create index ready_order on ${s}.ready (queue, priority, tenant, seq) where gate is null`,
  `create index ready_gated on ${s}.ready (queue, priority, tenant, gate, seq) where gate is not null`,
  `create index ready_gate on ${s}.ready (gate, seq) where gate is not null`,
  `alter table ${s}.unique_key add column until timestamptz, add column live boolean not null default true`,
  `create index unique_key_until on ${s}.unique_key (until) where until is not null`
]

const outcomes = (s: string, withQuarantine: boolean): ReadonlyArray<string> => {
  const more = withQuarantine ? ", 'quarantined'" : ""
  return [
    `alter table ${s}.dead drop constraint dead_outcome_check`,
    `alter table ${s}.dead add constraint dead_outcome_check check (outcome in ('failed', 'crashed', 'dead'${more}))`,
    `alter table ${s}.attempt drop constraint attempt_outcome_check`,
    `alter table ${s}.attempt add constraint attempt_outcome_check check (outcome in
      ('completed', 'failed', 'crashed', 'released', 'snoozed', 'cancelled', 'dead'${more}))`
  ]
}

const shortLived = `with (
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
)`

const tables = (s: string): ReadonlyArray<string> => [
  `create index dead_quarantined on ${s}.dead (id) where outcome = 'quarantined'`,
  `create table ${s}.limit_rule (
    name text collate "C" primary key,
    kind text not null check (kind in ('concurrency', 'rate', 'window', 'order')),
    max float8 not null,
    per_ms float8,
    burst float8,
    release text not null,
    declared_at timestamptz not null
  )`,
  `create table ${s}.limit_release (release text primary key, declared_at timestamptz not null)`,
  `create table ${s}.limit_change (
    name text collate "C" not null, at timestamptz not null, from_release text, to_release text not null,
    before jsonb, after jsonb not null
  )`,
  `create index limit_change_name on ${s}.limit_change (name, at)`,
  `create table ${s}.limit_override (
    name text collate "C" not null, all_keys boolean not null, key text collate "C" not null,
    max float8, per_ms float8, burst float8, until timestamptz,
    primary key (name, all_keys, key)
  )`,
  `create table ${s}.limit_turn (turns bigint not null)`,
  `insert into ${s}.limit_turn (turns) values (0)`,
  `create table ${s}.limit_bucket (
    name text collate "C" not null, key text collate "C" not null, tokens float8 not null, at timestamptz not null,
    primary key (name, key)
  ) ${shortLived.replace("with (", "with (fillfactor = 50,")}`,
  `create table ${s}.hold (
    name text collate "C" not null, key text collate "C" not null, lease_id bigint not null, jobs int not null,
    primary key (name, key, lease_id)
  ) ${shortLived.replace("with (", "with (fillfactor = 50,")}`,
  `create index hold_lease on ${s}.hold (lease_id)`,
  `create table ${s}.place (
    name text collate "C" not null, key text collate "C" not null, job_id bigint not null,
    primary key (name, key, job_id)
  ) ${shortLived}`,
  `create index place_job on ${s}.place (job_id)`,
  `create table ${s}.pause (
    what text collate "C" not null check (what in ('tenant', 'name', 'limit')),
    name text collate "C" not null, all_keys boolean not null, key text collate "C" not null,
    since timestamptz not null, until timestamptz,
    primary key (what, name, all_keys, key)
  )`,
  `create table ${s}.tenant_weight (
    tenant text collate "C" not null, all_queues boolean not null, queue text collate "C" not null,
    weight float8 not null,
    primary key (tenant, all_queues, queue)
  )`
]

/** Adds what admission needs. The jobs that are there stay as they are, without limits. */
export const admission: Migration = {
  id: 3,
  name: "admission",
  up: (s) => [
    `drop view ${s}.job`,
    ...columns(s),
    ...outcomes(s, true),
    ...tables(s),
    limitNow(s),
    claimGated(s),
    claimGatedSuspect(s),
    jobView(s, true)
  ],
  down: (s) => [
    `drop view ${s}.job`,
    `drop function ${s}.claim_gated`,
    `drop function ${s}.claim_gated_suspect`,
    `drop function ${s}.limit_now`,
    ...[
      "limit_rule",
      "limit_release",
      "limit_change",
      "limit_override",
      "limit_turn",
      "limit_bucket",
      "hold",
      "place",
      "pause",
      "tenant_weight"
    ]
      .map((table) => `drop table ${s}.${table}`),
    `drop index ${s}.dead_quarantined`,
    `update ${s}.dead set outcome = 'dead' where outcome = 'quarantined'`,
    `update ${s}.attempt set outcome = 'dead' where outcome = 'quarantined'`,
    ...outcomes(s, false),
    `drop index ${s}.ready_order`,
    ...jobTables.map((table) =>
      `alter table ${s}.${table} ${newColumns.map(([name]) => `drop column ${name}`).join(", ")}`
    ),
    `alter table ${s}.scheduled drop column debounce_key`,
    `delete from ${s}.unique_key where not live`,
    `alter table ${s}.unique_key drop column until, drop column live`,
    ...newColumns.map(([name]) => `alter type ${s}.job_row drop attribute ${name}`),
    `create index ready_order on ${s}.ready (queue, priority, tenant, seq)`,
    jobView(s, false)
  ]
}

/** Columns that every branch of the view has under the same name. */
const shared = `j.id, j.name, j.version, j.queue, j.tenant, j.priority, j.payload, j.failures, j.crashes,
  j.max_attempts, j.timeout_ms, j.retry, j.unique_key, j.tags, j.token, j.created_at, j.run_at`

const lastError = (s: string) =>
  `case when j.failures + j.crashes > 0 then (select a.error from ${s}.attempt a
    where a.job_id = j.id and a.error is not null order by a.token desc limit 1) end`

const progress = (s: string) =>
  `(select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note)
    from ${s}.job_report r where r.job_id = j.id and (r.progress is not null or r.note is not null))`

/** Wrapped, so that a checkpoint of JSON null differs from none. */
const lastCheckpoint = (s: string) =>
  `(select jsonb_build_object('value', r.checkpoint) from ${s}.job_report r
    where r.job_id = j.id and r.checkpoint is not null)`

const waiting = (s: string, table: string, state: string) =>
  `select ${shared}, ${state} as state, j.failures + j.crashes as attempt, null::text as worker_id,
    null::timestamptz as started_at, null::timestamptz as finished_at, null::jsonb as result,
    ${lastError(s)} as error, case when j.has_report then ${progress(s)} end as progress,
    ${lastCheckpoint(s)} as checkpoint
  from ${s}.${table} j`

const ended = (s: string, table: string, state: string) =>
  `select ${shared}, ${state} as state, j.attempt, j.worker_id, j.started_at, j.finished_at, j.result, j.error,
    j.progress, ${lastCheckpoint(s)}
  from ${s}.${table} j`

/** The view of all jobs: that of the first migration, for the columns that a lease has since. */
const jobView = (s: string, withAdmission: boolean) =>
  `create view ${s}.job as
  ${waiting(s, "ready", `'available'::text collate "C"`)}
  union all ${waiting(s, "suspect", `'available'::text collate "C"`)}
  union all ${waiting(s, "scheduled", `case when j.retryable then 'retryable' else 'scheduled' end collate "C"`)}
  union all select ${shared}, 'running'::text collate "C", j.failures + j.crashes + 1, l.worker_id, l.claimed_at,
    null, null, ${lastError(s)}, ${progress(s)}, ${lastCheckpoint(s)}
  from ${s}.lease l cross join lateral rows from (unnest(l.jobs), unnest(l.done)) as j(id, created_at, run_at,
    timeout_ms, version, token, failures, crashes, max_attempts, priority, has_report, queue, tenant, name, unique_key,
    tags, retry, payload${withAdmission ? `, ${newColumns.map(([name]) => name).join(", ")}` : ""}, done)
  where not coalesce(j.done, false)
  union all ${ended(s, "finished", "j.state")}
  union all ${
    ended(
      s,
      "dead",
      withAdmission
        ? `case j.outcome when 'quarantined' then 'quarantined' else 'dead' end::text collate "C"`
        : `'dead'::text collate "C"`
    )
  }`
