import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as JobFilter from "../src/JobFilter.ts"

const codec = Schema.toCodecArrayFromSingle(Schema.toCodecStringTree(JobFilter.JobFilter))
const read = (query: object) => Schema.decodeUnknownResult(codec, { onExcessProperty: "error" })(query)
const field = (query: object, name: keyof JobFilter.JobFilter) => Result.getOrThrow(read(query))[name]

describe("JobFilter", () => {
  it("takes states repeated, separated by commas, or both", () => {
    assert.deepStrictEqual(field({ state: "dead" }, "state"), ["dead"])
    assert.deepStrictEqual(field({ state: "dead,cancelled" }, "state"), ["dead", "cancelled"])
    assert.deepStrictEqual(field({ state: ["dead,cancelled", "running"] }, "state"), ["dead", "cancelled", "running"])
  })

  it("takes names with commas as they are", () => {
    assert.deepStrictEqual(field({ name: "a,b" }, "name"), ["a,b"])
    assert.deepStrictEqual(field({ name: ["a", "b"] }, "name"), ["a", "b"])
  })

  it("takes the empty tenant: the jobs without one", () => {
    assert.deepStrictEqual(field({ tenant: "" }, "tenant"), [""])
  })

  it("reads the payload as JSON", () => {
    assert.deepStrictEqual(field({ payload: `{"storeId":"s1","n":[1]}` }, "payload"), { storeId: "s1", n: [1] })
  })

  it("takes limits from 1 to 200", () => {
    assert.strictEqual(field({ limit: "200" }, "limit"), 200)
    for (const limit of ["0", "201", "-1", "1.5", "ten", "", "1e9"]) {
      assert.isTrue(Result.isFailure(read({ limit })), limit)
    }
  })

  it("refuses unknown states, unknown parameters, and payloads that are no JSON or that nothing can hold", () => {
    const queries = [
      { state: "done" },
      { state: "" },
      { order: "asc" },
      { payload: "{" },
      { payload: "" },
      { payload: `{"a":"\\u0000"}` },
      { payload: "[".repeat(5000) + "]".repeat(5000) },
      { createdAfter: "yesterday" },
      { name: Array.from({ length: 101 }, () => "a") }
    ]
    for (const query of queries) assert.isTrue(Result.isFailure(read(query)), JSON.stringify(query).slice(0, 80))
  })

  it("writes what it reads", () => {
    const filter: JobFilter.JobFilter = { state: ["dead", "running"], payload: { a: 1 }, limit: 10, tenant: [""] }
    assert.deepStrictEqual(Result.getOrThrow(read(Schema.encodeSync(codec)(filter) as object)), filter)
  })
})
