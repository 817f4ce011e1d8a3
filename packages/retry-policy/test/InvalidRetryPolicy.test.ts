import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { InvalidRetryPolicy } from "../src/InvalidRetryPolicy.ts"

describe("InvalidRetryPolicy", () => {
  const error = new InvalidRetryPolicy({ field: "base", value: "-1", expected: "a duration from 0" })

  it("names the field, the value and the remedy in its message", () => {
    assert.strictEqual(error.message, `Retry policy field "base" is -1: give a duration from 0`)
    assert.instanceOf(error, Error)
    assert.strictEqual(error._tag, "InvalidRetryPolicy")
  })

  it("keeps its fields through encoding", () => {
    const encoded = Schema.encodeSync(InvalidRetryPolicy)(error)
    assert.deepStrictEqual(encoded, {
      _tag: "InvalidRetryPolicy",
      field: "base",
      value: "-1",
      expected: "a duration from 0"
    })
  })
})
