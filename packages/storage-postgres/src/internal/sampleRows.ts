/** Rows of samples and alerts as values of the port. */
import type { Alert } from "@millrace/storage/Alert"
import type { QueueProbe, Sample, Spread } from "@millrace/storage/Sample"
import * as DateTime from "effect/DateTime"
import type { Row } from "./session.ts"

const instant = (value: unknown): DateTime.Utc => DateTime.makeUnsafe(value as Date)

const numberOrNull = (value: unknown): number | null => value as number | null

/** The three ranks and the average come as an array. */
const toSpread = (value: unknown): Spread | null => {
  if (value === null) return null
  const [p50 = 0, p95 = 0, p99 = 0, mean = 0] = value as ReadonlyArray<number>
  return { mean, p50, p95, p99 }
}

/** The probe of a row. */
export const toProbe = (row: Row): QueueProbe => ({
  queue: row["queue"] as string,
  oldestWaitingMillis: numberOrNull(row["oldest"]),
  longestRunningMillis: numberOrNull(row["longest"]),
  completed: row["completed"] as number,
  cancelled: row["cancelled"] as number,
  dead: row["dead"] as number,
  waits: toSpread(row["waits"]),
  runs: toSpread(row["runs"]),
  waitingNames: row["names"] as ReadonlyArray<string>
})

/** The sample of a row. */
export const toSample = (row: Row): Sample => ({
  at: instant(row["at"]),
  queue: row["queue"] as string,
  spanMillis: row["span_ms"] as number,
  counts: row["counts"] as Sample["counts"],
  oldestWaitingMillis: numberOrNull(row["oldest_ms"]),
  longestRunningMillis: numberOrNull(row["longest_ms"]),
  completed: row["completed"] as number,
  cancelled: row["cancelled"] as number,
  dead: row["dead"] as number,
  waits: row["waits"] as Spread | null,
  runs: row["runs"] as Spread | null,
  workers: row["workers"] as number,
  slots: row["slots"] as number
})

/** The alert of a row. */
export const toAlert = (row: Row): Alert => ({
  id: String(row["id"]),
  rule: row["rule"] as Alert["rule"],
  queue: row["queue"] as string,
  name: row["name"] as string,
  value: row["value"] as number,
  threshold: row["threshold"] as number,
  state: row["resolved_at"] === null ? "firing" : "resolved",
  since: instant(row["since"]),
  resolvedAt: row["resolved_at"] === null ? null : instant(row["resolved_at"])
})
