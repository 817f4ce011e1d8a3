import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { DataPayload } from "../src/DataPayload.ts"

const refused = (payload: object): string => {
  const result = Schema.decodeUnknownResult(DataPayload)({ batchId: "b", operation: "import", ...payload })
  return result._tag === "Failure" ? String(result.failure) : "accepted"
}

describe("DataPayload", () => {
  it("accepts a file, inline objects and inline text", () => {
    assert.strictEqual(refused({ source: "products.csv" }), "accepted")
    assert.strictEqual(refused({ data: [{ a: 1 }] }), "accepted")
    assert.strictEqual(refused({ data: "a,b\n1,2\n", delimiter: "," }), "accepted")
    assert.strictEqual(
      refused({ data: [], columns: { a: "number", b: { type: "string", required: true, max: 3 } } }),
      "accepted"
    )
  })

  it("names the field that is wrong", () => {
    assert.match(refused({ data: [], operation: "drop" }), /"import" \| "transform" \| "export"[\s\S]*\["operation"\]/)
    assert.match(refused({ data: [], batchId: "" }), /\["batchId"\]/)
    assert.match(refused({}), /either source[\s\S]*\["source"\]/)
    assert.match(refused({ data: [], source: "a.csv" }), /exclude each other[\s\S]*\["data"\]/)
    assert.match(refused({ data: [], columns: { price: "money" } }), /\["columns"\]\["price"\]/)
    assert.match(refused({ data: [], delimiter: "." }), /\["delimiter"\]/)
    assert.match(refused({ data: [], transform: { select: [] } }), /\["transform"\]\["select"\]/)
  })
})
