import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"

describe("AuditApi", () => {
  it("can be read by page, actor, action and target, and by nothing be changed", () => {
    const item = OpenApi.fromApi(Api.Api).paths["/api/v1/audit"]
    assert.deepStrictEqual(Object.keys(item ?? {}), ["get"])
    assert.sameMembers(item?.get?.parameters.map(({ name }) => name) ?? [], [
      "actor",
      "action",
      "target",
      "cursor",
      "limit"
    ])
  })
})
