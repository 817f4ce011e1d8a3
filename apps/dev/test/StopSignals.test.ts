import { assert, describe, it } from "@effect/vitest"
import * as StopSignals from "../src/StopSignals.ts"

describe("StopSignals", () => {
  it("takes two signals of one Ctrl-C for one", () => {
    assert.strictEqual(StopSignals.kindOf(null, 5_000), "first")
    assert.strictEqual(StopSignals.kindOf(5_000, 5_000), "same")
    assert.strictEqual(StopSignals.kindOf(5_000, 5_000 + StopSignals.sameMillis - 1), "same")
    assert.strictEqual(StopSignals.kindOf(5_000, 5_000 + StopSignals.sameMillis), "second")
  })
})
