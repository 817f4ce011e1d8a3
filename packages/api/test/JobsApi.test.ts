import { assert, describe, it } from "@effect/vitest"
import { JobState } from "@millrace/storage"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"
import * as JobFilter from "../src/JobFilter.ts"

const list = OpenApi.fromApi(Api.Api).paths["/api/v1/jobs"]?.get
const schemaOf = (name: string) => list?.parameters.find((parameter) => parameter.name === name)?.schema

describe("JobsApi", () => {
  it("documents every filter of the list as an optional query parameter", () => {
    assert.sameMembers(
      list?.parameters.map((parameter) => parameter.name) ?? [],
      Object.keys(JobFilter.JobFilter.fields)
    )
    for (const parameter of list?.parameters ?? []) {
      assert.strictEqual(parameter.in, "query")
      assert.isFalse(parameter.required)
    }
  })

  it("documents the states by name and the limit as a number", () => {
    assert.deepInclude(schemaOf("state"), { type: "array", items: { type: "string", enum: JobState.states } })
    assert.deepInclude(schemaOf("limit"), { type: "integer", minimum: 1, maximum: 200, default: 50 })
  })
})
