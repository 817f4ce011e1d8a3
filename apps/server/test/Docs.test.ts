import { assert, describe, it, layer } from "@effect/vitest"
import { Api } from "@millrace/api"
import { Effect } from "effect"
import { OpenApi } from "effect/http-api"
import * as Crypto from "node:crypto"
import * as Docs from "../src/Docs.ts"
import * as T from "./support/ServerUnderTest.ts"

describe("Docs", () => {
  layer(T.layer(), { excludeTestServices: true })("served", (it) => {
    it.effect("serves the OpenAPI document of the contract", () =>
      Effect.gen(function*() {
        const answer = yield* T.get("/openapi.json")
        assert.strictEqual(answer.status, 200)
        assert.include(answer.headers.get("content-type"), "application/json")
        assert.deepStrictEqual(answer.json, JSON.parse(JSON.stringify(OpenApi.fromApi(Api.Api))))
      }))

    it.effect("serves a page without foreign parts, on which only its own scripts run", () =>
      Effect.gen(function*() {
        const answer = yield* T.get("/docs")
        assert.strictEqual(answer.status, 200)
        assert.include(answer.headers.get("content-type"), "text/html")
        const policy = answer.headers.get("content-security-policy") ?? ""
        assert.include(policy, "default-src 'none'")
        assert.notMatch(policy, /script-src[^;]*unsafe/)
        assert.notMatch(answer.text, /<(?:script|link|img|iframe)[^>]+(?:src|href)=/)
        const scripts = [...answer.text.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = ""]) => script)
        assert.strictEqual(scripts.length, 2)
        for (const script of scripts) {
          assert.include(policy, Crypto.createHash("sha256").update(script).digest("base64"))
        }
      }))

    it.effect("answers HEAD without a body", () =>
      Effect.gen(function*() {
        const answer = yield* T.send("HEAD", "/docs")
        assert.deepStrictEqual([answer.status, answer.text], [200, ""])
      }))
  })

  it("allows no script on a page without one", () => {
    assert.include(Docs.policyOf("<p>hello</p>"), "script-src 'none'")
  })
})
