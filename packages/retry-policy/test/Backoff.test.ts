import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Backoff from "../src/Backoff.ts"

const AnyCurve = Schema.Union([Backoff.Fixed, Backoff.Linear, Backoff.Exponential, Backoff.Table])
const GrowingCurve = Schema.Union([Backoff.Fixed, Backoff.Linear, Backoff.Exponential])
const FailureNumber = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5000 }))

const delays = (backoff: Backoff.Backoff, count: number) =>
  Array.from({ length: count }, (_, index) => Backoff.delayMillis(backoff, index + 1))

describe("Backoff", () => {
  it("fixed waits the same after every failure", () => {
    assert.deepStrictEqual(delays({ _tag: "Fixed", delayMillis: 30_000 }, 3), [30_000, 30_000, 30_000])
  })

  it("linear adds the step after every failure", () => {
    assert.deepStrictEqual(delays({ _tag: "Linear", baseMillis: 1000, stepMillis: 250 }, 4), [1000, 1250, 1500, 1750])
  })

  it("exponential multiplies by the factor after every failure", () => {
    assert.deepStrictEqual(delays({ _tag: "Exponential", baseMillis: 1000, factor: 2 }, 4), [1000, 2000, 4000, 8000])
    assert.deepStrictEqual(delays({ _tag: "Exponential", baseMillis: 100, factor: 1.5 }, 4), [100, 150, 225, 338])
  })

  it("table goes through its entries and repeats the last", () => {
    assert.deepStrictEqual(delays({ _tag: "Table", delaysMillis: [5, 60, 10] }, 5), [5, 60, 10, 10, 10])
  })

  it("exponential stays at 365 days where it would overflow, and at 0 for a base of 0", () => {
    const grown = { _tag: "Exponential", baseMillis: 1, factor: 10 } as const
    assert.strictEqual(Backoff.delayMillis(grown, 5000), 365 * 24 * 60 * 60 * 1000)
    assert.strictEqual(Backoff.delayMillis({ ...grown, baseMillis: 0 }, 5000), 0)
  })

  it("counts a failure number below 1 as 1", () => {
    const linear = { _tag: "Linear", baseMillis: 7, stepMillis: 3 } as const
    for (const failures of [0, -5, Number.NaN]) assert.strictEqual(Backoff.delayMillis(linear, failures), 7)
  })

  it.effect.prop(
    "every delay is a whole number from 0 to 365 days",
    { curve: AnyCurve, n: FailureNumber },
    ({ curve, n }) =>
      Effect.sync(() => {
        for (const failures of [n, n * 1e9, Number.MAX_SAFE_INTEGER, Infinity]) {
          const delay = Backoff.delayMillis(curve, failures)
          assert.isTrue(Number.isInteger(delay) && delay >= 0 && delay <= Backoff.maxDelayMillis, `${delay}`)
        }
      })
  )

  it.effect.prop(
    "fixed, linear and exponential never shrink",
    { curve: GrowingCurve, n: FailureNumber },
    ({ curve, n }) =>
      Effect.sync(() => assert.isAtLeast(Backoff.delayMillis(curve, n + 1), Backoff.delayMillis(curve, n)))
  )

  it("the schemas refuse what is no delay, no factor and no table", () => {
    const refused = [
      { _tag: "Fixed", delayMillis: -1 },
      { _tag: "Fixed", delayMillis: 0.5 },
      { _tag: "Fixed", delayMillis: Backoff.maxDelayMillis + 1 },
      { _tag: "Exponential", baseMillis: 1, factor: 0.99 },
      { _tag: "Exponential", baseMillis: 1, factor: Infinity },
      { _tag: "Table", delaysMillis: [] },
      { _tag: "Table", delaysMillis: Array.from({ length: Backoff.maxTableDelays + 1 }, () => 1) }
    ]
    for (const curve of refused) assert.isFalse(Schema.is(AnyCurve)(curve), JSON.stringify(curve))
  })
})
