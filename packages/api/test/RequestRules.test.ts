import { assert, describe, it } from "@effect/vitest"
import { Context } from "effect"
import { HttpApi } from "effect/http-api"
import type { HttpApiEndpoint } from "effect/http-api"
import * as Api from "../src/Api.ts"
import * as RequestRules from "../src/RequestRules.ts"

const endpoints: Array<HttpApiEndpoint.Top> = []
HttpApi.reflect(Api.Api, { onGroup: () => {}, onEndpoint: ({ endpoint }) => endpoints.push(endpoint) })

const has = (endpoint: HttpApiEndpoint.Top, rules: { readonly key: string }) =>
  [...endpoint.middlewares].some((middleware) => middleware.key === rules.key)

describe("RequestRules", () => {
  it("hold for every endpoint", () => {
    assert.isAtLeast(endpoints.length, 11)
    assert.deepStrictEqual(endpoints.filter((endpoint) => !has(endpoint, RequestRules.RequestRules)), [])
  })

  it("limit every body, and no endpoint without one", () => {
    for (const endpoint of endpoints) {
      assert.strictEqual(has(endpoint, RequestRules.BodyRules), endpoint.payload.size > 0, endpoint.path)
    }
  })

  it("take 2 MiB of one job, and 16 MiB of a batch", () => {
    const limits = endpoints.filter((endpoint) => endpoint.payload.size > 0).map((endpoint) => [
      endpoint.path,
      Context.get(endpoint.annotations, RequestRules.MaxBodyBytes) / 1024 / 1024
    ])
    assert.isAbove(limits.length, 10)
    for (const [path, mebibytes] of limits) {
      assert.strictEqual(mebibytes, path === "/api/v1/jobs/batch" ? 16 : 2, String(path))
    }
  })
})
