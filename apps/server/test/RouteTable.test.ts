import { assert, describe, it } from "@effect/vitest"
import * as Docs from "../src/Docs.ts"
import * as RouteTable from "../src/RouteTable.ts"

const table = RouteTable.make(Docs.routes)

describe("RouteTable", () => {
  it("knows the pattern that a request matches", () => {
    assert.strictEqual(table.pattern("GET", "/api/v1/jobs/7?x=1"), "/api/v1/jobs/:id")
    assert.strictEqual(table.pattern("POST", "/api/v1/jobs/7/cancel"), "/api/v1/jobs/:id/cancel")
    assert.strictEqual(table.pattern("HEAD", "/openapi.json"), "/openapi.json")
    assert.isNull(table.pattern("POST", "/api/v1/jobs/7"))
    assert.isNull(table.pattern("GET", "/nothing"))
  })

  it("knows the methods of a path", () => {
    assert.deepStrictEqual(table.methods("/api/v1/jobs"), ["GET", "POST", "HEAD", "OPTIONS"])
    assert.deepStrictEqual(table.methods("/api/v1/jobs/7/cancel"), ["POST", "OPTIONS"])
    assert.deepStrictEqual(table.methods("/nothing"), [])
  })

  it("answers OPTIONS with the methods, a wrong method with 405, a wrong path with 404", () => {
    const options = RouteTable.answerUnmatched(table, { method: "OPTIONS", url: "/api/v1/jobs/7" })
    assert.deepStrictEqual([options.status, options.headers["allow"]], [204, "GET, PATCH, DELETE, HEAD, OPTIONS"])
    const wrong = RouteTable.answerUnmatched(table, { method: "PUT", url: "/api/v1/jobs/7" })
    assert.deepStrictEqual([wrong.status, wrong.headers["allow"]], [405, "GET, PATCH, DELETE, HEAD, OPTIONS"])
    assert.strictEqual(RouteTable.answerUnmatched(table, { method: "GET", url: "/nothing" }).status, 404)
  })
})
