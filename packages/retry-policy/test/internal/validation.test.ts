import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as Validation from "../../src/internal/validation.ts"
import { InvalidRetryPolicy } from "../../src/InvalidRetryPolicy.ts"

const refused = (run: () => unknown): InvalidRetryPolicy => {
  try {
    run()
  } catch (error) {
    assert.instanceOf(error, InvalidRetryPolicy)
    return error
  }
  return assert.fail("nothing was thrown")
}

describe("validation.millis", () => {
  it("accepts every form of a duration and rounds up to whole milliseconds", () => {
    const accepted: ReadonlyArray<readonly [Duration.Input, number]> = [
      [0, 0],
      [1500, 1500],
      ["1 second", 1000],
      ["1500 micros", 2],
      [Duration.minutes(5), 300_000],
      [[1, 1], 1001],
      [2_000_000n, 2],
      [{ minutes: 1, seconds: 5 }, 65_000],
      ["365 days", 31_536_000_000]
    ]
    for (const [input, expected] of accepted) assert.strictEqual(Validation.millis("base", input), expected)
  })

  it("refuses negative, infinite, too long and invalid durations, naming field and value", () => {
    const inputs: ReadonlyArray<readonly [Duration.Input, string]> = [
      [-1, "-1"],
      ["-1 second", "\"-1 second\""],
      [Infinity, "Infinity"],
      ["Infinity", "\"Infinity\""],
      [Duration.negativeInfinity, "-Infinity"],
      ["366 days", "\"366 days\""]
    ]
    for (const [input, value] of inputs) {
      const error = refused(() => Validation.millis("base", input))
      assert.strictEqual(error.field, "base")
      assert.include(error.value, value)
      assert.include(error.message, `field "base" is `)
    }
  })

  it("refuses NaN in every form, which Duration would turn into zero", () => {
    const inputs: ReadonlyArray<Duration.Input> = [Number.NaN, [Number.NaN, 0], [0, Number.NaN], {
      seconds: Number.NaN
    }]
    for (const input of inputs) assert.include(refused(() => Validation.millis("cap", input)).value, "NaN")
  })

  it("refuses what is no duration at all", () => {
    for (const input of [null, undefined, "soon", {}.constructor, true]) {
      assert.strictEqual(refused(() => Validation.millis("cap", input as never)).field, "cap")
    }
  })
})

describe("validation.manyMillis", () => {
  it("names the entry that is wrong", () => {
    assert.strictEqual(refused(() => Validation.manyMillis("delays", [1, 2, -3])).field, "delays[2]")
  })

  it("refuses an empty and a too long list", () => {
    assert.strictEqual(refused(() => Validation.manyMillis("delays", [])).field, "delays.length")
    const long = Array.from({ length: 1001 }, () => 1)
    assert.strictEqual(refused(() => Validation.manyMillis("delays", long)).value, "1001")
    assert.lengthOf(Validation.manyMillis("delays", long.slice(1)), 1000)
  })
})

describe("validation.attempts, factor and jitter", () => {
  it("accept what is in range", () => {
    assert.strictEqual(Validation.attempts("maxAttempts", 1), 1)
    assert.strictEqual(Validation.factor("factor", 1), 1)
    assert.strictEqual(Validation.jitter("jitter", "full"), "full")
  })

  it("refuse what is not, naming field and value", () => {
    for (const value of [0, -1, 1.5, Number.NaN, Infinity]) {
      const error = refused(() => Validation.attempts("maxAttempts", value))
      assert.deepStrictEqual([error.field, error.value], ["maxAttempts", String(value)])
    }
    for (const value of [0, 0.99, -2, Number.NaN, Infinity]) {
      const error = refused(() => Validation.factor("factor", value))
      assert.deepStrictEqual([error.field, error.value], ["factor", String(value)])
    }
    assert.strictEqual(refused(() => Validation.jitter("jitter", "some" as never)).value, "\"some\"")
  })
})
