import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Partitions from "../../src/internal/partitions.ts"

const dayMillis = 86_400_000

/** Days of the years 1000 to 9999, which have a name of eight digits. */
const Day = Schema.Int.check(Schema.isBetween({ minimum: -354_285, maximum: 2_932_896 }))

const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 253_402_300_799_999 }))

describe("partitions", () => {
  it.prop("finds the day again in the name of its partition", [Day], ([day]) => {
    assert.strictEqual(Partitions.dayOf("finished", Partitions.nameOf("finished", day)), day)
  })

  it.prop("names later days by names that sort behind", [Day, Day], ([a, b]) => {
    const [first, second] = [Partitions.nameOf("attempt", a), Partitions.nameOf("attempt", b)]
    assert.strictEqual(Math.sign(a - b), first < second ? -1 : first > second ? 1 : 0)
  })

  it.prop("puts every instant into exactly one of two adjacent days", [Millis], ([millis]) => {
    const day = Math.floor(millis / dayMillis)
    const [from, to] = Partitions.bounds(day)
    assert.isTrue(Date.parse(from) <= millis && millis < Date.parse(to))
    assert.strictEqual(Partitions.bounds(day + 1)[0], to)
  })

  it.prop("prepares today and the seven days after it", [Millis], ([millis]) => {
    const days = Partitions.comingDays(millis)
    assert.lengthOf(days, 8)
    assert.strictEqual(days[0], Math.floor(millis / dayMillis))
    assert.isTrue(days.every((day, index) => day === (days[0] ?? 0) + index))
  })

  it.prop("drops a day once its last instant is old enough, not before", [Day, Millis], ([day, cutoff]) => {
    const [, end] = Partitions.bounds(day)
    assert.strictEqual(Partitions.isOver(day, cutoff), Date.parse(end) <= cutoff)
  })

  it("takes no other table for a partition", () => {
    for (
      const name of [
        "finished_default",
        "finished_2026112",
        "finished_202611222",
        "finished_20261332",
        "attempt_20261122",
        "finishedx20261122",
        "finished",
        ""
      ]
    ) assert.isNull(Partitions.dayOf("finished", name))
  })
})
