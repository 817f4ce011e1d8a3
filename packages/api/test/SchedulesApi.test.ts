import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"

const { paths } = OpenApi.fromApi(Api.Api)

describe("SchedulesApi", () => {
  it("answers 201 for a schedule that was created, and names what can be wrong", () => {
    const answers = Object.keys(paths["/api/v1/schedules"]?.post?.responses ?? {})
    assert.includeMembers(answers, ["201", "400", "409", "422", "503"])
    assert.notInclude(answers, "200")
  })

  it("answers 404 for every endpoint of one schedule but its history, which outlives it", () => {
    for (const [path, item] of Object.entries(paths)) {
      if (!path.startsWith("/api/v1/schedules/{name}")) continue
      for (const operation of Object.values(item)) {
        const has = "404" in (operation as OpenApi.OpenAPISpecOperation).responses
        assert.strictEqual(has, !path.endsWith("/ticks"), path)
      }
    }
  })
})
