import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Exit, Schema } from "effect"
import * as Failures from "../../src/internal/failure.ts"
import * as JobCodec from "../../src/internal/jobCodec.ts"
import * as JsonGuard from "../../src/internal/jsonGuard.ts"

class Full extends Schema.TaggedError<Full>()("Full", { box: Schema.String }) {}
class Busy extends Schema.TaggedError<Busy>()("Busy", { retryAfterMillis: Schema.Number }) {}
class Later extends Schema.TaggedError<Later>()("Later", { retryAfter: Schema.Duration }) {}

const codec = JobCodec.make({
  payload: Schema.Void,
  success: Schema.Void,
  error: Schema.Union([Full, Busy, Later, Schema.Struct({ _tag: Schema.tag("Odd"), text: Schema.String })])
})

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length

const hostile = (): ReadonlyArray<readonly [string, unknown]> => {
  const cyclic: Record<string, unknown> = {}
  cyclic["cause"] = cyclic
  const trap = new Proxy({}, {
    get: () => {
      throw new Error("trap")
    },
    ownKeys: () => {
      throw new Error("trap")
    },
    getPrototypeOf: () => {
      throw new Error("trap")
    }
  })
  const chain = new Error("outer", { cause: new TypeError("inner\u0000", { cause: "root" }) })
  let endless: Error = new Error("0")
  for (let level = 0; level < 1_000; level++) endless = new Error(`${level}`, { cause: endless })
  return [
    ["a string", "boom"],
    ["undefined", undefined],
    ["null", null],
    ["a number", Number.NaN],
    ["a BigInt", 10n ** 100n],
    ["a symbol", Symbol("s")],
    ["a function", () => 1],
    ["a cyclic object", cyclic],
    ["a trap", trap],
    ["a getter that throws", {
      get message(): string {
        throw new Error("no")
      },
      get _tag(): string {
        throw new Error("no")
      }
    }],
    ["a message that is no string", { message: { toString: 3 }, _tag: 7, stack: 9 }],
    ["ten megabytes", new Error("x".repeat(10_000_000))],
    ["NUL and surrogates", new Error("a\u0000b\ud800")],
    ["a null prototype", Object.create(null)],
    ["an array", [1, [2], { a: 3 }]],
    ["a deep object", JSON.parse("[".repeat(2_000) + "]".repeat(2_000))],
    ["nested causes", chain],
    ["a thousand causes", endless],
    ["a typed error with hostile data", { _tag: "Odd", text: "a\u0000\ud800" }],
    ["a typed error with a megabyte of data", { _tag: "Odd", text: "x".repeat(1_000_000) }],
    [
      "a revoked proxy",
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {})
        revoke()
        return proxy
      })()
    ],
    ["a class without a name", new (class {})()]
  ]
}

describe("failure", () => {
  for (const [name, thrown] of hostile()) {
    it(`turns ${name} into something that can be stored, thrown or failed with`, () => {
      for (const cause of [Cause.die(thrown), Cause.fail(thrown)]) {
        const { failure } = Failures.fromCause(cause, codec)
        assert.strictEqual(JsonGuard.check(failure, { bytes: 200_000, depth: 120 }), null)
        assert.isAtMost(bytesOf(failure.message), 2 * 8_192 + 2)
        assert.isAtLeast(failure.tag.length, 1)
        assert.deepStrictEqual(JSON.parse(JSON.stringify(failure)), failure)
      }
    })
  }

  it("keeps tag, message and encoded data of a typed error", () => {
    const { errorTag, failure } = Failures.fromError(new Full({ box: "in" }), codec)
    assert.strictEqual(errorTag, "Full")
    assert.strictEqual(failure.tag, "Full")
    assert.deepStrictEqual(failure.data, { _tag: "Full", box: "in" })
    assert.isUndefined(failure.stack)
  })

  it("F56: sanitises data, and leaves it out when it is too large or does not fit", () => {
    assert.deepStrictEqual(Failures.fromError({ _tag: "Odd", text: "a\u0000" }, codec).failure.data, {
      _tag: "Odd",
      text: "a\ufffd"
    })
    assert.isUndefined(Failures.fromError({ _tag: "Odd", text: "x".repeat(70_000) }, codec).failure.data)
    assert.isUndefined(Failures.fromError({ _tag: "Unknown" }, codec).failure.data)
  })

  it("names defects by their class and tells their causes", () => {
    const { errorTag, failure } = Failures.fromDefect(new RangeError("far", { cause: new TypeError("near") }))
    assert.strictEqual(errorTag, undefined)
    assert.strictEqual(failure.tag, "RangeError")
    assert.include(failure.stack, "[cause] TypeError: near")
    assert.strictEqual(Failures.fromDefect("text").failure.tag, "Defect")
    assert.strictEqual(Failures.fromDefect("text").failure.message, "text")
    assert.include(Failures.fromDefect({ a: 1, b: [] }).failure.message, "a: 1")
  })

  it("prefers the typed error to the defects and interruptions beside it", () => {
    const cause = Cause.combine(
      Cause.combine(Cause.interrupt(1), Cause.die("defect")),
      Cause.fail(new Full({ box: "b" }))
    )
    assert.strictEqual(Failures.fromCause(cause, codec).failure.tag, "Full")
    assert.strictEqual(
      Failures.fromCause(Cause.combine(Cause.interrupt(1), Cause.die(new Error("d"))), codec).failure.message,
      "d"
    )
    assert.strictEqual(Failures.fromCause(Cause.interrupt(1), codec).failure.tag, "Interrupted")
    assert.isTrue(Exit.isFailure(Exit.failCause(cause)))
  })

  it("reads the delay that an error asks for", () => {
    const delayOf = (error: unknown) => Failures.fromError(error, codec).retryAfterMillis
    assert.strictEqual(delayOf(new Busy({ retryAfterMillis: 250 })), 250)
    assert.strictEqual(delayOf(new Later({ retryAfter: Duration.seconds(3) })), 3_000)
    assert.strictEqual(delayOf({ retryAfterMillis: -1 }), undefined)
    assert.strictEqual(delayOf({ retryAfterMillis: Number.NaN }), undefined)
    assert.strictEqual(delayOf({ retryAfterMillis: Infinity }), 100 * 365 * 86_400_000)
    assert.strictEqual(delayOf({ retryAfter: "tomorrow" }), undefined)
  })
})
