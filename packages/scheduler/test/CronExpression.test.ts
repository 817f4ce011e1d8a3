import { assert, describe, it } from "@effect/vitest"
import { Cron, Result } from "effect"
import * as CronExpression from "../src/CronExpression.ts"
import * as NextFire from "../src/internal/nextFire.ts"

/** Why an expression is refused: the position and some words. */
const refusal = (text: string): readonly [position: number | null, detail: string] => {
  const error = Result.flip(CronExpression.parse(text))
  assert(Result.isSuccess(error), `${text} was taken`)
  assert.strictEqual(error.success.field, "cron")
  return [error.success.position, error.success.detail]
}

/** The first instants of 2026 in UTC. */
const first = (cron: string, count: number): ReadonlyArray<string> => {
  const clockwork = NextFire.clockworkOf({ _tag: "Cron", cron, timeZone: "UTC" })
  assert(clockwork !== null, cron)
  const found: Array<string> = []
  let millis: number | null = Date.UTC(2026, 0, 1) - 1
  while (found.length < count && millis !== null) {
    millis = NextFire.next(clockwork, millis)
    if (millis !== null) found.push(new Date(millis).toISOString().replace(":00.000Z", ""))
  }
  return found
}

describe("a cron expression", () => {
  it("has five fields, or six with the seconds first", () => {
    assert.deepStrictEqual(first("30 9 * * *", 2), ["2026-01-01T09:30", "2026-01-02T09:30"])
    assert.deepStrictEqual(first("15,45 30 9 * * *", 2), ["2026-01-01T09:30:15.000Z", "2026-01-01T09:30:45.000Z"])
    assert.deepStrictEqual(first("  0\t12 1   1 * ", 1), ["2026-01-01T12:00"])
  })

  it("takes names, ranges, steps and lists in any case", () => {
    assert.deepStrictEqual(first("0 0 1 FEB,dec *", 2), ["2026-02-01T00:00", "2026-12-01T00:00"])
    assert.deepStrictEqual(first("0 0 * * Sat-Sun", 3), ["2026-01-03T00:00", "2026-01-04T00:00", "2026-01-10T00:00"])
    assert.deepStrictEqual(first("10-40/15 5/9 1 1 *", 4), [
      "2026-01-01T05:10",
      "2026-01-01T05:25",
      "2026-01-01T05:40",
      "2026-01-01T14:10"
    ])
    assert.deepStrictEqual(first("0 0 * * 7", 1), first("0 0 * * 0", 1))
  })

  it("knows last days and the nth weekday", () => {
    assert.deepStrictEqual(first("0 0 L * *", 3), ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-31T00:00"])
    assert.deepStrictEqual(first("0 0 L-1 2 *", 1), ["2026-02-27T00:00"])
    assert.deepStrictEqual(first("0 0 15,L * *", 2), ["2026-01-15T00:00", "2026-01-31T00:00"])
    assert.deepStrictEqual(first("0 0 * * 5L", 2), ["2026-01-30T00:00", "2026-02-27T00:00"])
    assert.deepStrictEqual(first("0 0 * * MON#2", 2), ["2026-01-12T00:00", "2026-02-09T00:00"])
    assert.deepStrictEqual(first("0 0 29 2 *", 2), ["2028-02-29T00:00", "2032-02-29T00:00"])
    assert.deepStrictEqual(first("0 0 31 * *", 3), ["2026-01-31T00:00", "2026-03-31T00:00", "2026-05-31T00:00"])
  })

  it("takes a day that fits either field, and both when one begins with a star", () => {
    assert.deepStrictEqual(first("0 0 13 * FRI", 4), [
      "2026-01-02T00:00",
      "2026-01-09T00:00",
      "2026-01-13T00:00",
      "2026-01-16T00:00"
    ])
    assert.deepStrictEqual(first("0 0 */10 * FRI", 1), ["2026-05-01T00:00"])
    assert.deepStrictEqual(first("0 0 1-7 * ?", 2), ["2026-01-01T00:00", "2026-01-02T00:00"])
  })

  it("has names for common times", () => {
    assert.deepStrictEqual(first("@hourly", 2), ["2026-01-01T00:00", "2026-01-01T01:00"])
    assert.deepStrictEqual(first("@Weekly", 1), ["2026-01-04T00:00"])
    assert.deepStrictEqual(first("@annually", 2), first("@yearly", 2))
  })

  it("is an interval when its minute or hour begins with a star", () => {
    const isInterval = (text: string) => Result.getOrThrow(CronExpression.parse(text)).isInterval
    assert.deepStrictEqual(
      ["* 2 * * *", "*/5 1-3 * * *", "30 * * * *", "0 */2 * * *", "* 30 2 * * *", "30 2 * * *"].map(isInterval),
      [true, true, true, true, false, false]
    )
  })

  it("F51: is refused with the place of the mistake", () => {
    const places: ReadonlyArray<readonly [text: string, position: number]> = [
      ["60 * * * *", 0],
      ["* 24 * * *", 2],
      ["0 0 0 * *", 4],
      ["0 0 32 * *", 4],
      ["0 0 * 13 *", 6],
      ["0 0 * * 8", 8],
      ["0 0 * * MON,XYZ", 12],
      ["*/0 * * * *", 2],
      ["*/-2 * * * *", 2],
      ["*/60 * * * *", 2],
      ["1/2/3 * * * *", 3],
      ["5-1 * * * *", 2],
      ["1-2-3 * * * *", 3],
      ["1,,2 * * * *", 2],
      ["0 0 L-31 * *", 6],
      ["0 0 15W * *", 4],
      ["0 0 * * MON#6", 12],
      ["0 0 * * L", 8],
      ["1.5 * * * *", 0],
      ["0x1 * * * *", 0],
      ["٣ * * * *", 0],
      ["@often", 0],
      ["* * * *", 7],
      ["* * * * * * *", 13],
      ["", 0],
      ["0 0 30 2 *", 4],
      ["0 0 31 2,4,6,9,11 *", 4],
      ["0 0 L-30 2 *", 4]
    ]
    for (const [text, position] of places) assert.strictEqual(refusal(text)[0], position, text)
  })

  it("is refused at once when it is hostile", () => {
    assert.deepStrictEqual(refusal("1,".repeat(20_000))[0], 256)
    assert.deepStrictEqual(refusal("0 ".repeat(100))[1], "expected 5 or 6 fields, found 100")
    for (const text of [`${"9".repeat(250)} * * * *`, `*/${"9".repeat(200)} * * * *`]) assert.isString(refusal(text)[1])
  })

  it("means what Effect's Cron means by it, in UTC", () => {
    for (const text of ["*/7 3-9 * * *", "0 0 13 * 5", "5 4 1,15 */3 *", "30 6 * 2 1-5", "20 10 9 8 * *"]) {
      const theirs = Cron.sequence(Cron.parseUnsafe(text, "UTC"), new Date(Date.UTC(2026, 0, 1) - 1000))
      const expected = Array.from({ length: 50 }, () => theirs.next().value.toISOString().replace(":00.000Z", ""))
      assert.deepStrictEqual(first(text, 50), expected, text)
    }
  })
})
