import { assert, describe, it } from "@effect/vitest"
import { CreateJob } from "@millrace/api"
import { Schema } from "effect"
import * as FieldIssue from "../src/FieldIssue.ts"

const first = (schema: Schema.ConstraintCodec<unknown, unknown>, value: unknown) => {
  const decoded = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(value)
  return decoded._tag === "Failure" ? FieldIssue.first(decoded.failure.issue) : null
}

describe("FieldIssue", () => {
  it("writes paths as callers read them", () => {
    assert.strictEqual(FieldIssue.toField(["jobs", 3, "payload", "userId"]), "jobs[3].payload.userId")
    assert.strictEqual(FieldIssue.toField([0, "a b", "x-y"]), `[0]["a b"].x-y`)
    assert.strictEqual(FieldIssue.toField([]), "")
  })

  it("keeps paths short and printable, whatever the keys are", () => {
    const field = FieldIssue.toField(["a\u0000\u001b[31m\uD800", "x".repeat(10_000)])
    assert.isAtMost(field.length, 201)
    assert.notMatch(field, /\p{Cc}|\p{Surrogate}/u)
  })

  it("lists the known fields beside an unknown one", () => {
    const issue = first(CreateJob.CreateBatch, { jobs: [{ name: "a", payload: 1, retries: 3 }] })
    assert.strictEqual(issue?.field, "jobs[0].retries")
    assert.strictEqual(issue?.message, "Unknown field")
    assert.include(issue?.hint ?? "", "maxAttempts")
  })

  it("names a missing field", () => {
    assert.deepStrictEqual(first(CreateJob.CreateJob, { name: "a" }), {
      field: "payload",
      message: "Missing field",
      hint: null
    })
  })

  it("has no field for the value itself", () => {
    assert.strictEqual(first(CreateJob.CreateJob, [])?.field, "")
  })
})
