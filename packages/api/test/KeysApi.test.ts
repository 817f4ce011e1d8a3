import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"
import * as Api from "../src/Api.ts"
import * as KeysApi from "../src/KeysApi.ts"

const isKey = Schema.is(Schema.toEncoded(KeysApi.CreateKey))
const decodes = (value: unknown) => Schema.decodeUnknownResult(KeysApi.CreateKey)(value)._tag

describe("KeysApi", () => {
  it("takes a name and scopes, and refuses none, unknown ones and lives that can not be", () => {
    assert.isTrue(isKey({ name: "ci", scopes: ["read"] }))
    assert.strictEqual(
      decodes({ name: "ci", scopes: ["read", "enqueue"], queues: ["mail-*"], expiresIn: "30 days" }),
      "Success"
    )
    for (
      const wrong of [
        { name: "", scopes: ["read"] },
        { name: "ci", scopes: [] },
        { name: "ci", scopes: ["root"] },
        { name: "ci", scopes: ["read"], queues: [] },
        { name: "ci", scopes: ["read"], tenant: "" },
        { name: "ci", scopes: ["read"], expiresIn: "5 seconds" },
        { name: "ci", scopes: ["read"], expiresIn: "5000 days" }
      ]
    ) assert.strictEqual(decodes(wrong), "Failure", JSON.stringify(wrong))
  })

  it("shows a secret when it is made, and never in a list", () => {
    const { components, paths } = OpenApi.fromApi(Api.Api)
    assert.isDefined(paths["/api/v1/keys"]?.post)
    const properties = (name: string) =>
      Object.keys((components.schemas[name] as { readonly properties: object }).properties)
    assert.include(properties("ApiKeyWithSecret"), "key")
    assert.notIncludeMembers(properties("ApiKey"), ["key", "hash", "secret"])
  })
})
