import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as JobId from "../src/JobId.ts"

const isId = (text: string) => Result.isSuccess(Schema.decodeUnknownResult(JobId.JobId)(text))

describe("JobId", () => {
  it("takes 1 to 19 digits without a leading zero and nothing else", () => {
    for (const text of ["1", "42", "9223372036854775807"]) assert.isTrue(isId(text), text)
    for (const text of ["", "0", "007", "-1", "1.5", "1e3", " 1", "1 ", "x", "12345678901234567890", "1; drop"]) {
      assert.isFalse(isId(text), text)
    }
  })

  it("orders ids by their number, whatever their length", () => {
    const ids = ["100", "9", "10", "9007199254740993", "9007199254740992"].map(JobId.makeUnsafe)
    assert.deepStrictEqual(ids.toSorted(JobId.compare), ["9", "10", "100", "9007199254740992", "9007199254740993"])
    assert.strictEqual(JobId.compare(JobId.makeUnsafe("7"), JobId.makeUnsafe(7)), 0)
  })
})
