/**
 * Requests by key, with the answers that they got.
 */
import type { Migration } from "../Migration.ts"

/** Creates the table. A row without an answer is seen by nobody but the transaction that writes it. */
export const idempotency: Migration = {
  id: 6,
  name: "idempotency",
  up: (s) => [
    `create table ${s}.idempotency (
      caller text collate "C" not null,
      endpoint text collate "C" not null,
      key text collate "C" not null,
      fingerprint text collate "C" not null,
      expires_at timestamptz not null,
      status smallint,
      body text,
      primary key (caller, endpoint, key)
    )`,
    `create index idempotency_expires on ${s}.idempotency (expires_at)`
  ],
  down: (s) => [`drop table ${s}.idempotency`]
}
