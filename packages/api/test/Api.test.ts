import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"
import * as ApiError from "../src/ApiError.ts"

const document = OpenApi.fromApi(Api.Api)

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation: operation as OpenApi.OpenAPISpecOperation
  }))
)

/** Every `$ref` in a value. */
const refs = (value: unknown): ReadonlyArray<string> =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => key === "$ref" ? [String(inner)] : refs(inner))

describe("Api", () => {
  it("has these operations and no other", () => {
    assert.deepStrictEqual(operations.map(({ name }) => name).toSorted(), [
      "DELETE /api/v1/jobs/{id}",
      "DELETE /api/v1/keys/{id}",
      "DELETE /api/v1/limits/{name}/override",
      "DELETE /api/v1/schedules/{name}",
      "GET /api/v1/alerts",
      "GET /api/v1/audit",
      "GET /api/v1/events",
      "GET /api/v1/job-types",
      "GET /api/v1/jobs",
      "GET /api/v1/jobs/{id}",
      "GET /api/v1/jobs/{id}/attempts",
      "GET /api/v1/jobs/{id}/events",
      "GET /api/v1/jobs/{id}/explain",
      "GET /api/v1/jobs/{id}/logs",
      "GET /api/v1/keys",
      "GET /api/v1/limits",
      "GET /api/v1/limits/{name}",
      "GET /api/v1/queues",
      "GET /api/v1/queues/{name}",
      "GET /api/v1/schedules",
      "GET /api/v1/schedules/{name}",
      "GET /api/v1/schedules/{name}/preview",
      "GET /api/v1/schedules/{name}/ticks",
      "GET /api/v1/stats",
      "GET /api/v1/stats/history",
      "GET /api/v1/tenants",
      "GET /api/v1/workers",
      "GET /health",
      "GET /health/detail",
      "GET /metrics",
      "GET /ready",
      "PATCH /api/v1/jobs/{id}",
      "PATCH /api/v1/schedules/{name}",
      "POST /api/v1/drain",
      "POST /api/v1/job-types/{name}/pause",
      "POST /api/v1/job-types/{name}/resume",
      "POST /api/v1/jobs",
      "POST /api/v1/jobs/batch",
      "POST /api/v1/jobs/{id}/cancel",
      "POST /api/v1/jobs/{id}/promote",
      "POST /api/v1/jobs/{id}/retry",
      "POST /api/v1/keys",
      "POST /api/v1/keys/{id}/rotate",
      "POST /api/v1/limits/{name}/pause",
      "POST /api/v1/limits/{name}/resume",
      "POST /api/v1/queues/{name}/pause",
      "POST /api/v1/queues/{name}/resume",
      "POST /api/v1/schedules",
      "POST /api/v1/schedules/preview",
      "POST /api/v1/schedules/{name}/backfill",
      "POST /api/v1/schedules/{name}/pause",
      "POST /api/v1/schedules/{name}/resume",
      "POST /api/v1/schedules/{name}/trigger",
      "POST /api/v1/tenants/{name}/pause",
      "POST /api/v1/tenants/{name}/resume",
      "PUT /api/v1/limits/{name}/override",
      "PUT /api/v1/tenants/{name}/weight"
    ])
  })

  it("is an OpenAPI 3.1 document whose references all lead somewhere", () => {
    assert.strictEqual(document.openapi, "3.1.0")
    const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    assert.isAbove(names.length, 15)
    assert.includeMembers(names, [...refs(document)])
  })

  it("has a summary, an id of its own and a success answer for every operation", () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.strictEqual(new Set(ids).size, operations.length)
    for (const { name, operation } of operations) {
      assert.isString(operation.summary, name)
      assert.isNotEmpty(Object.keys(operation.responses).filter((status) => status.startsWith("2")), name)
    }
  })

  it("documents the errors of every operation, each as the envelope", () => {
    const statuses = new Set(Object.values(ApiError.statuses).map(String))
    for (const { name, operation } of operations) {
      const errors = Object.entries(operation.responses).filter(([status]) => !status.startsWith("2"))
      const found = errors.map(([status]) => status)
      assert.includeMembers(found, ["400", "403", "429", "500"], name)
      assert.includeMembers([...statuses], found, name)
      for (const [status, response] of errors) {
        const tags = refs(response).map((ref) => ref.split("/").at(-1) as ApiError.Tag)
        assert.isNotEmpty(tags, `${name} ${status}`)
        for (const tag of tags) assert.strictEqual(ApiError.statuses[tag], Number(status), `${name} ${tag}`)
      }
    }
  })

  it("documents what is particular to an operation", () => {
    const statusesOf = (name: string) =>
      Object.keys(operations.find((each) => each.name === name)?.operation.responses ?? {})
    assert.includeMembers(statusesOf("POST /api/v1/jobs"), ["201", "408", "413", "415", "422", "503"])
    assert.includeMembers(statusesOf("GET /api/v1/jobs/{id}"), ["200", "404", "503"])
    assert.includeMembers(statusesOf("POST /api/v1/jobs/{id}/cancel"), ["200", "404", "409", "503"])
    assert.includeMembers(statusesOf("DELETE /api/v1/jobs/{id}"), ["204", "404", "409", "503"])
    assert.includeMembers(statusesOf("GET /ready"), ["200", "503"])
  })

  it("describes the envelope with a tag, a message and optional details", () => {
    for (const tag of ["JobNotFound", "InvalidRequest", "Unavailable"]) {
      const schema = document.components.schemas[tag] as {
        readonly properties: {
          readonly error: { readonly properties: object; readonly required: ReadonlyArray<string> }
        }
      }
      const { properties, required } = schema.properties.error
      assert.sameMembers(Object.keys(properties), ["tag", "message", "field", "jobId", "hint"])
      assert.sameMembers([...required], ["tag", "message"])
    }
  })
})
