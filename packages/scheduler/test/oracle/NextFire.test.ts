/**
 * The next-fire rule against the oracle: every IANA zone, clock changes from 2020 to 2040, 200 expressions.
 *
 * Every run looks at one clock change of every zone, and at some ordinary times, with some of the expressions, chosen by a seed
 * that is printed on failure (`MILLRACE_ORACLE_SEED`). `MILLRACE_ORACLE=full` looks at all changes with all expressions:
 * for releases, some ten minutes.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Firing from "../../src/internal/firing.ts"
import * as NextFire from "../../src/internal/nextFire.ts"
import * as Oracle from "./cronOracle.ts"
import { expressions, random } from "./expressions.ts"

const isFull = process.env["MILLRACE_ORACLE"] === "full"
const seed = Number(process.env["MILLRACE_ORACLE_SEED"] ?? 1)

const firstMillis = Date.UTC(2020, 0, 1)
const lastMillis = Date.UTC(2041, 0, 1)
const minute = 60_000
const aroundMillis = 36 * 60 * minute

const zones = [...Intl.supportedValuesOf("timeZone"), "UTC"]

const isoOf = (millis: number) => new Date(millis).toISOString()

/** Differences of one window, as lines. */
const differences = (timeZone: string, middleMillis: number, texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const from = Math.floor((middleMillis - aroundMillis) / minute) * minute
  const window = Oracle.look(timeZone, from, from + 2 * aroundMillis)
  return texts.flatMap((cron) => {
    const clockwork = NextFire.clockworkOf({ _tag: "Cron", cron, timeZone })
    if (clockwork === null) return [`${timeZone} ${cron}: refused`]
    const expected = Oracle.instantsOf(cron, window)
    const actual = Firing.between(clockwork, window.fromMillis, window.toMillis - 1)
    // From one millisecond before, as a late tick asks.
    const found = expected.filter((millis) => NextFire.next(clockwork, millis - 1) !== millis)
    if (found.length > 0) return [`${timeZone} ${cron}: not found again: ${found.map(isoOf).join(" ")}`]
    if (expected.length === actual.length && expected.every((millis, index) => millis === actual[index])) return []
    const missed = expected.filter((millis) => !actual.includes(millis)).map(isoOf)
    const extra = actual.filter((millis) => !expected.includes(millis)).map(isoOf)
    return [`${timeZone} ${cron}: missed ${missed.join(" ")}; extra ${extra.join(" ")} (seed ${seed})`]
  })
}

const sample = (timeZone: string, unit: () => number): ReadonlyArray<string> => {
  const year = 2020 + Math.floor(unit() * 21)
  const changes = Oracle.changesOf(timeZone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))
  const change = changes[Math.floor(unit() * changes.length)]
  const ordinary = firstMillis + unit() * (lastMillis - firstMillis)
  const some = (count: number) =>
    Array.from({ length: count }, () => expressions[Math.floor(unit() * expressions.length)] ?? "")
  return [
    ...change === undefined ? [] : differences(timeZone, change, some(20)),
    ...change === undefined || unit() < 0.2 ? differences(timeZone, ordinary, some(20)) : []
  ]
}

const all = (timeZone: string): ReadonlyArray<string> => {
  const changes = Oracle.changesOf(timeZone, firstMillis, lastMillis)
  return (changes.length === 0 ? [firstMillis + lastMillis / 2] : changes).flatMap((change) =>
    differences(timeZone, change, expressions)
  )
}

describe("next fire", () => {
  it(
    `agrees with the oracle in every zone (${isFull ? "all changes" : `seed ${seed}`})`,
    { timeout: 7_200_000 },
    () => {
      const unit = random(seed)
      const found: Array<string> = []
      for (const timeZone of zones) {
        found.push(...isFull ? all(timeZone) : sample(timeZone, unit))
        if (found.length > 20) break
      }
      assert.deepStrictEqual(found, [])
    }
  )

  it("has 200 expressions that all mean something", () => {
    assert.strictEqual(new Set(expressions).size, 200)
    assert(zones.length > 400)
  })

  it("F46: agrees with the oracle where clocks do what nobody expects", { timeout: 60_000 }, () => {
    const places: ReadonlyArray<readonly [timeZone: string, day: string]> = [
      // Half an hour forward, half an hour back.
      ["Australia/Lord_Howe", "2026-10-03T15:30:00Z"],
      ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
      // Two hours forward, two hours back.
      ["Antarctica/Troll", "2026-03-29T01:00:00Z"],
      ["Antarctica/Troll", "2026-10-25T01:00:00Z"],
      // A whole day that never was.
      ["Pacific/Apia", "2011-12-30T10:00:00Z"],
      // The gap begins at midnight.
      ["America/Santiago", "2026-09-06T04:00:00Z"],
      ["Africa/Cairo", "2026-04-23T22:00:00Z"],
      ["Asia/Beirut", "2026-03-28T22:00:00Z"],
      ["America/Havana", "2026-03-08T05:00:00Z"],
      // Midnight comes twice.
      ["America/Havana", "2026-11-01T05:00:00Z"],
      ["Atlantic/Azores", "2026-10-25T01:00:00Z"],
      // Another offset for the month of Ramadan.
      ["Africa/Casablanca", "2026-02-15T02:00:00Z"],
      ["Africa/Casablanca", "2026-03-22T02:00:00Z"],
      // A standard time that moved by three hours.
      ["Antarctica/Casey", "2023-03-08T16:00:00Z"],
      ["America/New_York", "2026-03-08T07:00:00Z"],
      ["America/New_York", "2026-11-01T06:00:00Z"],
      ["Europe/Dublin", "2026-10-25T01:00:00Z"]
    ]
    assert.deepStrictEqual(
      places.flatMap(([timeZone, at]) => differences(timeZone, Date.parse(at), expressions)),
      []
    )
  })
})
