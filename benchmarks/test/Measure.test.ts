import { assert, describe, it } from "@effect/vitest"
import * as Measure from "../src/Measure.ts"

describe("Measure", () => {
  it("takes the middle value as the median, and the mean of the two middle ones", () => {
    assert.strictEqual(Measure.median([9, 1, 5]), 5)
    assert.strictEqual(Measure.median([4, 1, 3, 2]), 2.5)
    assert.isNaN(Measure.median([]))
  })

  it("takes percentiles by nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.strictEqual(Measure.percentile(values, 0.5), 50)
    assert.strictEqual(Measure.percentile(values, 0.99), 99)
    assert.strictEqual(Measure.percentile(values, 1), 100)
    assert.strictEqual(Measure.percentile([7], 0.99), 7)
    assert.isNaN(Measure.percentile([], 0.5))
  })

  it("tells the range", () => {
    assert.deepStrictEqual(Measure.range([3, 1, 2]), { low: 1, high: 3 })
  })

  it("has no ratio with a missing, endless or zero value", () => {
    assert.strictEqual(Measure.ratio(6, 4), 1.5)
    assert.isNull(Measure.ratio(null, 4))
    assert.isNull(Measure.ratio(6, undefined))
    assert.isNull(Measure.ratio(6, 0))
    assert.isNull(Measure.ratio(Number.NaN, 4))
  })

  it("leaves missing values out of a median", () => {
    assert.strictEqual(Measure.medianOf([null, 3, Number.NaN, 1, 2]), 2)
    assert.isNull(Measure.medianOf([null]))
  })

  it("does not reorder the values it is given", () => {
    const values = [3, 1, 2]
    Measure.median(values)
    Measure.range(values)
    assert.deepStrictEqual(values, [3, 1, 2])
  })
})
