/**
 * Samples of the queues and alerts, and block-range indexes by the time at which jobs ended: a few bytes for a hundred pages,
 * so that the newest history is found without reading the day.
 */
import type { Migration } from "../Migration.ts"

/** Creates what is kept to see how the queues are doing. */
export const samples: Migration = {
  id: 5,
  name: "samples",
  up: (s) => [
    `create table ${s}.sample (
      at timestamptz not null,
      span_ms bigint not null,
      oldest_ms float8,
      longest_ms float8,
      completed bigint not null,
      cancelled bigint not null,
      dead bigint not null,
      workers int not null,
      slots int not null,
      queue text collate "C" not null,
      counts jsonb not null,
      waits jsonb,
      runs jsonb,
      primary key (queue, at)
    )`,
    `create index sample_at on ${s}.sample (at)`,
    `create table ${s}.alert (
      id bigint generated always as identity primary key,
      since timestamptz not null default clock_timestamp(),
      resolved_at timestamptz,
      value float8 not null,
      threshold float8 not null,
      rule text collate "C" not null,
      queue text collate "C" not null,
      name text collate "C" not null
    )`,
    `create unique index alert_firing on ${s}.alert (rule, queue, name) where resolved_at is null`,
    `create index finished_at on ${s}.finished using brin (finished_at) with (pages_per_range = 32, autosummarize = on)`
  ],
  down: (s) => [`drop index ${s}.finished_at`, `drop table ${s}.alert`, `drop table ${s}.sample`]
}
