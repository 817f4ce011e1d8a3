import { assert, describe, it } from "@effect/vitest"
import * as ApiError from "../src/ApiError.ts"
import * as ResourceError from "../src/ResourceError.ts"

describe("ResourceError", () => {
  it("is part of the union of all errors, class for class", () => {
    assert.includeMembers([...ApiError.ApiError.members], [...ResourceError.all])
  })

  it("carries its tag and its message", () => {
    const error = new ResourceError.QueueNotFound({ error: { message: "There is no queue q" } })
    assert.deepStrictEqual([error._tag, error.error.tag, error.message], [
      "QueueNotFound",
      "QueueNotFound",
      "There is no queue q"
    ])
  })
})
