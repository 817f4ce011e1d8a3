import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"

const { paths } = OpenApi.fromApi(Api.Api)

describe("QueuesApi", () => {
  it("takes the name of a queue as a path parameter", () => {
    const parameters = paths["/api/v1/queues/{name}/pause"]?.post?.parameters ?? []
    assert.deepStrictEqual(parameters.map(({ in: place, name, required }) => ({ place, name, required })), [
      { place: "path", name: "name", required: true }
    ])
  })

  it("answers 404 only where a queue is read", () => {
    assert.property(paths["/api/v1/queues/{name}"]?.get?.responses ?? {}, "404")
    assert.notProperty(paths["/api/v1/queues/{name}/pause"]?.post?.responses ?? {}, "404")
  })
})
