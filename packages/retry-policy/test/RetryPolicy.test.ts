import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Schema } from "effect"
import { RetryPolicy as Exported } from "../src/index.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"

const encode = Schema.encodeSync(RetryPolicy.RetryPolicy)
const decode = Schema.decodeUnknownSync(RetryPolicy.RetryPolicy)

const messageOf = (input: unknown): string =>
  Effect.runSync(Effect.flip(Schema.decodeUnknownEffect(RetryPolicy.RetryPolicy)(input))).message

describe("RetryPolicy constructors", () => {
  it("build plain data with whole milliseconds", () => {
    assert.deepStrictEqual(encode(RetryPolicy.never), { _tag: "Never" })
    assert.deepStrictEqual(encode(RetryPolicy.fixed("30 seconds")), { _tag: "Fixed", delayMillis: 30_000 })
    assert.deepStrictEqual(encode(RetryPolicy.linear({ base: "1 second", step: "500 millis" })), {
      _tag: "Linear",
      baseMillis: 1000,
      stepMillis: 500
    })
    const exponential = RetryPolicy.exponential({
      base: "1 second",
      factor: 3,
      cap: "5 minutes",
      maxAttempts: 8,
      maxElapsed: "1 hour",
      jitter: "full"
    })
    assert.deepStrictEqual(encode(exponential), {
      _tag: "Exponential",
      baseMillis: 1000,
      factor: 3,
      capMillis: 300_000,
      maxAttempts: 8,
      maxElapsedMillis: 3_600_000,
      jitter: "full"
    })
  })

  it("fill in the defaults: step is base, factor is 2, a table ends after its last delay", () => {
    assert.deepStrictEqual(
      RetryPolicy.linear({ base: "2 seconds" }),
      RetryPolicy.linear({ base: "2 seconds", step: "2 seconds" })
    )
    assert.deepStrictEqual(RetryPolicy.exponential({ base: 5 }), RetryPolicy.exponential({ base: 5, factor: 2 }))
    assert.deepStrictEqual(encode(RetryPolicy.table([1, "2 millis"])), {
      _tag: "Table",
      delaysMillis: [1, 2],
      maxAttempts: 3
    })
    assert.strictEqual(RetryPolicy.table([1], { maxAttempts: 9 }).maxAttempts, 9)
  })

  it("throw an error that names the field and the value", () => {
    const wrong: ReadonlyArray<readonly [() => unknown, string]> = [
      [() => RetryPolicy.fixed(-1), `"delay" is -1`],
      [() => RetryPolicy.fixed(Number.NaN), `"delay" is NaN`],
      [() => RetryPolicy.fixed(1, { cap: "Infinity" }), `"cap" is "Infinity"`],
      [() => RetryPolicy.fixed(1, { maxElapsed: "-5 minutes" }), `"maxElapsed" is "-5 minutes"`],
      [() => RetryPolicy.fixed(1, { maxAttempts: 0 }), `"maxAttempts" is 0`],
      [() => RetryPolicy.fixed(1, { jitter: "lots" as never }), `"jitter" is "lots"`],
      [() => RetryPolicy.linear({ base: 1, step: -2 }), `"step" is -2`],
      [() => RetryPolicy.exponential({ base: 1, factor: 0.5 }), `"factor" is 0.5`],
      [() => RetryPolicy.exponential({ base: -7 }), `"base" is -7`],
      [() => RetryPolicy.table([1, -2]), `"delays[1]" is -2`]
    ]
    for (const [run, message] of wrong) {
      assert.throws(run, RetryPolicy.InvalidRetryPolicy)
      assert.throws(run, message)
    }
  })
})

describe("RetryPolicy.default", () => {
  it("is 1 second doubling up to 1 hour with equal jitter and 25 attempts", () => {
    assert.deepStrictEqual(encode(RetryPolicy.default), {
      _tag: "Exponential",
      baseMillis: 1000,
      factor: 2,
      capMillis: 3_600_000,
      maxAttempts: RetryPolicy.defaultMaxAttempts,
      jitter: "equal"
    })
    assert.strictEqual(Exported.default, RetryPolicy.default)
  })

  it("tries for 13 hours and 8 minutes at most", () => {
    const last = RetryPolicy.preview(RetryPolicy.default.pipe(RetryPolicy.withJitter("none"))).at(-1)
    assert.strictEqual(last?.attempt, 25)
    assert.strictEqual(Math.floor((last?.elapsedMillis ?? 0) / 60_000), 13 * 60 + 8)
  })
})

describe("RetryPolicy combinators", () => {
  const policy = RetryPolicy.fixed("1 minute")

  it("set one option and keep the rest", () => {
    const piped = policy.pipe(
      RetryPolicy.withJitter("full"),
      RetryPolicy.cap("2 minutes"),
      RetryPolicy.maxAttempts(4),
      RetryPolicy.maxElapsed("1 hour")
    )
    const options = { jitter: "full", cap: "2 minutes", maxAttempts: 4, maxElapsed: "1 hour" } as const
    assert.deepStrictEqual(piped, RetryPolicy.fixed("1 minute", options))
    assert.deepStrictEqual(policy, RetryPolicy.fixed("1 minute"))
  })

  it("replace an option that is set already", () => {
    const twice = policy.pipe(RetryPolicy.maxAttempts(4), RetryPolicy.maxAttempts(2))
    assert.strictEqual(twice.maxAttempts, 2)
  })

  it("refuse what the constructors refuse", () => {
    assert.throws(() => policy.pipe(RetryPolicy.cap(-1)), `"cap" is -1`)
    assert.throws(() => policy.pipe(RetryPolicy.maxAttempts(1.5)), `"maxAttempts" is 1.5`)
    assert.throws(() => policy.pipe(RetryPolicy.maxElapsed("Infinity")), `"maxElapsed" is "Infinity"`)
    assert.throws(() => policy.pipe(RetryPolicy.withJitter("lots" as never)), `"jitter" is "lots"`)
  })

  it("byTag adds up, and the later rule wins", () => {
    const both = policy.pipe(
      RetryPolicy.byTag({ A: RetryPolicy.never, B: RetryPolicy.fixed(1) }),
      RetryPolicy.byTag({ B: RetryPolicy.fixed(2) })
    )
    assert.deepStrictEqual(encode(both).byTag, { A: { _tag: "Never" }, B: { _tag: "Fixed", delayMillis: 2 } })
  })

  it("byTag refuses a rule that has rules itself", () => {
    const nested = policy.pipe(RetryPolicy.byTag({ A: RetryPolicy.never }))
    assert.throws(() => policy.pipe(RetryPolicy.byTag({ Busy: nested })), `"byTag.Busy"`)
  })

  it("byTagExhaustive is byTag", () => {
    const rules = { A: RetryPolicy.never }
    const exhaustive = RetryPolicy.byTagExhaustive<{ readonly _tag: "A" }>()(rules)
    assert.deepStrictEqual(policy.pipe(exhaustive), policy.pipe(RetryPolicy.byTag(rules)))
  })
})

describe("RetryPolicy schema", () => {
  it.effect.prop("decodes what it encoded, through JSON", [RetryPolicy.RetryPolicy], ([policy]) =>
    Effect.sync(() => {
      const back = decode(JSON.parse(JSON.stringify(encode(policy))))
      assert.deepStrictEqual(back, policy)
      assert.isTrue(Equal.equals(back, policy))
    }))

  it("a policy is its own JSON, and a decoded one can be piped", () => {
    const policy = RetryPolicy.default.pipe(RetryPolicy.byTag({ A: RetryPolicy.never }))
    const stored = JSON.parse(JSON.stringify(policy))
    assert.deepStrictEqual(stored, encode(policy))
    assert.deepStrictEqual(decode(stored).pipe(RetryPolicy.cap("1 minute")).capMillis, 60_000)
  })

  it("decodes an absent factor as 2 and ignores fields of newer releases", () => {
    const policy = decode({ _tag: "Exponential", baseMillis: 10, invented: true })
    assert.deepStrictEqual(policy, RetryPolicy.exponential({ base: 10, factor: 2 }))
  })

  it("refuses what the constructors refuse, naming the field and what it accepts", () => {
    const wrong: ReadonlyArray<readonly [unknown, string, string]> = [
      [{ _tag: "Fixed", delayMillis: -1 }, "delayMillis", "whole milliseconds from 0"],
      [{ _tag: "Fixed", delayMillis: 0.5 }, "delayMillis", "whole milliseconds from 0"],
      [{ _tag: "Fixed", delayMillis: Number.NaN }, "delayMillis", "whole milliseconds from 0"],
      [{ _tag: "Fixed", delayMillis: Infinity }, "delayMillis", "whole milliseconds from 0"],
      [{ _tag: "Fixed", delayMillis: "1 second" }, "delayMillis", "number"],
      [{ _tag: "Exponential", baseMillis: 1, factor: 0.9 }, "factor", "a finite factor of 1 or more"],
      [{ _tag: "Exponential", baseMillis: 1, factor: Infinity }, "factor", "a finite factor of 1 or more"],
      [{ _tag: "Fixed", delayMillis: 1, maxAttempts: 0 }, "maxAttempts", "1 or more"],
      [{ _tag: "Fixed", delayMillis: 1, maxAttempts: 2.5 }, "maxAttempts", "1 or more"],
      [{ _tag: "Fixed", delayMillis: 1, capMillis: -1 }, "capMillis", "whole milliseconds from 0"],
      [{ _tag: "Never", byTag: { A: { _tag: "Fixed", delayMillis: -1 } } }, "delayMillis", "whole milliseconds"],
      [{ _tag: "Table", delaysMillis: [1, -1] }, "[1]", "whole milliseconds from 0"]
    ]
    for (const [input, field, expected] of wrong) {
      const message = messageOf(input)
      assert.include(message, field, JSON.stringify(input))
      assert.include(message, expected, JSON.stringify(input))
    }
    assert.include(messageOf({ _tag: "Sometimes" }), "Exponential")
  })

  it.effect.prop(
    "accepts a delay exactly when the constructor does",
    { delay: Schema.Union([Schema.Int, Schema.Number, Schema.Literals([0, 31_536_000_000, 31_536_000_001])]) },
    ({ delay }) =>
      Effect.sync(() => {
        const construct = Effect.runSyncExit(Effect.sync(() => RetryPolicy.fixed(delay)))
        const isPolicy = Schema.decodeUnknownExit(RetryPolicy.RetryPolicy)({
          _tag: "Fixed",
          delayMillis: Math.ceil(delay)
        })
        assert.strictEqual(construct._tag, isPolicy._tag)
      })
  )
})
