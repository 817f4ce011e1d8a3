import { assert, describe, it } from "@effect/vitest"
import * as Tally from "../../src/ci/Tally.ts"

describe("Tally", () => {
  it("adds up", () => {
    const total = Tally.sum([Tally.check(true), Tally.check(false), Tally.make({ passed: 3, skipped: 2 })])
    assert.deepStrictEqual(total, { passed: 4, failed: 1, skipped: 2 })
  })

  it("is accepted when something passed and nothing failed", () => {
    assert.isTrue(Tally.isAccepted(Tally.make({ passed: 1, skipped: 1 })))
    assert.isFalse(Tally.isAccepted(Tally.make({ passed: 9, failed: 1 })))
    assert.isFalse(Tally.isAccepted(Tally.sum([])))
  })

  it("is told in one line, with skipped tests only when there are some", () => {
    assert.strictEqual(Tally.render(Tally.make({ passed: 12, failed: 1 })), "12 passed, 1 failed")
    assert.strictEqual(Tally.render(Tally.make({ passed: 12, skipped: 3 })), "12 passed, 0 failed, 3 skipped")
  })
})
