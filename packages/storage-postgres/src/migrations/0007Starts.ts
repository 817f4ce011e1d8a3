/**
 * What a lease knows of starts: whether the loss of its worker is a crash of its jobs.
 */
import type { Migration } from "../Migration.ts"

/** Adds the columns: false for leases of jobs that were lent ahead, and of suspects that did not start yet. */
export const starts: Migration = {
  id: 7,
  name: "starts",
  up: (s) => [`alter table ${s}.lease add column has_started boolean not null default true`],
  down: (s) => [`alter table ${s}.lease drop column has_started`]
}
