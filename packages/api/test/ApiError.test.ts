import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as ApiError from "../src/ApiError.ts"

const codec = Schema.toCodecJson(ApiError.ApiError)
const tags = Object.keys(ApiError.statuses) as ReadonlyArray<ApiError.Tag>

describe("ApiError", () => {
  for (const tag of tags) {
    it(`writes and reads ${tag} as the envelope`, () => {
      const wire = { error: { tag, message: "m", field: "f", jobId: "7", hint: "h" } }
      const error = Schema.decodeUnknownSync(codec)(wire)
      assert.strictEqual(error._tag, tag)
      assert.strictEqual(error.message, "m")
      assert.instanceOf(error, Error)
      assert.deepStrictEqual(Schema.encodeSync(codec)(error), wire)
    })
  }

  it("has a class with the right status for every tag, and no other class", () => {
    const endpoint = HttpApiEndpoint.get("all", "/", { error: ApiError.ApiError.members })
    const document = OpenApi.fromApi(HttpApi.make("errors").add(HttpApiGroup.make("group").add(endpoint)))
    const documented = Object.entries(document.paths["/"]?.get?.responses ?? {}).flatMap(([status, response]) =>
      [...JSON.stringify(response).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, tag]) => [tag, Number(status)])
    )
    assert.deepStrictEqual(Object.fromEntries(documented), { ...ApiError.statuses })
  })

  it("leaves out what is not known", () => {
    const error = new ApiError.JobNotFound({ error: { message: "There is no job 7", jobId: "7" } })
    assert.deepStrictEqual(Schema.encodeSync(codec)(error), {
      error: { tag: "JobNotFound", message: "There is no job 7", jobId: "7" }
    })
  })

  it("writes no stack trace", () => {
    const error = new ApiError.InternalError({ error: { message: "m" } })
    assert.notInclude(JSON.stringify(Schema.encodeSync(codec)(error)), "ApiError.test")
  })

  it.effect("is caught by its tag", () =>
    Effect.gen(function*() {
      const failing: Effect.Effect<never, ApiError.ApiError> = Effect.fail(
        new ApiError.UnknownJob({ error: { message: "m" } })
      )
      const caught = yield* Effect.catchTag(failing, "UnknownJob", (error) => Effect.succeed(error.error.tag))
      assert.strictEqual(caught, "UnknownJob")
    }))
})
