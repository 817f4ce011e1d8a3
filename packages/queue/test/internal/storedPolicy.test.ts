import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { Result } from "effect"
import * as Policies from "../../src/internal/storedPolicy.ts"

const fixed = RetryPolicy.fixed("5 seconds")

describe("storedPolicy", () => {
  it("stores nothing where the definition decides", () => {
    assert.deepStrictEqual(Result.getOrThrow(Policies.stored({})), null)
    assert.isNull(Policies.policyOf(null))
    assert.strictEqual(Policies.deadlineOf(null), Infinity)
  })

  it("stores a policy as it is, a deadline alone, or both", () => {
    const policy = Result.getOrThrow(Policies.stored({ retry: fixed }))
    assert.deepStrictEqual(policy, { _tag: "Fixed", delayMillis: 5_000 })
    const deadline = Result.getOrThrow(Policies.stored({ deadline: 9_000 }))
    assert.isNull(Policies.policyOf(deadline))
    assert.strictEqual(Policies.deadlineOf(deadline), 9_000)
    const both = Result.getOrThrow(Policies.stored({ retry: fixed, deadline: 9_000 }))
    assert.deepStrictEqual(Policies.policyOf(both), fixed)
    assert.strictEqual(Policies.deadlineOf(both), 9_000)
  })

  it("gives way to the definition where it can not read", () => {
    assert.isNull(Policies.policyOf({ _tag: "FromTheFuture" }))
    assert.isNull(Policies.policyOf([1]))
    assert.strictEqual(Policies.deadlineOf({ "millrace:deadline": "soon" }), Infinity)
  })

  it("refuses a deadline that is no instant", () => {
    const refused = Policies.stored({ deadline: Number.NaN })
    assert.strictEqual(Result.isFailure(refused) ? refused.failure.field : "", "deadline")
  })
})
