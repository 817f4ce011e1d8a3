/**
 * What the server keeps beside jobs: API keys and the audit; and `enqueue` for SQL.
 */
import type { Migration } from "../Migration.ts"
import * as EnqueueFunction from "../statements/enqueueFunction.ts"

const tables = (s: string): ReadonlyArray<string> => [
  `create table ${s}.api_key (
    id text collate "C" primary key,
    name text not null,
    hash text collate "C" not null,
    previous_hash text collate "C",
    previous_until timestamptz,
    scopes text[] not null,
    queues text[],
    tenant text collate "C",
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
  `create table ${s}.audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text collate "C" not null,
    action text collate "C" not null,
    address text,
    targets text[] not null,
    detail jsonb not null
  )`,
  `create index audit_at on ${s}.audit using brin (at)`,
  `create index audit_actor on ${s}.audit (actor, id)`,
  `create index audit_targets on ${s}.audit using gin (targets)`
]

/** Nobody changes a line, and nobody deletes one that is younger than 30 days: not by mistake, and not unseen. */
const auditGuard = (s: string): ReadonlyArray<string> => [
  `create function ${s}.audit_guard() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    if tg_op = 'DELETE' and old.at < now() - interval '30 days' then return old; end if;
    raise exception 'the audit is append-only: % refused', tg_op using errcode = '42501';
  end $$`,
  `create trigger audit_append_only before update or delete on ${s}.audit
    for each row execute function ${s}.audit_guard()`,
  `create trigger audit_not_emptied before truncate on ${s}.audit
    for each statement execute function ${s}.audit_guard()`
]

/** Creates what the server needs. */
export const service: Migration = {
  id: 4,
  name: "service",
  up: (s) => [...tables(s), ...auditGuard(s), ...EnqueueFunction.create(s)],
  down: (s) => [
    ...EnqueueFunction.drop(s),
    `drop table ${s}.audit`,
    `drop table ${s}.api_key`,
    `drop function ${s}.audit_guard()`
  ]
}
