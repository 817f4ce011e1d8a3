import { assert, describe, it } from "@effect/vitest"
import * as Plan from "../src/Plan.ts"

describe("Plan", () => {
  it("runs every contender once a round, and lets another one begin each round", () => {
    const order = Plan.turns(["a", "b", "c"], 3).map(({ contender, round }) => `${round}${contender}`)
    assert.deepStrictEqual(order, ["1a", "1b", "1c", "2b", "2c", "2a", "3c", "3a", "3b"])
  })

  it("rotates past the end and leaves nothing in nothing", () => {
    assert.deepStrictEqual(Plan.rotate([1, 2, 3], 4), [2, 3, 1])
    assert.deepStrictEqual(Plan.rotate([], 4), [])
  })
})
