import { assert, describe, it } from "@effect/vitest"
import type { Held } from "../../src/internal/claimTable.ts"
import * as Lane from "../../src/internal/lane.ts"

const lane = (changes: { running?: number; buffered?: number; pace?: number; prefetch?: number } = {}) => {
  const made = Lane.make({ queue: "default", concurrency: 10, prefetch: changes.prefetch ?? 500 }, 0)
  made.running = changes.running ?? 0
  made.pace = changes.pace ?? 0
  made.buffer = Array.from({ length: changes.buffered ?? 0 }, () => ({} as Held))
  return made
}

describe("lane", () => {
  it("asks for exactly the free slots while nothing is known of the pace", () => {
    assert.strictEqual(Lane.wanted(lane(), 5_000), 10)
    assert.strictEqual(Lane.wanted(lane({ running: 7 }), 5_000), 3)
    assert.strictEqual(Lane.wanted(lane({ running: 7, buffered: 2 }), 5_000), 1)
    assert.strictEqual(Lane.wanted(lane({ running: 10 }), 5_000), 0)
  })

  it("claims ahead what starts within a tenth of a second, within the bound", () => {
    assert.strictEqual(Lane.wanted(lane({ pace: 1 }), 5_000), 110)
    assert.strictEqual(Lane.wanted(lane({ pace: 100 }), 5_000), 510)
    assert.strictEqual(Lane.wanted(lane({ pace: 100, prefetch: 5 }), 5_000), 15)
    assert.strictEqual(Lane.wanted(lane({ pace: 100, prefetch: 0 }), 5_000), 10)
    assert.strictEqual(Lane.wanted(lane({ pace: 0.001 }), 5_000), 10)
  })

  it("fills the buffer up when it is half empty, not at every end", () => {
    assert.strictEqual(Lane.wanted(lane({ running: 10, buffered: 60, pace: 1 }), 5_000), 0)
    assert.strictEqual(Lane.wanted(lane({ running: 10, buffered: 50, pace: 1 }), 5_000), 0)
    assert.strictEqual(Lane.wanted(lane({ running: 10, buffered: 49, pace: 1 }), 5_000), 51)
  })

  it("asks for no more than there is room for outcomes", () => {
    assert.strictEqual(Lane.wanted(lane(), 4), 4)
    assert.strictEqual(Lane.wanted(lane(), 0), 0)
    assert.strictEqual(Lane.wanted(lane(), -20), 0)
  })

  it("measures the pace over at least 20 ms, and forgets half of the old one in that time", () => {
    const busy = lane()
    busy.ended = 100
    Lane.measurePace(busy, 10)
    assert.strictEqual(busy.pace, 0)
    Lane.measurePace(busy, 20)
    assert.strictEqual(busy.pace, 2.5)
    Lane.measurePace(busy, 40)
    assert.strictEqual(busy.pace, 1.25)
    Lane.measurePace(busy, 1_040)
    assert.strictEqual(Lane.ahead(busy), 0)
  })

  it("takes smaller turns in smaller claims, and never larger ones than it is told", () => {
    assert.deepStrictEqual([1, 10, 100, 150, 1_000].map((limit) => Lane.turn(limit, 20)), [10, 10, 10, 15, 20])
    assert.deepStrictEqual([1, 1_000].map((limit) => Lane.turn(limit, 3)), [3, 3])
  })

  it("looks for jobs under limits soon after it got some, and then ever more seldom", () => {
    const lane = Lane.make({ queue: "a", concurrency: 2, prefetch: 0 }, 0)
    const pauses = [0, 3, 0, 0, 1].map((count) => {
      Lane.noteGated(lane, count)
      return lane.gatedPauseMillis
    })
    assert.deepStrictEqual(pauses, [Infinity, 50, 100, 200, 50])
  })
})
