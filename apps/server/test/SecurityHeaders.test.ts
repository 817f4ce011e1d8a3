import { assert, describe, it } from "@effect/vitest"
import { HttpServerResponse } from "effect/http"
import * as SecurityHeaders from "../src/SecurityHeaders.ts"

describe("SecurityHeaders", () => {
  it("lets browsers run, load, frame and keep nothing of an answer", () => {
    const { headers } = SecurityHeaders.apply(HttpServerResponse.text("x"))
    assert.strictEqual(headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'")
    assert.strictEqual(headers["x-content-type-options"], "nosniff")
    assert.strictEqual(headers["cache-control"], "no-store")
    assert.notProperty(headers, "access-control-allow-origin")
  })

  it("leaves the policy of a page to the page", () => {
    const page = HttpServerResponse.text("x", { headers: { "content-security-policy": "script-src 'none'" } })
    assert.strictEqual(SecurityHeaders.apply(page).headers["content-security-policy"], "script-src 'none'")
  })
})
