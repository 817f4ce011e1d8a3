import { assert, describe, it } from "@effect/vitest"
import { JobId } from "@millrace/storage"
import type { JobRecord } from "@millrace/storage"
import { DateTime, Schema } from "effect"
import * as JobView from "../src/JobView.ts"

const at = DateTime.makeUnsafe("2026-11-22T08:00:00Z")

const record: JobRecord.JobRecord = {
  id: JobId.makeUnsafe(7),
  name: "SendWelcome",
  version: 1,
  state: "running",
  queue: "default",
  tenant: "",
  priority: 50,
  payload: { userId: "u1" },
  result: null,
  error: null,
  attempt: 1,
  failures: 0,
  crashes: 0,
  maxAttempts: 25,
  timeoutMillis: null,
  retry: null,
  uniqueKey: "SendWelcome::u1",
  tags: ["a"],
  token: 1,
  workerId: "w1",
  createdAt: at,
  runAt: at,
  startedAt: at,
  finishedAt: null,
  progress: { value: 0.4, note: "half way" }
}

describe("JobView", () => {
  it("writes a stored job as the API promises", () => {
    const written = Schema.encodeSync(Schema.toCodecJson(JobView.JobView))(JobView.fromRecord(record))
    assert.deepStrictEqual(written, {
      id: "7",
      name: "SendWelcome",
      state: "running",
      queue: "default",
      tenant: null,
      priority: 50,
      payload: { userId: "u1" },
      result: null,
      error: null,
      attempt: 1,
      maxAttempts: 25,
      createdAt: "2026-11-22T08:00:00.000Z",
      runAt: "2026-11-22T08:00:00.000Z",
      startedAt: "2026-11-22T08:00:00.000Z",
      finishedAt: null,
      progress: { value: 0.4, note: "half way" },
      tags: ["a"]
    })
  })

  it("shows a tenant by its name, and no tenant as null", () => {
    assert.isNull(JobView.fromRecord(record).tenant)
    assert.strictEqual(JobView.fromRecord({ ...record, tenant: "t1" }).tenant, "t1")
  })

  it("reads a job with fields of a newer server", () => {
    const written = Schema.encodeSync(Schema.toCodecJson(JobView.JobView))(JobView.fromRecord(record)) as object
    const read = Schema.decodeUnknownSync(Schema.toCodecJson(JobView.JobView))({ ...written, color: "red" })
    assert.deepStrictEqual(read, JobView.fromRecord(record))
  })
})
