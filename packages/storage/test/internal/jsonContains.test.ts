import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { jsonContains } from "../../src/internal/jsonContains.ts"

describe("jsonContains", () => {
  it.prop("every value contains itself", { value: Schema.Json }, ({ value }) => jsonContains(value, value))

  it.prop(
    "an array contains each of its elements and its own parts in any order",
    {
      values: Schema.Array(Schema.Json)
    },
    ({ values }) => values.every((value) => jsonContains(values, [value])) && jsonContains(values, values.toReversed())
  )

  it.prop(
    "an object contains each of its entries",
    {
      value: Schema.Record(Schema.String, Schema.Json)
    },
    ({ value }) =>
      Object.entries(value).every(([key, inner]) => jsonContains(value, Object.fromEntries([[key, inner]])))
  )

  it("finds a scalar in an array at the top only", () => {
    assert.isTrue(jsonContains([1, "a", null], "a"))
    assert.isTrue(jsonContains([1, "a", null], null))
    assert.isFalse(jsonContains([["a"]], "a"))
    assert.isFalse(jsonContains({ list: ["a"] }, { list: "a" }))
    assert.isFalse(jsonContains("a", ["a"]))
  })

  it("takes names of prototypes for plain keys", () => {
    const hostile = JSON.parse("{\"__proto__\": {\"x\": 1}}")
    assert.isTrue(jsonContains(hostile, hostile))
    assert.isFalse(jsonContains({}, { constructor: {} }))
    assert.isFalse(jsonContains({}, hostile))
  })
})
