import { assert, describe, it } from "@effect/vitest"
import * as Audit from "../src/Audit.ts"

describe("Audit", () => {
  it("finds what a change was about in its path and its answer", () => {
    assert.deepStrictEqual(Audit.targetsOf({ id: "7" }, `{"id":"7","from":"dead","to":"available"}`), ["7"])
    assert.deepStrictEqual(Audit.targetsOf({}, `{"jobs":[{"id":"1","outcome":"enqueued"},{"id":"2"}]}`), ["1", "2"])
    assert.deepStrictEqual(Audit.targetsOf({ name: "mail", more: undefined }, ""), ["mail"])
    assert.deepStrictEqual(Audit.targetsOf({}, `{"name":"nightly","next":null}`), ["nightly"])
  })

  it("says nothing of what is no object, no JSON or no id", () => {
    for (
      const answer of ["", "null", "[]", "[1]", "{", `{"id":5}`, `{"jobs":[null,1,"x",[]]}`, `{"deep":{"id":"1"}}`]
    ) {
      assert.deepStrictEqual(Audit.targetsOf({}, answer), [], answer)
    }
  })
})
