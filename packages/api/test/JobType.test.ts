import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as JobType from "../src/JobType.ts"

describe("JobType", () => {
  it("knows nothing but the name of a kind that only a worker runs", () => {
    const type: JobType.JobType = {
      name: "a",
      source: "worker",
      version: null,
      queue: null,
      payload: null,
      retry: null,
      timeoutMillis: null
    }
    assert.deepStrictEqual(Schema.decodeUnknownSync(JobType.JobType)(type), type)
  })

  it("has one of three sources", () => {
    assert.isFalse(Schema.is(JobType.JobType)({ name: "a", source: "elsewhere" }))
  })
})
