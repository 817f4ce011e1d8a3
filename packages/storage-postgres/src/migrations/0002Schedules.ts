/**
 * The second migration: schedules and their ticks.
 *
 * `schedule` has one row for each schedule, updated in place by its ticks. `tick` is their history; its unique index over
 * schedule and instant is what lets an instant enqueue one job. It has no foreign key: history outlives its schedule,
 * and a schedule that is removed and made again fires no instant twice.
 */
import type { Migration } from "../Migration.ts"

const scheduleTable = (s: string) =>
  `create table ${s}.schedule (
    next_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    paused_at timestamptz,
    declared_at timestamptz,
    dropped_at timestamptz,
    last_at timestamptz,
    last_job_id bigint,
    jitter_ms bigint not null check (jitter_ms >= 0),
    name text collate "C" primary key,
    owner text collate "C",
    overlap text collate "C" not null check (overlap in ('skip', 'queue', 'cancelPrevious')),
    timing jsonb not null,
    misfire jsonb not null,
    job jsonb not null
  ) with (fillfactor = 70)`

const tickTable = (s: string) =>
  `create table ${s}.tick (
    id bigint generated always as identity primary key,
    instant timestamptz not null,
    at timestamptz not null,
    job_id bigint,
    missed int not null,
    schedule text collate "C" not null,
    kind text collate "C" not null check (kind in ('due', 'trigger', 'backfill')),
    outcome text collate "C" not null check (outcome in ('fired', 'duplicate', 'overlapped', 'missed', 'refused'))
  )`

/** Creates the tables of the scheduler. */
export const schedules: Migration = {
  id: 2,
  name: "schedules",
  up: (s) => [
    scheduleTable(s),
    `create index schedule_due on ${s}.schedule (next_at, name) where next_at is not null and paused_at is null`,
    tickTable(s),
    `create unique index tick_instant on ${s}.tick (schedule, instant) where kind <> 'trigger'`,
    `create index tick_schedule on ${s}.tick (schedule, id)`,
    `create index tick_at on ${s}.tick using brin (at)`
  ],
  down: (s) => [`drop table ${s}.tick`, `drop table ${s}.schedule`]
}
