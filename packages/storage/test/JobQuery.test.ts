import { assert, describe, it } from "@effect/vitest"
import * as JobQuery from "../src/JobQuery.ts"
import * as Fixture from "./Fixture.ts"

const records = ["3", "1", "20", "100"].map((id) => Fixture.record(id))

describe("JobQuery", () => {
  it("orders records newest first, by number", () => {
    assert.deepStrictEqual(records.toSorted(JobQuery.newestFirst).map((record) => record.id), ["100", "20", "3", "1"])
  })

  it("makes a page and names the last of it while more was read", () => {
    const page = JobQuery.toPage(records, 3)
    assert.deepStrictEqual(page.items.map((record) => record.id), ["3", "1", "20"])
    assert.strictEqual(page.next, "20")
  })

  it("names no next page when nothing more was read", () => {
    assert.isNull(JobQuery.toPage(records, 4).next)
    assert.isNull(JobQuery.toPage(records, 5).next)
    assert.deepStrictEqual(JobQuery.toPage([], 5), { items: [], next: null })
  })
})
