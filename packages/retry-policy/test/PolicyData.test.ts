import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as PolicyData from "../src/PolicyData.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"

describe("PolicyData.Rule", () => {
  it("refuses a rule with rules of its own and says so", () => {
    const nested = { _tag: "Fixed", delayMillis: 1, byTag: { A: { _tag: "Never" } } }
    const error = Effect.runSync(Effect.flip(Schema.decodeUnknownEffect(PolicyData.Rule)(nested)))
    assert.include(error.message, "a rule cannot have rules of its own")
    assert.include(error.message, `["byTag"]`)
  })
})

describe("PolicyData.attemptsLimit", () => {
  it("is what the policy states, else the default", () => {
    assert.strictEqual(PolicyData.attemptsLimit(RetryPolicy.fixed(1, { maxAttempts: 4 })), 4)
    assert.strictEqual(PolicyData.attemptsLimit(RetryPolicy.fixed(1)), 25)
  })

  it("is 1 for never, unless a rule may retry", () => {
    assert.strictEqual(PolicyData.attemptsLimit(RetryPolicy.never), 1)
    const some = RetryPolicy.never.pipe(RetryPolicy.byTag({ Busy: RetryPolicy.fixed(1) }))
    assert.strictEqual(PolicyData.attemptsLimit(some), 25)
  })
})
