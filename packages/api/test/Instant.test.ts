import { assert, describe, it } from "@effect/vitest"
import { DateTime, Result, Schema } from "effect"
import * as Instant from "../src/Instant.ts"

const read = (text: unknown) =>
  Result.getOrUndefined(Result.map(Schema.decodeUnknownResult(Instant.Instant)(text), DateTime.formatIso))

describe("Instant", () => {
  it("reads instants with a zone", () => {
    assert.strictEqual(read("2026-11-22T08:00:00Z"), "2026-11-22T08:00:00.000Z")
    assert.strictEqual(read("2026-11-22T08:00+02:00"), "2026-11-22T06:00:00.000Z")
    assert.strictEqual(read("2026-11-22T08:00:00.123456Z"), "2026-11-22T08:00:00.123Z")
  })

  it("refuses instants without a zone, impossible ones, and everything else", () => {
    const texts = [
      "2026-11-22T08:00:00",
      "2026-11-22",
      "2026-13-01T00:00:00Z",
      "2026-11-22T25:00:00Z",
      "tomorrow",
      "",
      0,
      null,
      "+999999-01-01T00:00:00Z"
    ]
    for (const text of texts) assert.isUndefined(read(text), String(text))
  })

  it("writes ISO 8601 in UTC", () => {
    const instant = Schema.decodeUnknownSync(Instant.Instant)("2026-11-22T08:00+02:00")
    assert.strictEqual(Schema.encodeSync(Instant.Instant)(instant), "2026-11-22T06:00:00.000Z")
  })
})
