import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { maxDelayMillis } from "../src/Backoff.ts"
import * as Decision from "../src/Decision.ts"
import { defaultMaxAttempts } from "../src/PolicyData.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"

const FailureNumber = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6000 }))

const retry = (delayMillis: number): Decision.Decision => ({ _tag: "Retry", delayMillis })
const giveUp = (reason: Decision.GiveUpReason): Decision.Decision => ({ _tag: "GiveUp", reason })

const decide = (policy: RetryPolicy.RetryPolicy, failures: number, more: Partial<Decision.Failure> = {}) =>
  Decision.decide(policy, { failures, elapsedMillis: 0, seed: "job", ...more })

describe("decide: attempts", () => {
  it("counts the first attempt in maxAttempts", () => {
    const policy = RetryPolicy.fixed("1 second", { maxAttempts: 3 })
    assert.deepStrictEqual(decide(policy, 1), retry(1000))
    assert.deepStrictEqual(decide(policy, 2), retry(1000))
    assert.deepStrictEqual(decide(policy, 3), giveUp("maxAttempts"))
    assert.deepStrictEqual(decide(policy, 4), giveUp("maxAttempts"))
  })

  it("does not retry with maxAttempts 1", () => {
    assert.deepStrictEqual(decide(RetryPolicy.fixed(0, { maxAttempts: 1 }), 1), giveUp("maxAttempts"))
  })

  it("limits a policy that states no maxAttempts", () => {
    const policy = RetryPolicy.fixed(0)
    assert.deepStrictEqual(decide(policy, defaultMaxAttempts - 1), retry(0))
    assert.deepStrictEqual(decide(policy, defaultMaxAttempts), giveUp("maxAttempts"))
  })

  it("lets the job's maxAttempts win over the policy's, both ways", () => {
    const policy = RetryPolicy.fixed(0, { maxAttempts: 3 })
    assert.deepStrictEqual(decide(policy, 5, { maxAttempts: 6 }), retry(0))
    assert.deepStrictEqual(decide(policy, 6, { maxAttempts: 6 }), giveUp("maxAttempts"))
    assert.deepStrictEqual(decide(policy, 2, { maxAttempts: 2 }), giveUp("maxAttempts"))
  })

  it("never retries never, whatever the job's maxAttempts", () => {
    assert.deepStrictEqual(decide(RetryPolicy.never, 1, { maxAttempts: 10 }), giveUp("never"))
  })
})

describe("decide: elapsed time", () => {
  const policy = RetryPolicy.fixed("10 seconds", { maxElapsed: "1 minute" })

  it("retries while the next attempt starts within maxElapsed", () => {
    assert.deepStrictEqual(decide(policy, 1, { elapsedMillis: 50_000 }), retry(10_000))
    assert.deepStrictEqual(decide(policy, 1, { elapsedMillis: 50_001 }), giveUp("maxElapsed"))
  })

  it("counts a server-told delay", () => {
    assert.deepStrictEqual(decide(policy, 1, { retryAfterMillis: 60_001 }), giveUp("maxElapsed"))
  })

  it("reports maxAttempts before maxElapsed", () => {
    assert.deepStrictEqual(decide(policy, 25, { elapsedMillis: 1e9 }), giveUp("maxAttempts"))
  })
})

describe("decide: rules", () => {
  const policy = RetryPolicy.exponential({ base: "1 second", cap: "5 minutes", maxAttempts: 8 }).pipe(
    RetryPolicy.byTag({
      MailboxFull: RetryPolicy.never,
      ProviderDown: RetryPolicy.fixed("30 minutes"),
      Busy: RetryPolicy.fixed("1 second", { maxAttempts: 3, maxElapsed: "1 minute" }),
      Slow: RetryPolicy.fixed("1 second", { maxAttempts: 50 })
    })
  )

  it("applies the rule of the error's tag, with the rule's own curve and cap", () => {
    assert.deepStrictEqual(decide(policy, 1, { errorTag: "MailboxFull" }), giveUp("never"))
    assert.deepStrictEqual(decide(policy, 3, { errorTag: "ProviderDown" }), retry(30 * 60_000))
  })

  it("applies the policy itself to other tags and to errors without a tag", () => {
    assert.deepStrictEqual(decide(policy, 3, { errorTag: "Unknown" }), retry(4000))
    assert.deepStrictEqual(decide(policy, 3), retry(4000))
  })

  it("has no rules for the names of inherited properties", () => {
    for (const errorTag of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      assert.deepStrictEqual(decide(policy, 1, { errorTag }), retry(1000))
    }
  })

  it("has a rule for such a name when one was written", () => {
    const odd = RetryPolicy.fixed(0).pipe(RetryPolicy.byTag({ ["__proto__"]: RetryPolicy.never }))
    assert.deepStrictEqual(decide(odd, 1, { errorTag: "__proto__" }), giveUp("never"))
    const decoded = Schema.decodeUnknownSync(RetryPolicy.RetryPolicy)(JSON.parse(JSON.stringify(odd)))
    assert.deepStrictEqual(decide(decoded, 1, { errorTag: "__proto__" }), giveUp("never"))
    assert.deepStrictEqual(decide(decoded, 1, { errorTag: "constructor" }), retry(0))
  })

  it("a rule's limits end the attempts earlier", () => {
    assert.deepStrictEqual(decide(policy, 2, { errorTag: "Busy" }), retry(1000))
    assert.deepStrictEqual(decide(policy, 3, { errorTag: "Busy" }), giveUp("maxAttempts"))
    assert.deepStrictEqual(decide(policy, 3, { errorTag: "Busy", maxAttempts: 8 }), giveUp("maxAttempts"))
    assert.deepStrictEqual(decide(policy, 2, { errorTag: "Busy", elapsedMillis: 59_001 }), giveUp("maxElapsed"))
  })

  it("a rule's limits never extend the policy's", () => {
    assert.deepStrictEqual(decide(policy, 7, { errorTag: "Slow" }), retry(1000))
    assert.deepStrictEqual(decide(policy, 8, { errorTag: "Slow" }), giveUp("maxAttempts"))
    const short = policy.pipe(RetryPolicy.maxElapsed("1 minute"))
    assert.deepStrictEqual(decide(short, 1, { errorTag: "ProviderDown" }), giveUp("maxElapsed"))
  })

  it("a rule of never's lets some errors retry", () => {
    const only = RetryPolicy.never.pipe(RetryPolicy.byTag({ ProviderDown: RetryPolicy.fixed("1 second") }))
    assert.deepStrictEqual(decide(only, 1), giveUp("never"))
    assert.deepStrictEqual(decide(only, 1, { errorTag: "ProviderDown" }), retry(1000))
  })

  it("a rule takes the policy's jitter unless it states its own", () => {
    const jittered = RetryPolicy.never.pipe(
      RetryPolicy.withJitter("equal"),
      RetryPolicy.byTag({
        Spread: RetryPolicy.fixed("1 minute"),
        Exact: RetryPolicy.fixed("1 minute", { jitter: "none" })
      })
    )
    const delays = (errorTag: string) =>
      Array.from({ length: 20 }, (_, index) => JSON.stringify(decide(jittered, 1, { errorTag, seed: `${index}` })))
    assert.isAbove(new Set(delays("Spread")).size, 15)
    assert.deepStrictEqual([...new Set(delays("Exact"))], [JSON.stringify(retry(60_000))])
  })
})

describe("decide: server-told delays", () => {
  const policy = RetryPolicy.fixed("10 seconds", { cap: "20 seconds" })

  it("F54: waits as long as the server said, also beyond the cap", () => {
    assert.deepStrictEqual(decide(policy, 1, { retryAfterMillis: 90_000 }), retry(90_000))
  })

  it("keeps its own delay where that is longer", () => {
    assert.deepStrictEqual(decide(policy, 1, { retryAfterMillis: 2000 }), retry(10_000))
  })

  it("ignores a delay that is negative or not a number", () => {
    for (const retryAfterMillis of [-1, Number.NaN, -Infinity]) {
      assert.deepStrictEqual(decide(policy, 1, { retryAfterMillis }), retry(10_000))
    }
  })

  it("does not revive never or used-up attempts", () => {
    assert.deepStrictEqual(decide(RetryPolicy.never, 1, { retryAfterMillis: 1 }), giveUp("never"))
    assert.deepStrictEqual(decide(policy, 25, { retryAfterMillis: 1 }), giveUp("maxAttempts"))
  })

  it.effect.prop(
    "is never earlier than the server said, and not more than 20 % later than both delays need",
    {
      policy: RetryPolicy.RetryPolicy,
      told: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e11 })),
      seed: Schema.String
    },
    ({ policy, told, seed }) =>
      Effect.sync(() => {
        const own = decide(policy, 1, { seed })
        const both = decide(policy, 1, { seed, retryAfterMillis: told })
        if (both._tag === "GiveUp" || own._tag === "GiveUp") return
        const least = Math.min(told, maxDelayMillis)
        assert.isAtLeast(both.delayMillis, Math.max(least, own.delayMillis))
        assert.isAtMost(both.delayMillis, Math.max(least * 1.2, own.delayMillis))
      })
  )
})

describe("decide: purity and bounds", () => {
  it.effect.prop(
    "gives the same answer again, also after a round trip through JSON",
    { policy: RetryPolicy.RetryPolicy, failures: FailureNumber, seed: Schema.String, errorTag: Schema.String },
    ({ policy, failures, seed, errorTag }) =>
      Effect.sync(() => {
        const more = { seed, errorTag, maxAttempts: 10_000 }
        const stored = JSON.stringify(Schema.encodeSync(RetryPolicy.RetryPolicy)(policy))
        const restored = Schema.decodeUnknownSync(RetryPolicy.RetryPolicy)(JSON.parse(stored))
        const first = decide(policy, failures, more)
        decide(policy, failures + 1, more)
        assert.deepStrictEqual(decide(policy, failures, more), first)
        assert.deepStrictEqual(decide(restored, failures, more), first)
      })
  )

  it.effect.prop(
    "never exceeds the cap, with any jitter, and delays are whole milliseconds from 0",
    { policy: RetryPolicy.RetryPolicy, failures: FailureNumber, seed: Schema.String },
    ({ policy, failures, seed }) =>
      Effect.sync(() => {
        const decision = decide(policy, failures, { seed, maxAttempts: 10_000 })
        if (decision._tag === "GiveUp") return assert.notStrictEqual(decision.reason, "maxAttempts")
        assert.isTrue(Number.isInteger(decision.delayMillis) && decision.delayMillis >= 0)
        assert.isAtMost(decision.delayMillis, policy.capMillis ?? maxDelayMillis)
      })
  )

  it("stays at the cap, or at 365 days, at failure 5,000", () => {
    const steep = RetryPolicy.exponential({ base: "1 second", factor: 10 })
    assert.deepStrictEqual(decide(steep, 5000, { maxAttempts: 10_000 }), retry(maxDelayMillis))
    const capped = steep.pipe(RetryPolicy.cap("5 minutes"))
    assert.deepStrictEqual(decide(capped, 5000, { maxAttempts: 10_000 }), retry(300_000))
  })

  it("gives other jobs and other failures other delays", () => {
    const policy = RetryPolicy.fixed("1 hour", { jitter: "full", maxAttempts: 1000 })
    const byJob = new Set(
      Array.from({ length: 100 }, (_, n) => JSON.stringify(decide(policy, 1, { seed: `job-${n}` })))
    )
    const byFailure = new Set(Array.from({ length: 100 }, (_, n) => JSON.stringify(decide(policy, n + 1))))
    assert.isAbove(byJob.size, 95)
    assert.isAbove(byFailure.size, 95)
  })

  it("answers for numbers out of range", () => {
    const policy = RetryPolicy.linear({ base: "1 second", maxElapsed: "1 hour" })
    for (const failures of [0, -1, Number.NaN, 1.9]) assert.deepStrictEqual(decide(policy, failures), retry(1000))
    assert.deepStrictEqual(decide(policy, Infinity), giveUp("maxAttempts"))
    for (const elapsedMillis of [-1, Number.NaN]) {
      assert.deepStrictEqual(decide(policy, 1, { elapsedMillis }), retry(1000))
    }
    const short = RetryPolicy.fixed("10 seconds", { maxElapsed: "5 seconds" })
    for (const elapsedMillis of [-1e9, Number.NaN]) {
      assert.deepStrictEqual(decide(short, 1, { elapsedMillis }), giveUp("maxElapsed"))
    }
    for (const maxAttempts of [0, -3, Number.NaN]) {
      assert.deepStrictEqual(decide(policy, 1, { maxAttempts }), giveUp("maxAttempts"))
    }
  })
})
