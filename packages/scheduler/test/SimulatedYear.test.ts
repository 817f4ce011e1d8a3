/**
 * Fifty schedules through a year: each fires at the instants of the oracle and at no other.
 */
import { assert, describe, it } from "@effect/vitest"
import { ScheduleStorage } from "@millrace/storage"
import { DateTime, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Scheduler from "../src/Scheduler.ts"
import * as Oracle from "./oracle/cronOracle.ts"
import * as TestScheduler from "./TestScheduler.ts"

const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"]

/** Ten schedules in each of five zones. */
const crons = [
  "20 */2 * * *",
  "0 * * * *",
  "15 */6 * * *",
  "30 2 * * *",
  "0 0 * * *",
  "45 1 * * SUN",
  "0 9 * * 1-5",
  "0 3 L * *",
  "0 12 13 * 5",
  "0 8 * * MON#1"
]

const schedules = zones.flatMap((timeZone) =>
  crons.map((cron, index) => ({ name: `${timeZone} ${index}`, cron, timeZone, job: TestScheduler.report }))
)

const startMillis = Date.parse(TestScheduler.start)
const yearMillis = 365 * 86_400_000

const allTicks = Effect.gen(function*() {
  const storage = yield* ScheduleStorage.ScheduleStorage
  const found = new Map<string, Array<number>>()
  let before: string | undefined
  for (;;) {
    const page = yield* storage.ticks({ limit: 1000, ...(before === undefined ? {} : { before }) })
    for (const tick of page.items) {
      assert.strictEqual(tick.outcome, "fired")
      found.set(tick.schedule, [...found.get(tick.schedule) ?? [], DateTime.toEpochMillis(tick.instant)])
    }
    if (page.next === null) return found
    before = page.next
  }
})

describe("a year", () => {
  it.effect("of fifty schedules has exactly the instants of the oracle", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      for (const schedule of schedules) yield* scheduler.create(schedule)
      yield* TestClock.adjust(yearMillis)
      const found = yield* allTicks
      for (const timeZone of zones) {
        const window = Oracle.look(timeZone, startMillis - 86_400_000, startMillis + yearMillis + 60_000)
        for (const { cron, name } of schedules.filter((schedule) => schedule.timeZone === timeZone)) {
          const expected = Oracle.instantsOf(cron, window).filter((millis) =>
            millis > startMillis && millis <= startMillis + yearMillis
          )
          const actual = new Set(found.get(name))
          const wanted = new Set(expected)
          assert.deepStrictEqual(expected.filter((millis) => !actual.has(millis)), [], `${name} ${cron} missed`)
          assert.deepStrictEqual([...actual].filter((millis) => !wanted.has(millis)), [], `${name} ${cron} in excess`)
          assert.strictEqual(found.get(name)?.length, expected.length, `${name} ${cron} twice`)
        }
      }
    }).pipe(Effect.provide(TestScheduler.layer({ pollInterval: "1 day" }))), 300_000)
})
