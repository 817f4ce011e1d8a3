/**
 * What `doctor` makes of the facts: pure judgements, each with a remedy.
 *
 * @since 0.1.0
 */
import type { Facts, TableFacts } from "./DoctorFacts.ts"

/**
 * One judgement: `fail` means that Millrace does not work like this, `warn` that it will be slow or surprising.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Finding {
  readonly check: string
  readonly status: "ok" | "warn" | "fail"
  readonly detail: string
  readonly remedy: string | null
}

const make = (
  check: string,
  status: Finding["status"],
  detail: string,
  remedy: string
): Finding => ({ check, status, detail, remedy: status === "ok" ? null : remedy })

/** Oldest PostgreSQL that the statements are written for. */
const oldestVersion = 140_000

/** Snapshots older than this keep vacuum from removing what claims leave behind. */
const xminWarn = 100_000
const xminFail = 10_000_000

/** A transaction of this age in seconds is forgotten rather than busy. */
const transactionWarn = 600

/** Dead rows beside the live ones, and how many there must be at least to matter. */
const bloatShare = 4
const bloatRows = 10_000

/** Clocks that differ by more make delays and logs of several machines hard to read. The database's clock decides. */
const skewWarn = 1

/** Share of the connections in use from which the next deployment may find none. */
const connectionShare = 0.85

/**
 * Judges.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const judge = (facts: Facts): ReadonlyArray<Finding> => [
  make(
    "version",
    facts.versionNumber >= oldestVersion ? "ok" : "fail",
    `PostgreSQL ${facts.version}`,
    "Millrace needs PostgreSQL 14 or newer"
  ),
  migrationsOf(facts),
  roleOf(facts),
  make(
    "indexes",
    facts.invalidIndexes.length === 0 ? "ok" : "fail",
    facts.invalidIndexes.length === 0 ? "all valid" : `invalid: ${facts.invalidIndexes.join(", ")}`,
    "Rebuild them with `reindex index concurrently`"
  ),
  bloatOf(facts.tables),
  make(
    "autovacuum",
    facts.autovacuum ? "ok" : "fail",
    facts.autovacuum ? "on" : "off",
    "Turn it on: claims leave dead rows behind, which only vacuum removes"
  ),
  make(
    "xmin age",
    facts.xminAge >= xminFail ? "fail" : facts.xminAge >= xminWarn ? "warn" : "ok",
    `the oldest snapshot is ${facts.xminAge} transactions old`,
    "Find who holds it: pg_stat_activity.backend_xmin, pg_replication_slots.xmin, pg_prepared_xacts"
  ),
  make(
    "transactions",
    facts.oldestTransaction >= transactionWarn ? "warn" : "ok",
    `the oldest open one is ${Math.round(facts.oldestTransaction)} seconds old`,
    "End it, or set idle_in_transaction_session_timeout"
  ),
  make(
    "pooler",
    facts.hears ? "ok" : "warn",
    facts.hears ? "notifications arrive" : "notifications do not arrive: a pooler in transaction mode is in between",
    "Workers poll once a second all the same; give them a direct or session-mode URL to be faster"
  ),
  make(
    "clock",
    Math.abs(facts.skew) - facts.roundTrip / 2 > skewWarn ? "warn" : "ok",
    `this machine is ${Math.abs(facts.skew).toFixed(3)} seconds ${facts.skew < 0 ? "behind" : "ahead"}`,
    "Synchronise the clocks (NTP). Leases and schedules go by the database's clock"
  ),
  make(
    "connections",
    facts.connections.used >= facts.connections.most * connectionShare ? "warn" : "ok",
    `${facts.connections.used} of ${facts.connections.most} in use`,
    "Raise max_connections, lower MILLRACE_DATABASE_CONNECTIONS, or put a pooler in front"
  )
]

const migrationsOf = ({ pending }: Facts): Finding =>
  pending === null
    ? make("migrations", "fail", "their status can not be read", "Grant the role usage of the schema")
    : make(
      "migrations",
      pending.length === 0 ? "ok" : "fail",
      pending.length === 0 ? "all applied" : `not applied: ${pending.join(", ")}`,
      "Run `millrace migrate up`"
    )

const roleOf = ({ denied, isSuperuser, role }: Facts): Finding => {
  if (denied.length > 0) {
    const listed = denied.slice(0, 5).join(", ")
    return make("role", "fail", `${role} may not: ${listed}${denied.length > 5 ? ", …" : ""}`, "Grant it")
  }
  return make(
    "role",
    isSuperuser ? "warn" : "ok",
    isSuperuser ? `${role} is a superuser` : role,
    "Use a role of its own: servers and workers need no more than the tables"
  )
}

const bloatOf = (tables: ReadonlyArray<TableFacts>): Finding => {
  const bloated = tables.filter(({ dead, live }) => dead >= bloatRows && dead > live * bloatShare)
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0)
  return make(
    "bloat",
    bloated.length === 0 ? "ok" : "warn",
    bloated.length === 0
      ? `${(total / 1024 / 1024).toFixed(1)} MiB in the tables that change all the time`
      : bloated.map(({ dead, live, name }) => `${name}: ${dead} dead rows beside ${live} live ones`).join("; "),
    "Vacuum them; if that removes nothing, see xmin age"
  )
}

/**
 * The worst of them.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const worst = (findings: ReadonlyArray<Finding>): Finding["status"] =>
  findings.some(({ status }) => status === "fail")
    ? "fail"
    : findings.some(({ status }) => status === "warn")
    ? "warn"
    : "ok"
