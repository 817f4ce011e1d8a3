import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"
import * as DrainApi from "../src/DrainApi.ts"

describe("DrainApi", () => {
  it("takes limits within bounds, and none", () => {
    const is = Schema.is(DrainApi.DrainRequest)
    assert.isTrue(is({}))
    assert.isTrue(is({ maxRuntimeMs: DrainApi.longestMillis, maxJobs: 1 }))
    for (const wrong of [{ maxRuntimeMs: 0 }, { maxRuntimeMs: DrainApi.longestMillis + 1 }, { maxJobs: 0 }]) {
      assert.isFalse(is(wrong), JSON.stringify(wrong))
    }
  })

  it("asks for no API key, for it has a secret of its own", () => {
    const operation = OpenApi.fromApi(Api.Api).paths["/api/v1/drain"]?.post
    assert.deepStrictEqual(operation?.security, [])
    assert.includeMembers(Object.keys(operation?.responses ?? {}), ["200", "401", "403"])
  })
})
