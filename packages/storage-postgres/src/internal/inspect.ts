/** Reading what the storage tells of itself beside the jobs. */
import * as Bounds from "@millrace/storage/Bounds"
import type { ExplainFacts, LimitFacts, LogEntry, TenantQuery, TenantRecord } from "@millrace/storage/Inspection"
import * as JobId from "@millrace/storage/JobId"
import type { LimitRecord, LimitRule } from "@millrace/storage/Limit"
import type { PauseRecord } from "@millrace/storage/PauseRecord"
import type { Inspect } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as statements from "../statements/inspect.ts"
import * as queries from "../statements/query.ts"
import * as List from "./list.ts"
import * as Query from "./query.ts"
import * as Release from "./release.ts"
import * as Rows from "./rows.ts"
import type { Row, Session } from "./session.ts"

/** Log lines of a job that are read at most. */
const logsMax = 1000

/** Tenants of a page when a query names no limit. */
const tenantsDefault = 100

/** The reads of a session. */
export const make = (session: Session): Inspect => ({
  history: Query.makeHistory(session),
  logs: makeLogs(session),
  explain: makeExplain(session),
  limits: makeLimits(session),
  tenants: makeTenants(session)
})

const makeLogs = (session: Session) => {
  const text = statements.logs(session.schema)
  return (id: JobId.JobId) =>
    Rows.isId(id)
      ? Effect.map(session.rows("logs", text, [id, logsMax]), (rows) => rows.map(toLogEntry))
      : Effect.succeed([])
}

/**
 * The facts of a job and the job itself come by two statements; a job that moved between them is read again, for its facts
 * would be those of another moment.
 */
const makeExplain = (session: Session) => {
  const text = statements.explain(session.schema)
  const workersText = queries.workers(session.schema)
  const list = List.make(session)
  const waitedFor = Release.makeWaitedFor(session)
  return Effect.fnUntraced(
    function*(id: JobId.JobId): Effect.fn.Return<ExplainFacts | null, StorageError.StorageError> {
      if (!Rows.isId(id)) return null
      for (let round = 1;; round++) {
        const [row] = yield* session.rows("explain", text, [yield* session.now, id])
        const { items: [job] } = yield* list({ ids: [id], limit: 1 })
        if (job === undefined && row === undefined) return null
        if (job === undefined || row === undefined || !isAt(job.state, row["place"] as string)) {
          if (round < roundsMax) continue
          return yield* Effect.fail(moving(id))
        }
        const workers = (yield* session.rows("explain", workersText, [])).map(Rows.toWorkerRecord)
        return { ...toFacts(row, job, workers), parents: job.state === "pending" ? yield* waitedFor(id) : [] }
      }
    }
  )
}

/** How often a job may move between two looks. */
const roundsMax = 10

const moving = (id: JobId.JobId) =>
  new StorageError.StorageError({
    reason: new StorageError.Conflict({ operation: "explain", detail: `job ${id} changes its state again and again` })
  })

const isAt = (state: ExplainFacts["job"]["state"], place: string): boolean => {
  switch (state) {
    case "available":
      return place === "ready" || place === "suspect"
    case "running":
      return place === "lease"
    case "completed":
    case "cancelled":
      return place === "finished"
    case "dead":
    case "quarantined":
      return place === "dead"
    case "pending":
      return place === "pending"
    default:
      return place === "scheduled"
  }
}

const makeLimits = (session: Session): Inspect["limits"] => {
  const text = statements.limits(session.schema)
  return Effect.flatMap(
    session.now,
    (now) => Effect.map(session.rows("limits", text, [now]), (rows) => rows.map(toLimitRecord))
  )
}

const makeTenants = (session: Session) => {
  const text = statements.tenants(session.schema)
  return Effect.fnUntraced(function*(query: TenantQuery) {
    const reason = Bounds.checkTenants(query)
    if (reason !== null) return yield* Effect.fail(new StorageError.StorageError({ reason }))
    const params = [yield* session.now, query.after ?? null, query.limit ?? tenantsDefault]
    return (yield* session.rows("tenants", text, params)).map(toTenantRecord)
  })
}

const toLogEntry = (row: Row): LogEntry => ({
  at: toInstant(row["at"]),
  token: row["token"] as number,
  level: row["level"] as string,
  message: row["message"] as string
})

const toFacts = (
  row: Row,
  job: ExplainFacts["job"],
  workers: ExplainFacts["workers"]
): Omit<ExplainFacts, "parents"> => {
  const now = toInstant(row["at"])
  return {
    now,
    job,
    expiresAt: toInstantOrNull(row["expires_at"]),
    isSuspect: row["place"] === "suspect",
    pauses: (row["pauses"] as ReadonlyArray<Row>).map(toPause).toSorted(byWhat),
    limits: (row["limits"] as ReadonlyArray<Row>).map((limit) => toLimitFacts(limit, job.id, now)),
    ahead: Math.min(1000, row["ahead"] as number),
    workers: workers.filter((worker) => DateTime.isGreaterThan(worker.expiresAt, now))
  }
}

const order = ["queue", "tenant", "name", "limit"]

const byWhat = (a: PauseRecord, b: PauseRecord): number =>
  order.indexOf(a.what) - order.indexOf(b.what) || (a.key === null ? -1 : b.key === null ? 1 : a.key < b.key ? -1 : 1)

const toPause = (row: Row): PauseRecord => ({
  what: row["what"] as PauseRecord["what"],
  name: row["name"] as string,
  key: (row["key"] ?? null) as string | null,
  since: toInstant(row["since"]),
  until: toInstantOrNull(row["until"])
})

/** What counts as nothing: an error of rounding. */
const epsilon = 1e-9

const toLimitFacts = (row: Row, id: JobId.JobId, now: DateTime.Utc): LimitFacts => {
  const rule = row["kind"] === null ? null : toRule(row)
  const weight = row["weight"] as number
  const tokens = row["tokens"] as number | null
  const held = (row["held"] ?? 0) as number
  const isOpen = rule !== null && row["paused"] !== true && rule.max > 0 && hasRoom(rule, row, id, weight)
  const next = row["next"] as string | null
  return {
    name: row["name"] as string,
    key: row["key"] as string,
    weight,
    rule,
    isOpen,
    held,
    holders: held > 0
      ? (row["holders"] as ReadonlyArray<string>).map(JobId.makeUnsafe)
      : next === null || next === id
      ? []
      : [JobId.makeUnsafe(next)],
    tokens,
    opensAt: isOpen || rule === null || tokens === null ? null : opensAt(rule, tokens, weight, now)
  }
}

const hasRoom = (rule: LimitRule, row: Row, id: JobId.JobId, weight: number): boolean => {
  switch (rule.kind) {
    case "concurrency":
      return (row["held"] as number) < rule.max
    case "order":
      return row["next"] === id
    case "rate":
    case "window": {
      const full = rule.kind === "rate" ? rule.burst ?? rule.max : rule.max
      return full > 0 && (row["tokens"] as number) + epsilon >= Math.min(weight, full)
    }
  }
}

const opensAt = (rule: LimitRule, tokens: number, weight: number, now: DateTime.Utc): DateTime.Utc | null => {
  if (rule.perMillis === null || rule.max <= 0) return null
  const at = DateTime.toEpochMillis(now)
  if (rule.kind === "window") {
    return DateTime.makeUnsafe(Math.floor(at / rule.perMillis) * rule.perMillis + rule.perMillis)
  }
  const missing = Math.min(weight, rule.burst ?? rule.max) - tokens
  return DateTime.makeUnsafe(at + Math.max(0, Math.ceil((missing * rule.perMillis) / rule.max - epsilon)))
}

/** The server's function answers the burst that counts; a rule without one of its own counts as many as `max`. */
const toRule = (row: Row): LimitRule => ({
  name: row["name"] as string,
  kind: row["kind"] as LimitRule["kind"],
  max: row["max"] as number,
  perMillis: row["per_ms"] as number | null,
  burst: row["burst"] as number | null
})

const toLimitRecord = (row: Row): LimitRecord => ({
  rule: toRule(row),
  release: row["release"] as string,
  declaredAt: toInstant(row["declared_at"]),
  overrides: (row["overrides"] as ReadonlyArray<Row>).map((one) => ({
    key: one["all_keys"] === true ? null : one["key"] as string,
    max: one["max"] as number | null,
    perMillis: one["per_ms"] as number | null,
    burst: one["burst"] as number | null,
    expiresAt: toInstantOrNull(one["until"])
  })),
  pauses: (row["pauses"] as ReadonlyArray<Row>).map((one) =>
    toPause({ ...one, key: one["all_keys"] === true ? null : one["key"] })
  ),
  uses: row["uses"] as LimitRecord["uses"],
  changes: (row["changes"] as ReadonlyArray<Row>).map((one) => ({
    at: toInstant(one["at"]),
    fromRelease: one["from_release"] as string | null,
    toRelease: one["to_release"] as string,
    before: one["before"] as LimitRule | null,
    after: one["after"] as LimitRule
  }))
})

const toTenantRecord = (row: Row): TenantRecord => ({
  tenant: row["tenant"] as string,
  weights: row["weights"] as TenantRecord["weights"],
  pausedAt: toInstantOrNull(row["paused_at"]),
  available: row["available"] as number,
  running: row["running"] as number
})

/** Instants inside of JSON are text. */
const toInstant = (value: unknown): DateTime.Utc => DateTime.makeUnsafe(value as Date | string)

const toInstantOrNull = (value: unknown): DateTime.Utc | null =>
  value === null || value === undefined ? null : toInstant(value)
