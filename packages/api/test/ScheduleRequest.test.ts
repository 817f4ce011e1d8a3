import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as ScheduleRequest from "../src/ScheduleRequest.ts"

const takes = (body: unknown) =>
  Schema.decodeUnknownResult(Schema.toCodecJson(ScheduleRequest.CreateSchedule), { onExcessProperty: "error" })(body)
    ._tag === "Success"

const job = { name: "Echo", payload: 1 }

describe("ScheduleRequest", () => {
  it("takes every form of a schedule", () => {
    assert.isTrue(takes({ name: "a", cron: "* * * * *", timeZone: "Europe/Berlin", job }))
    assert.isTrue(takes({ name: "a", every: "1 hour", from: "2026-01-01T00:00:00Z", job, jitter: "0 seconds" }))
    assert.isTrue(takes({ name: "a", at: "2100-01-01T00:00:00Z", job, overlap: "skip", misfire: "skip" }))
    assert.isTrue(takes({ name: "a", every: "1 hour", job, misfire: { catchUp: { max: 3, window: "1 day" } } }))
  })

  it("refuses what no schedule can have", () => {
    const wrong = [
      { every: "1 hour", job },
      { name: "", every: "1 hour", job },
      { name: "a", every: "1 milli", job },
      { name: "a", every: "1 hour", job, jitter: "2 days" },
      { name: "a", every: "1 hour", job, misfire: { catchUp: { max: 0, window: "1 day" } } },
      { name: "a", every: "1 hour", job: { ...job, delay: "1 hour" } },
      { name: "a", at: "2100-01-01T00:00:00", job },
      { name: "a", crn: "* * * * *", job }
    ]
    for (const body of wrong) assert.isFalse(takes(body), JSON.stringify(body))
  })
})
