import { assert, describe, it } from "@effect/vitest"
import * as Sample from "../src/Sample.ts"

describe("Sample", () => {
  it("spreads by the nearest rank, in any order", () => {
    const hundred = Array.from({ length: 100 }, (_, n) => 100 - n)
    assert.deepStrictEqual(Sample.spreadOf(hundred), { mean: 50.5, p50: 50, p95: 95, p99: 99 })
    assert.deepStrictEqual(Sample.spreadOf([3]), { mean: 3, p50: 3, p95: 3, p99: 3 })
    assert.deepStrictEqual(Sample.spreadOf([9, 1]), { mean: 5, p50: 1, p95: 9, p99: 9 })
  })

  it("has no spread of nothing", () => {
    assert.isNull(Sample.spreadOf([]))
  })
})
