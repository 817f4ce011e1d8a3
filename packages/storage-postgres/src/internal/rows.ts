/** Rows of the server as values of the port. */
import type { Attempt, AttemptOutcome } from "@millrace/storage/Attempt"
import type { Claim } from "@millrace/storage/Claim"
import * as JobId from "@millrace/storage/JobId"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { WorkerRecord } from "@millrace/storage/WorkerRecord"
import * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import type { Row } from "./session.ts"

/** What all jobs of a lease have in common. */
export interface Lent {
  readonly lease: bigint
  readonly size: number
  readonly level: number
}

/** The lease of a row that has it beside the job. */
export const toLent = (row: Row): Lent => ({
  lease: row["lease"] as bigint,
  size: row["size"] as number,
  level: row["level"] as number
})

/** The claim of a row of the claim statements. */
export const toClaim = (row: Row, queue: string, { lease, level, size }: Lent): Claim => ({
  id: JobId.makeUnsafe(row["id"] as bigint),
  leaseId: leaseId(lease, row["place"] as number, size, (row["limits"] ?? null) !== null),
  token: row["token"] as number,
  name: row["name"] as string,
  version: row["version"] as number,
  queue,
  tenant: row["tenant"] as string,
  priority: level,
  payload: row["payload"] as Claim["payload"],
  attempt: (row["failures"] as number) + (row["crashes"] as number) + 1,
  failures: row["failures"] as number,
  crashes: row["crashes"] as number,
  maxAttempts: row["max_attempts"] as number,
  timeoutMillis: numberOrNull(row["timeout_ms"]),
  retry: (row["retry"] ?? null) as Claim["retry"],
  uniqueKey: row["unique_key"] as string | null,
  limits: toLimits(row),
  tags: (row["tags"] ?? none) as ReadonlyArray<string>,
  createdAtMillis: (row["created_at"] as Date).getTime(),
  hasReport: row["has_report"] as boolean
})

/** Most jobs have none: they share it. */
const none: ReadonlyArray<never> = []

/** The limits of a row, which has them flat: name, key, name, key. */
const toLimits = (row: Row): Claim["limits"] => {
  const flat = (row["limits"] ?? none) as ReadonlyArray<string>
  if (flat.length === 0) return none
  const weights = row["weights"] as ReadonlyArray<number> | null
  return Array.from({ length: flat.length / 2 }, (_, n) => ({
    name: flat[2 * n] ?? "",
    key: flat[2 * n + 1] ?? "",
    weight: weights?.[n] ?? 1
  }))
}

/** The largest number that the server holds as an id. */
const idMax = 9_223_372_036_854_775_807n

/** Whether an id can be that of a job here: 19 digits can say more than the server's integers hold. */
export const isId = (id: JobId.JobId): boolean => BigInt(id) <= idMax

/**
 * Lease, place in it and its size: all that a later write needs to find the job again; and whether the job is under limits,
 * so that the writes of all others need not look for what it holds.
 */
export const leaseId = (lease: bigint, place: number, size: number, isLimited = false): string =>
  `${lease}.${place}.${size}${isLimited ? "l" : ""}`

/** The parts of a lease id; null when it is none. */
export const parseLeaseId = (
  text: string
): { readonly lease: string; readonly place: number; readonly size: number; readonly isLimited: boolean } | null => {
  const [, lease = "", place, size, mark] =
    /^([1-9][0-9]{0,18})\.([1-9][0-9]{0,3})\.([1-9][0-9]{0,3})(l?)$/.exec(text) ?? []
  return lease === "" || BigInt(lease) > idMax
    ? null
    : { lease, place: Number(place), size: Number(size), isLimited: mark === "l" }
}

/** The record of a row of the view `job`. */
export const toRecord = (row: Row): JobRecord => ({
  id: JobId.makeUnsafe(row["id"] as bigint),
  name: row["name"] as string,
  version: row["version"] as number,
  state: row["state"] as JobRecord["state"],
  queue: row["queue"] as string,
  tenant: row["tenant"] as string,
  priority: row["priority"] as number,
  payload: row["payload"] as JobRecord["payload"],
  result: (row["result"] ?? null) as JobRecord["result"],
  error: row["error"] as JobRecord["error"],
  attempt: row["attempt"] as number,
  failures: row["failures"] as number,
  crashes: row["crashes"] as number,
  maxAttempts: row["max_attempts"] as number,
  timeoutMillis: numberOrNull(row["timeout_ms"]),
  retry: (row["retry"] ?? null) as JobRecord["retry"],
  uniqueKey: row["unique_key"] as string | null,
  tags: (row["tags"] ?? []) as ReadonlyArray<string>,
  token: row["token"] as number,
  workerId: row["worker_id"] as string | null,
  createdAt: toInstant(row["created_at"]),
  runAt: toInstant(row["run_at"]),
  startedAt: toInstantOrNull(row["started_at"]),
  finishedAt: toInstantOrNull(row["finished_at"]),
  progress: row["progress"] as JobRecord["progress"],
  ...(row["checkpoint"] === null ? {} : { checkpoint: (row["checkpoint"] as { value: Schema.Json }).value })
})

/** The attempt of a row of the history statement. */
export const toAttempt = (row: Row): Attempt => ({
  attempt: row["attempt"] as number,
  token: row["token"] as number,
  workerId: row["worker_id"] as string | null,
  claimedAt: toInstant(row["claimed_at"]),
  startedAt: toInstantOrNull(row["started_at"]),
  finishedAt: toInstantOrNull(row["finished_at"]),
  outcome: row["outcome"] as AttemptOutcome,
  error: row["error"] as Attempt["error"]
})

/** The record of a row of the workers statement. */
export const toWorkerRecord = (row: Row): WorkerRecord => ({
  id: row["id"] as string,
  info: row["info"] as WorkerRecord["info"],
  startedAt: toInstant(row["started_at"]),
  renewedAt: toInstant(row["renewed_at"]),
  expiresAt: toInstant(row["expires_at"]),
  running: row["running"] as number
})

const toInstant = (value: unknown): DateTime.Utc => DateTime.makeUnsafe(value as Date)

const toInstantOrNull = (value: unknown): DateTime.Utc | null => (value === null ? null : toInstant(value))

const numberOrNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value))
