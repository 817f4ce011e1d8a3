import { assert, describe, it } from "@effect/vitest"
import * as JobText from "../src/JobText.ts"

describe("JobText", () => {
  it("rounds shares down, so that 100 % means done", () => {
    assert.strictEqual(JobText.percent(0.999), "99 %")
    assert.strictEqual(JobText.percent(1), "100 %")
  })
})
