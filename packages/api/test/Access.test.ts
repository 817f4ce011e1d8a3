import { assert, describe, it } from "@effect/vitest"
import { Context } from "effect"
import { HttpApi, OpenApi } from "effect/http-api"
import * as Access from "../src/Access.ts"
import * as Api from "../src/Api.ts"

interface Endpoint {
  readonly name: string
  readonly method: string
  readonly states: boolean
  readonly scope: Access.Scope | "public"
  readonly middlewares: ReadonlyArray<string>
}

const endpoints: Array<Endpoint> = []
HttpApi.reflect(Api.Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint, mergedAnnotations, middleware }) => {
    endpoints.push({
      name: `${endpoint.method} ${endpoint.path}`,
      method: endpoint.method,
      states: mergedAnnotations.mapUnsafe.has(Access.NeededScope.key),
      scope: Context.get(mergedAnnotations, Access.NeededScope),
      middlewares: Array.from(middleware, (each) => each.key)
    })
  }
})

describe("Access", () => {
  it("denies by default: what is not annotated needs an admin whose key is not restricted", () => {
    assert.strictEqual(Context.get(Context.empty(), Access.NeededScope), "admin")
    assert.strictEqual(Context.get(Context.empty(), Access.Reach), "everything")
    assert.strictEqual(Context.get(Context.empty(), Access.Recorded), "together")
  })

  it("F67: is stated by every endpoint, and asked of every endpoint", () => {
    assert.isAbove(endpoints.length, 20)
    for (const { middlewares, name, states } of endpoints) {
      assert.isTrue(states, `${name} does not say which scope it needs`)
      assert.include(middlewares, Access.Authorization.key, name)
    }
  })

  it("lets nobody change anything without a key, nor with one that may only read", () => {
    for (const { method, name, scope } of endpoints) {
      // The drain has a secret of its own, which its handler asks for: DrainHandlers.test.ts.
      if (method !== "GET" && name !== "POST /api/v1/drain") assert.notInclude(["public", "read"], scope, name)
    }
    assert.deepStrictEqual(endpoints.filter(({ scope }) => scope === "public").map(({ name }) => name), [
      "POST /api/v1/drain",
      "GET /health",
      "GET /ready"
    ])
  })

  it("is written into the OpenAPI document", () => {
    const { components, paths } = OpenApi.fromApi(Api.Api)
    assert.deepInclude(components.securitySchemes["apiKey"], { type: "http" })
    assert.deepStrictEqual(paths["/health"]?.get?.security, [])
    assert.deepStrictEqual(paths["/api/v1/jobs/{id}/cancel"]?.post?.security, [{ apiKey: ["operate"] }])
    const operations = Object.values(paths).flatMap((item) => Object.values(item) as ReadonlyArray<object>)
    for (const operation of operations) assert.property(operation, "security")
  })
})
