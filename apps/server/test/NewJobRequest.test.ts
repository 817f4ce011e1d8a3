import { assert, describe, it } from "@effect/vitest"
import * as NewJobRequest from "../src/NewJobRequest.ts"

describe("NewJobRequest", () => {
  it("leaves absent what was not sent, so that the definition decides", () => {
    assert.deepStrictEqual(NewJobRequest.from({ name: "a", payload: { x: 1 } }), { name: "a", payload: { x: 1 } })
  })

  it("takes no tenant for no tenant", () => {
    assert.notProperty(NewJobRequest.from({ name: "a", payload: 1, tenant: null }), "tenant")
    assert.propertyVal(NewJobRequest.from({ name: "a", payload: 1, tenant: "t" }), "tenant", "t")
  })

  it("hands over every option", () => {
    const job = {
      name: "a",
      payload: 1,
      queue: "q",
      priority: "high",
      delay: "1 hour",
      unique: "u",
      maxAttempts: 2,
      timeout: "1 minute",
      tags: ["x"]
    } as const
    assert.deepStrictEqual(NewJobRequest.from(job), job)
  })
})
