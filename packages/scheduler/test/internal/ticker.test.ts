import { assert, describe, it } from "@effect/vitest"
import * as Ticker from "../../src/internal/ticker.ts"

const pause = (schedules: number, nextDueMillis: number | null) =>
  Ticker.pauseAfter({ schedules, ticks: [], nextDueMillis }, 1000)

describe("a ticker", () => {
  it("goes on at once after a full batch, and else sleeps until the next instant, at most about a second", () => {
    assert.strictEqual(pause(100, 0).millis, 0)
    assert.deepStrictEqual(pause(3, 140.2), { millis: 141, spread: false })
    assert.deepStrictEqual(pause(0, null), { millis: 1000, spread: true })
    assert.deepStrictEqual(pause(0, 1e9), { millis: 1000, spread: true })
    // A spread pause could miss it by a fifth.
    assert.deepStrictEqual(pause(0, 1199), { millis: 1199, spread: false })
    // Left over by another node that ticks at the same time: not at full speed.
    assert.strictEqual(pause(5, 0).millis, 20)
  })
})
