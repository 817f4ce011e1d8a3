import { assert, describe, it } from "@effect/vitest"
import * as BenchCommand from "../src/BenchCommand.ts"

describe("BenchCommand", () => {
  it("takes percentiles by the nearest rank, and 0 of nothing", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.strictEqual(BenchCommand.percentile(values, 0.5), 50)
    assert.strictEqual(BenchCommand.percentile(values, 0.99), 99)
    assert.strictEqual(BenchCommand.percentile([7], 0.5), 7)
    assert.strictEqual(BenchCommand.percentile([], 0.99), 0)
  })
})
