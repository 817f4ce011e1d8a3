import { assert, describe, it } from "@effect/vitest"
import type { ScheduleRecord } from "@millrace/storage"
import { JobId } from "@millrace/storage"
import { DateTime, Schema } from "effect"
import * as ScheduleView from "../src/ScheduleView.ts"

const at = DateTime.makeUnsafe("2026-11-22T08:00:00Z")

const record = {
  name: "nightly",
  owner: null,
  timing: { _tag: "Cron", cron: "0 8 * * *", timeZone: "UTC" },
  job: {
    name: "Echo",
    payload: 1,
    queue: "q",
    tenant: "",
    priority: 50,
    maxAttempts: 3,
    timeoutMillis: null,
    tags: []
  },
  jitterMillis: 0,
  overlap: "queue",
  misfire: { _tag: "CatchUp", max: 3, windowMillis: 60_000 },
  nextAt: at,
  pausedAt: null,
  declaredAt: null,
  droppedAt: null,
  createdAt: at,
  updatedAt: at,
  last: { instant: at, jobId: JobId.makeUnsafe(7) }
} as unknown as ScheduleRecord.ScheduleRecord

describe("ScheduleView", () => {
  it("shows each timing in its own fields, and the others as null", () => {
    const shown = (timing: ScheduleRecord.ScheduleTiming) => {
      const { at, cron, everyMillis, from, timeZone } = ScheduleView.fromRecord({ ...record, timing })
      return { at, cron, everyMillis, from, timeZone }
    }
    const nothing = { cron: null, timeZone: null, everyMillis: null, from: null, at: null }
    assert.deepStrictEqual(shown(record.timing), { ...nothing, cron: "0 8 * * *", timeZone: "UTC" })
    assert.deepStrictEqual(
      shown({ _tag: "Every", everyMillis: 60_000, anchorMillis: DateTime.toEpochMillis(at) }),
      { ...nothing, everyMillis: 60_000, from: at }
    )
    assert.deepStrictEqual(shown({ _tag: "Once", atMillis: DateTime.toEpochMillis(at) }), { ...nothing, at })
  })

  it("writes instants as text, no tenant as null, and misfires as they were sent", () => {
    const wire = Schema.encodeSync(Schema.toCodecJson(ScheduleView.ScheduleView))(ScheduleView.fromRecord(record))
    assert.deepInclude(wire, {
      nextAt: "2026-11-22T08:00:00.000Z",
      paused: false,
      misfire: { catchUp: { max: 3, windowMillis: 60_000 } },
      last: { instant: "2026-11-22T08:00:00.000Z", jobId: "7" }
    })
    assert.isNull(ScheduleView.fromRecord(record).job.tenant)
    assert.strictEqual(ScheduleView.fromRecord({ ...record, misfire: { _tag: "Skip" } }).misfire, "skip")
  })
})
