import { assert, describe, it } from "@effect/vitest"
import { Duration, Option, Schema } from "effect"
import * as DurationText from "../src/DurationText.ts"

const minutes = (text: string) => Option.getOrUndefined(Option.map(DurationText.parse(text), Duration.toMinutes))

describe("DurationText", () => {
  it("reads a number and a unit", () => {
    assert.strictEqual(minutes("1 hour"), 60)
    assert.strictEqual(minutes("90 seconds"), 1.5)
    assert.strictEqual(minutes("0.5 minutes"), 0.5)
    assert.strictEqual(minutes("1 week"), 7 * 24 * 60)
    assert.strictEqual(minutes("-5 minutes"), -5)
  })

  it("reads nothing else", () => {
    const texts = [
      "",
      "1",
      "hour",
      "1hour",
      "1  hour",
      " 1 hour",
      "1 hour ",
      "1 Hour",
      "Infinity",
      "1 fortnight",
      "1e3 seconds",
      "1 nano",
      "١ hour"
    ]
    for (const text of texts) assert.isUndefined(minutes(text), text)
  })

  const schema = DurationText.between({
    minimum: Duration.zero,
    maximum: Duration.days(1),
    message: "Expected up to a day",
    description: "A wait"
  })

  it("lets pass what lies between the limits, themselves included", () => {
    for (const text of ["0 seconds", "1 day", "24 hours"]) assert.isTrue(Schema.is(schema)(text), text)
  })

  it("refuses what lies outside, and says what would be right", () => {
    for (const text of ["-1 milli", "25 hours", "999999999999999 weeks"]) {
      const decoded = Schema.decodeUnknownResult(schema)(text)
      assert.strictEqual(decoded._tag === "Failure" ? decoded.failure.message : "", "Expected up to a day")
    }
    const decoded = Schema.decodeUnknownResult(schema)("soon")
    assert.include(decoded._tag === "Failure" ? decoded.failure.message : "", "Expected a duration such as")
  })
})
