import { assert, describe, it } from "@effect/vitest"
import { Headers } from "effect/http"
import type { HttpMethod } from "effect/http"
import * as SiteGuard from "../src/SiteGuard.ts"

const refuse = (method: HttpMethod.HttpMethod, headers: Record<string, string>, allowed: ReadonlyArray<string> = []) =>
  SiteGuard.refuse({ method, headers: Headers.fromInput(headers) }, allowed)?.error.field ?? null

const host = "127.0.0.1:4080"

describe("SiteGuard", () => {
  it("lets programs pass, which name no origin", () => {
    for (const method of ["GET", "POST", "DELETE"] as const) assert.isNull(refuse(method, { host }))
  })

  it("F73: refuses requests for another host name: DNS rebinding", () => {
    assert.strictEqual(refuse("GET", { host: "evil.example:4080" }), "host")
    assert.strictEqual(refuse("GET", { host: "localhost.evil.example" }), "host")
    assert.strictEqual(refuse("GET", { host: "" }), "host")
    assert.strictEqual(refuse("GET", {}), "host")
  })

  it("takes the host names that the settings allow", () => {
    assert.isNull(refuse("GET", { host: "Jobs.Internal" }, ["jobs.internal"]))
    assert.strictEqual(refuse("GET", { host: "other.internal" }, ["jobs.internal"]), "host")
  })

  it("F73: refuses changes from pages of other sites", () => {
    for (const method of ["POST", "DELETE", "PUT", "PATCH"] as const) {
      assert.strictEqual(refuse(method, { host, origin: "https://evil.example" }), "origin")
      assert.strictEqual(refuse(method, { host, origin: "null" }), "origin")
      assert.strictEqual(refuse(method, { host, "sec-fetch-site": "cross-site" }), "origin")
      assert.strictEqual(refuse(method, { host, "sec-fetch-site": "same-site" }), "origin")
    }
  })

  it("refuses changes from a page of another port of this machine", () => {
    assert.strictEqual(refuse("POST", { host, origin: "http://127.0.0.1:3000" }), "origin")
  })

  it("lets pages of this server make changes", () => {
    assert.isNull(refuse("POST", { host, origin: "http://127.0.0.1:4080", "sec-fetch-site": "same-origin" }))
    assert.isNull(refuse("POST", { host, "sec-fetch-site": "none" }))
  })

  it("lets pages of other sites ask, since they can not read the answer", () => {
    assert.isNull(refuse("GET", { host, origin: "https://evil.example", "sec-fetch-site": "cross-site" }))
  })
})
