/**
 * Jobs that wait for parents: `pending` has them, `dependency` what each waits for.
 *
 * Nothing that claims, settles or inserts other jobs looks at either; see `statements/release.ts`.
 */
import type { Migration } from "../Migration.ts"

/** The columns of a job since the migration of admission. */
const jobColumns: ReadonlyArray<readonly [name: string, type: string]> = [
  ["id", "bigint not null"],
  ["created_at", "timestamptz not null"],
  ["run_at", "timestamptz not null"],
  ["timeout_ms", "bigint"],
  ["version", "int not null"],
  ["token", "int not null"],
  ["failures", "int not null"],
  ["crashes", "int not null"],
  ["max_attempts", "int not null"],
  ["priority", "smallint not null"],
  ["has_report", "boolean not null"],
  ["queue", "text collate \"C\" not null"],
  ["tenant", "text collate \"C\" not null"],
  ["name", "text collate \"C\" not null"],
  ["unique_key", "text collate \"C\""],
  ["tags", "text[]"],
  ["retry", "jsonb"],
  ["payload", "jsonb not null"],
  ["expires_at", "timestamptz"],
  ["limits", "text[]"],
  ["weights", "float8[]"],
  ["gate", "text collate \"C\""],
  ["key_until_start", "boolean"]
]

const names = jobColumns.map(([name]) => name).join(", ")

const shortLived = `with (
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
)`

/** Nobody would ever let go what is pending: it ends. What is enqueued meanwhile waits, and finds the table gone. */
const endPending = (s: string): ReadonlyArray<string> => [
  `lock table ${s}.pending in access exclusive mode`,
  `insert into ${s}.finished (state, ${names}, finished_at, attempt, error)
    select 'cancelled', ${names}, now(), 0, jsonb_build_object('tag', 'ParentFailed', 'message',
      'Job ' || id || ' waited for parents, and the release that knew of them was taken back')
    from ${s}.pending`,
  `delete from ${s}.unique_key u using ${s}.pending p where u.key = p.unique_key and u.job_id = p.id and u.until is null`,
  `update ${s}.unique_key u set live = false from ${s}.pending p where u.key = p.unique_key and u.job_id = p.id`,
  `insert into ${s}.count_delta (queue, state, delta)
    select p.queue, c.state, c.sign * count(*) from ${s}.pending p
    cross join (values ('pending', -1), ('cancelled', 1)) c(state, sign) group by p.queue, c.state, c.sign`
]

/** Creates the tables, and adds what is pending to the view of all jobs. */
export const parents: Migration = {
  id: 8,
  name: "parents",
  up: (s) => [
    `create table ${s}.pending (
      ${jobColumns.map(([name, type]) => `${name} ${type}`).join(", ")}, ttl_ms float8, primary key (id)
    ) ${shortLived}`,
    `create table ${s}.dependency (child bigint not null, parent bigint not null, primary key (child, parent)) ${shortLived}`,
    `create index dependency_parent on ${s}.dependency (parent, child)`,
    `create or replace view ${s}.job as ${allJobs(s)}
  union all ${waiting(s, "pending", `'pending'::text collate "C"`)}`
  ],
  down: (s) => [
    ...endPending(s),
    `drop view ${s}.job`,
    `create view ${s}.job as ${allJobs(s)}`,
    `drop table ${s}.dependency`,
    `drop table ${s}.pending`
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

/** The view of all jobs as it was before this migration. */
const allJobs = (s: string) =>
  `${waiting(s, "ready", `'available'::text collate "C"`)}
  union all ${waiting(s, "suspect", `'available'::text collate "C"`)}
  union all ${waiting(s, "scheduled", `case when j.retryable then 'retryable' else 'scheduled' end collate "C"`)}
  union all select ${shared}, 'running'::text collate "C", j.failures + j.crashes + 1, l.worker_id, l.claimed_at,
    null, null, ${lastError(s)}, ${progress(s)}, ${lastCheckpoint(s)}
  from ${s}.lease l cross join lateral rows from (unnest(l.jobs), unnest(l.done)) as j(${names}, done)
  where not coalesce(j.done, false)
  union all ${ended(s, "finished", "j.state")}
  union all ${
    ended(s, "dead", `case j.outcome when 'quarantined' then 'quarantined' else 'dead' end::text collate "C"`)
  }`
