import { assert, describe, it } from "@effect/vitest"
import * as Request from "../../src/simulate/Request.ts"

describe("Request", () => {
  it("runs a thousand seeds on all cores when nobody says otherwise", () => {
    assert.deepStrictEqual(Request.parse([], 4), { seeds: 1_000, first: 1, threads: 4, json: null })
  })

  it("reads every option, and uses no more threads than seeds", () => {
    const args = ["--seeds", "3", "--seed", "7", "--threads", "9", "--json", "out.json"]
    assert.deepStrictEqual(Request.parse(args, 2), { seeds: 3, first: 7, threads: 3, json: "out.json" })
  })

  it("runs one seed when that is all that is named", () => {
    assert.deepStrictEqual(Request.parse(["--seed", "42"], 2), { seeds: 1, first: 42, threads: 1, json: null })
  })

  it("refuses what it does not know, values that are missing, and numbers that are none", () => {
    for (const args of [["--sedes", "1"], ["--seeds"], ["--seeds", "0"], ["--seed", "x"], ["--threads", "1.5"]]) {
      const answer = Request.parse(args, 2)
      assert.match(typeof answer === "string" ? answer : "accepted", /npm run simulate/)
    }
  })
})
