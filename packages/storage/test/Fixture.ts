/** A stored job for tests of this package's own modules, with every optional value given. */
import { DateTime } from "effect"
import * as JobId from "../src/JobId.ts"
import type { JobRecord } from "../src/JobRecord.ts"

export const instant = DateTime.makeUnsafe("2026-01-01T00:00:00.123Z")

export const record = (id: string): JobRecord => ({
  id: JobId.makeUnsafe(id),
  name: "SendMail",
  version: 1,
  state: "dead",
  queue: "default",
  tenant: "acme",
  priority: 50,
  payload: { to: ["ada", null, 1.5, { deep: true }] },
  result: [1],
  error: { tag: "Refused", message: "no", stack: "Refused: no", data: { code: 552 } },
  attempt: 3,
  failures: 2,
  crashes: 1,
  maxAttempts: 3,
  timeoutMillis: 1000,
  retry: { backoff: 1 },
  uniqueKey: "k",
  tags: ["a", "b"],
  token: 5,
  workerId: "w1",
  createdAt: instant,
  runAt: instant,
  startedAt: instant,
  finishedAt: instant,
  progress: { value: 0.5, note: "half" },
  checkpoint: { row: 7 }
})
