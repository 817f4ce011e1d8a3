/**
 * What the compiler refuses. `tsc -b` compiles this file: an expected error that does not occur is an error itself.
 */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Pipeable, Schedule } from "effect"
import * as RetryPolicy from "../src/RetryPolicy.ts"

class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", {}) {}
class ProviderDown extends Schema.TaggedError<ProviderDown>()("ProviderDown", {}) {}
class Throttled extends Schema.TaggedError<Throttled>()("Throttled", {}) {}
type MailError = MailboxFull | ProviderDown | Throttled

const never = RetryPolicy.never
const exhaustive = RetryPolicy.byTagExhaustive<MailError>()

describe("types of byTagExhaustive", () => {
  it("accepts one rule for each tag, in a pipe", () => {
    const policy = RetryPolicy.exponential({ base: "1 second", cap: "5 minutes", maxAttempts: 8 }).pipe(
      exhaustive({ MailboxFull: never, ProviderDown: RetryPolicy.fixed("30 seconds"), Throttled: never })
    )
    expectTypeOf(policy).toEqualTypeOf<RetryPolicy.RetryPolicy>()
    assert.deepStrictEqual(Object.keys(policy.byTag ?? {}), ["MailboxFull", "ProviderDown", "Throttled"])
  })

  it("refuses a missing tag", () => {
    // @ts-expect-error Throttled has no rule
    const combinator = exhaustive({ MailboxFull: never, ProviderDown: never })
    expectTypeOf(combinator).toBeFunction()
  })

  it("refuses a tag that the error union does not have", () => {
    // @ts-expect-error Thortled is no tag of MailError
    const combinator = exhaustive({ MailboxFull: never, ProviderDown: never, Throttled: never, Thortled: never })
    expectTypeOf(combinator).toBeFunction()
  })

  it("refuses a rule that is no policy", () => {
    // @ts-expect-error a rule is a RetryPolicy
    const run = () => exhaustive({ MailboxFull: "never", ProviderDown: never, Throttled: never })(never)
    assert.throws(run)
  })

  it("asks nothing of errors without a tag", () => {
    expectTypeOf<RetryPolicy.ErrorTag<MailError>>().toEqualTypeOf<"MailboxFull" | "ProviderDown" | "Throttled">()
    expectTypeOf<RetryPolicy.ErrorTag<MailboxFull | Error | string>>().toEqualTypeOf<"MailboxFull">()
    expectTypeOf<RetryPolicy.ErrorTag<never>>().toEqualTypeOf<never>()
    expectTypeOf<RetryPolicy.ExhaustiveRules<MailboxFull | string>>().toEqualTypeOf<
      { readonly MailboxFull: RetryPolicy.RetryPolicy }
    >()
    assert.deepStrictEqual(RetryPolicy.byTagExhaustive<never>()({})(never).byTag, {})
  })
})

describe("types of a policy", () => {
  it("is a union discriminated by _tag that can be piped", () => {
    type Tags = "Never" | "Fixed" | "Linear" | "Exponential" | "Table"
    expectTypeOf<RetryPolicy.RetryPolicy["_tag"]>().toEqualTypeOf<Tags>()
    expectTypeOf<RetryPolicy.RetryPolicy>().toExtend<Pipeable.Pipeable>()
    expectTypeOf<RetryPolicy.Encoded["_tag"]>().toEqualTypeOf<Tags>()
    expectTypeOf<RetryPolicy.Encoded>().not.toHaveProperty("pipe")
  })

  it("needs no decoding services and decides without an Effect", () => {
    expectTypeOf<typeof RetryPolicy.RetryPolicy.DecodingServices>().toEqualTypeOf<never>()
    expectTypeOf(RetryPolicy.decide).returns.toEqualTypeOf<
      | { readonly _tag: "Retry"; readonly delayMillis: number }
      | { readonly _tag: "GiveUp"; readonly reason: "never" | "maxAttempts" | "maxElapsed" }
    >()
    expectTypeOf(RetryPolicy.toSchedule).returns.toEqualTypeOf<Schedule.Schedule<number>>()
  })

  it("refuses a word that is no duration and a jitter that is none", () => {
    // @ts-expect-error "a while" is no Duration.Input
    assert.throws(() => RetryPolicy.fixed("a while"))
    // @ts-expect-error "some" is no jitter
    assert.throws(() => RetryPolicy.withJitter("some")(never))
    // @ts-expect-error base is required
    assert.throws(() => RetryPolicy.exponential({ factor: 2 }))
  })
})
