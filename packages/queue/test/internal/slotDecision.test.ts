import { assert, describe, it } from "@effect/vitest"
import * as SlotDecision from "../../src/internal/slotDecision.ts"

const busy: SlotDecision.Figures = { slots: 10, min: 2, max: 50, peak: 10, isBacklogged: true, load: 0.1 }

/** The numbers of slots, look after look, until they stay. */
const course = (figures: SlotDecision.Figures): ReadonlyArray<number> => {
  const seen = [figures.slots]
  while (seen.length < 100) {
    const slots = seen.at(-1) ?? 0
    const next = SlotDecision.decide({ ...figures, slots, peak: Math.min(figures.peak, slots) })
    if (next === slots) return seen
    seen.push(next)
  }
  return seen
}

describe("slot decision", () => {
  it("gives more when all slots were taken, more waits, and the process has room", () => {
    assert.strictEqual(SlotDecision.decide(busy), 15)
    assert.strictEqual(SlotDecision.decide({ ...busy, slots: 2, peak: 2 }), 3)
    assert.strictEqual(SlotDecision.decide({ ...busy, slots: 1, min: 1, peak: 1 }), 2)
    assert.deepStrictEqual(course({ ...busy, slots: 2, peak: 50 }), [2, 3, 4, 6, 9, 13, 19, 28, 42, 50])
  })

  it("gives none when one slot was never taken, nothing more waits, or the process has no room", () => {
    assert.strictEqual(SlotDecision.decide({ ...busy, peak: 9 }), 10)
    assert.strictEqual(SlotDecision.decide({ ...busy, isBacklogged: false }), 10)
    assert.strictEqual(SlotDecision.decide({ ...busy, load: SlotDecision.roomyLoad }), 10)
  })

  it("takes some away when the process is saturated, whatever waits, down to the least", () => {
    assert.strictEqual(SlotDecision.decide({ ...busy, load: SlotDecision.saturatedLoad }), 8)
    assert.deepStrictEqual(course({ ...busy, load: 1 }), [10, 8, 6, 4, 3, 2])
    assert.strictEqual(SlotDecision.decide({ ...busy, slots: 2, peak: 2, load: 1 }), 2)
  })

  it("takes some away when half of them or less were taken, and never more than were free", () => {
    assert.strictEqual(SlotDecision.decide({ ...busy, peak: 5 }), 8)
    assert.strictEqual(SlotDecision.decide({ ...busy, peak: 6 }), 10)
    assert.deepStrictEqual(course({ ...busy, slots: 50, peak: 20 }), [50, 40, 32])
    assert.deepStrictEqual(course({ ...busy, slots: 10, peak: 0 }), [10, 8, 6, 4, 3, 2])
  })

  it("stays between its bounds, for whatever was seen", () => {
    const loads = [0, 0.69, 0.7, 0.89, 0.9, 1]
    const seen = [2, 3, 17, 49, 50].flatMap((slots) =>
      [0, 1, slots - 1, slots, slots + 3].flatMap((peak) =>
        loads.flatMap((load) => [true, false].map((isBacklogged) => ({ slots, peak, load, isBacklogged })))
      )
    )
    for (const figures of seen) {
      const next = SlotDecision.decide({ ...figures, min: 2, max: 50 })
      assert.isTrue(Number.isInteger(next) && next >= 2 && next <= 50, `${JSON.stringify(figures)} → ${next}`)
    }
  })
})
