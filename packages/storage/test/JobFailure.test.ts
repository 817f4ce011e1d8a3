import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { JobFailure } from "../src/JobFailure.ts"

const decode = Schema.decodeUnknownResult(JobFailure)

describe("JobFailure", () => {
  it("has a tag and a message, a stack and data only where there are some", () => {
    for (const failure of [{ tag: "E", message: "m" }, { tag: "E", message: "", stack: "s", data: { deep: [null] } }]) {
      assert.deepStrictEqual(decode(failure), Result.succeed(failure))
    }
  })

  it("holds nothing but JSON", () => {
    for (const wrong of [{ tag: "E" }, { message: "m" }, { tag: "E", message: "m", data: () => 1 }, "E"]) {
      assert.isTrue(Result.isFailure(decode(wrong)))
    }
  })
})
