import { assert, describe, it } from "@effect/vitest"
import { DateTime, Result } from "effect"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"
import * as StatsApi from "../src/StatsApi.ts"

const now = DateTime.makeUnsafe("2026-11-22T12:00:00Z")

const stepOf = (range: typeof StatsApi.HistoryRange.Type) =>
  Result.match(StatsApi.rangeOf(range, now), {
    onSuccess: ({ stepMillis }): number | string => stepMillis / 60_000,
    onFailure: ({ field }) => field
  })

describe("StatsApi", () => {
  it("is history, alerts and health, to be read only", () => {
    const { paths } = OpenApi.fromApi(Api.Api)
    for (const path of ["/api/v1/stats/history", "/api/v1/alerts", "/health/detail"]) {
      assert.deepStrictEqual(Object.keys(paths[path as "/"] ?? {}), ["get"], path)
    }
    const limit = paths["/api/v1/alerts"]?.get?.parameters.find(({ name }) => name === "limit")
    assert.deepInclude(limit?.schema, { type: "integer", maximum: 200 })
  })

  it("reads the last hour by the minute, and longer ranges in steps that make a chart", () => {
    const range = Result.getOrThrow(StatsApi.rangeOf({}, now))
    assert.deepStrictEqual(range, { from: DateTime.subtract(now, { hours: 1 }), to: now, stepMillis: 60_000 })
    assert.strictEqual(stepOf({ from: DateTime.subtract(now, { hours: 2 }) }), 1)
    assert.strictEqual(stepOf({ from: DateTime.subtract(now, { days: 1 }) }), 15)
    assert.strictEqual(stepOf({ from: DateTime.subtract(now, { days: 14 }) }), 360)
    assert.strictEqual(stepOf({ step: "30 minutes" }), 30)
  })

  it("refuses a range that ends before it begins, or that has too many steps", () => {
    assert.strictEqual(stepOf({ from: now }), "from")
    assert.strictEqual(stepOf({ from: DateTime.add(now, { hours: 1 }) }), "from")
    const thousand = DateTime.subtract(now, { minutes: 1000 })
    assert.strictEqual(stepOf({ from: thousand, step: "1 minute" }), 1)
    assert.strictEqual(stepOf({ from: DateTime.subtract(thousand, { seconds: 1 }), step: "1 minute" }), "step")
    assert.strictEqual(stepOf({ from: DateTime.makeUnsafe("0001-01-01T00:00:00Z") }), "step")
  })
})
