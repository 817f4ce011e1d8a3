import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as AccessError from "../src/AccessError.ts"
import * as ApiError from "../src/ApiError.ts"

describe("AccessError", () => {
  it("is part of the errors of the API, with its status", () => {
    const decode = Schema.decodeUnknownSync(ApiError.ApiError)
    const errors = [
      new AccessError.Unauthorized({ error: { message: "no" } }),
      new AccessError.KeyNotFound({ error: { message: "no" } })
    ]
    assert.strictEqual(errors.length, AccessError.all.length)
    for (const error of errors) {
      assert.strictEqual(error.message, "no")
      assert.strictEqual(decode({ error: { tag: error._tag, message: "no" } })._tag, error._tag)
    }
    assert.strictEqual(ApiError.statuses.Unauthorized, 401)
    assert.strictEqual(ApiError.statuses.KeyNotFound, 404)
  })
})
