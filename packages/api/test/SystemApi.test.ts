import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as SystemApi from "../src/SystemApi.ts"

describe("SystemApi", () => {
  it("stands at the root, where probes look", () => {
    assert.deepStrictEqual(Object.values(SystemApi.SystemApi.endpoints).map((endpoint) => endpoint.path), [
      "/health",
      "/ready",
      "/metrics"
    ])
  })

  it("says that the process lives, whatever the storage does", () => {
    const isHealth = Schema.is(SystemApi.Health)
    const health = { storage: { status: "unavailable", detail: "away" }, pool: null, uptimeSeconds: 3 }
    assert.isTrue(isHealth({ ...health, status: "ok" }))
    assert.isFalse(isHealth({ ...health, status: "down" }))
  })

  it("tells of the pool in whole numbers", () => {
    const isPool = Schema.is(SystemApi.Pool)
    assert.isTrue(isPool({ max: 10, total: 2, idle: 1, waiting: 0 }))
    assert.isFalse(isPool({ max: 10, total: 2, idle: 0.5, waiting: 0 }))
  })
})
