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
    assert.isTrue(isHealth({ status: "ok", storage: { status: "unavailable", detail: "away" }, uptimeSeconds: 3 }))
    assert.isFalse(isHealth({ status: "down", storage: { status: "available", detail: null }, uptimeSeconds: 3 }))
  })
})
