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
      ttl: "1 hour",
      throttle: { period: "1 hour", key: "t", scope: "queue" },
      debounce: { wait: "1 second", maxWait: "1 minute", payload: "keep" },
      fifo: "f",
      limits: [{ name: "smtp", key: "a", weight: 2 }],
      tags: ["x"]
    } as const
    assert.deepStrictEqual(NewJobRequest.from(job), job)
    const { debounce: _, throttle: __, ...once } = job
    const unique = { key: "u", scope: "global", until: "started", period: "1 hour" } as const
    assert.deepStrictEqual(NewJobRequest.from({ ...once, unique }), { ...once, unique })
  })
})
