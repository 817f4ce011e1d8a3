import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"
import * as EventsApi from "../src/EventsApi.ts"

describe("EventsApi", () => {
  it("documents its streams as text/event-stream", () => {
    const { paths } = OpenApi.fromApi(Api.Api)
    for (const path of ["/api/v1/events", "/api/v1/jobs/{id}/events"] as const) {
      assert.include(JSON.stringify(paths[path]?.get?.responses), "text/event-stream", path)
    }
  })

  it("reads every event by its type, and refuses others", () => {
    const is = Schema.is(EventsApi.ServiceEvent)
    assert.isTrue(is({ type: "available", queue: "q" }))
    assert.isTrue(is({ type: "ping" }))
    assert.isFalse(is({ type: "available" }))
    assert.isFalse(is({ type: "started" }))
  })
})
