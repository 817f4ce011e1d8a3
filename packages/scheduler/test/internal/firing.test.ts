import { assert, describe, it } from "@effect/vitest"
import type { ScheduleRecord } from "@millrace/storage"
import { DateTime, Effect } from "effect"
import * as Firing from "../../src/internal/firing.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import type { MisfireSpec } from "../../src/ScheduleSpec.ts"
import * as TestScheduler from "../TestScheduler.ts"

/** A schedule that was due at the start of the tests, decided so much later. */
const decideAfter = (
  cron: string,
  misfire: MisfireSpec,
  lateMillis: number
) =>
  Effect.gen(function*() {
    const scheduler = yield* Scheduler.Scheduler
    const made: ScheduleRecord.ScheduleRecord = yield* scheduler.create({
      name: "s",
      cron,
      misfire,
      job: TestScheduler.report
    })
    const start = Date.parse(TestScheduler.start)
    const due = { ...made, nextAt: DateTime.makeUnsafe(start) }
    const { fire, nextAt } = Firing.decide(due, DateTime.makeUnsafe(start + lateMillis))
    return {
      nextAt: TestScheduler.iso(nextAt),
      fire: fire.map(({ instant, missed, outcome }) => `${TestScheduler.iso(instant)} ${outcome} ${missed}`)
    }
  }).pipe(Effect.provide(TestScheduler.layer({ ticks: false })))

const minutes = (count: number) => count * 60_000
const days = (count: number) => count * 86_400_000

describe("a late tick", () => {
  it.effect("fires every instant of the last minute, whatever the policy", () =>
    Effect.gen(function*() {
      for (const misfire of ["skip", "runOnce", { catchUp: { max: 1, window: "1 day" } }] as const) {
        const { fire, nextAt } = yield* decideAfter("*/20 * * * * *", misfire, 59_999)
        assert.deepStrictEqual(fire, [
          "2026-01-01T00:00:00.000Z fired 0",
          "2026-01-01T00:00:20.000Z fired 0",
          "2026-01-01T00:00:40.000Z fired 0"
        ])
        assert.strictEqual(nextAt, "2026-01-01T00:01:00.000Z")
      }
    }))

  it.effect("skips what is older, and says how much", () =>
    Effect.gen(function*() {
      const { fire, nextAt } = yield* decideAfter("*/10 * * * *", "skip", minutes(35))
      assert.deepStrictEqual(fire, ["2026-01-01T00:30:00.000Z missed 3"])
      assert.strictEqual(nextAt, "2026-01-01T00:40:00.000Z")
    }))

  it.effect("runs the latest once for all, unless one in time runs anyway", () =>
    Effect.gen(function*() {
      const late = yield* decideAfter("*/10 * * * *", "runOnce", minutes(35))
      assert.deepStrictEqual(late.fire, ["2026-01-01T00:30:00.000Z fired 3"])
      const inTime = yield* decideAfter("*/10 * * * *", "runOnce", minutes(40))
      assert.deepStrictEqual(inTime.fire, ["2026-01-01T00:30:00.000Z missed 3", "2026-01-01T00:40:00.000Z fired 0"])
    }))

  it.effect("catches up with the latest within the window, oldest first", () =>
    Effect.gen(function*() {
      const some = yield* decideAfter("*/10 * * * *", { catchUp: { max: 2, window: "1 day" } }, minutes(65))
      assert.deepStrictEqual(some.fire, ["2026-01-01T00:50:00.000Z fired 5", "2026-01-01T01:00:00.000Z fired 0"])
      const near = yield* decideAfter("*/10 * * * *", { catchUp: { max: 9, window: "20 minutes" } }, minutes(65))
      assert.deepStrictEqual(near.fire, ["2026-01-01T00:50:00.000Z fired 5", "2026-01-01T01:00:00.000Z fired 0"])
      const none = yield* decideAfter("0 * * * *", { catchUp: { max: 9, window: "2 minutes" } }, minutes(65))
      assert.deepStrictEqual(none.fire, ["2026-01-01T01:00:00.000Z missed 1"])
    }))

  it.effect("F49: is no storm after three days of silence, nor after years", () =>
    Effect.gen(function*() {
      const weekend = yield* decideAfter("* * * * *", "runOnce", days(3) + 30_000)
      assert.deepStrictEqual(weekend.fire, ["2026-01-03T23:59:00.000Z missed 999", "2026-01-04T00:00:00.000Z fired 0"])
      const years = yield* decideAfter("* * * * * *", { catchUp: { max: 1000, window: "36500 days" } }, days(3650))
      assert.lengthOf(years.fire, 1000 + 61)
      assert.strictEqual(years.fire.at(-1), "2035-12-30T00:00:00.000Z fired 0")
      const rare = yield* decideAfter("0 0 29 2 *", "runOnce", days(3650))
      assert.deepStrictEqual(rare.fire, ["2032-02-29T00:00:00.000Z fired 1"])
    }))
})
