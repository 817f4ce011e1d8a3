import { assert, describe, it } from "@effect/vitest"
import * as Table from "../src/Table.ts"

describe("Table", () => {
  it("aligns names left and numbers right", () => {
    const text = Table.render(
      [{ heading: "who", numeric: false }, { heading: "jobs/s", numeric: true }],
      [["graphile", "5"], ["x", "12,345"]]
    )
    assert.strictEqual(text, "who       jobs/s\n--------  ------\ngraphile       5\nx         12,345")
  })

  it("fills short rows up", () => {
    const text = Table.render([{ heading: "a", numeric: false }, { heading: "b", numeric: false }], [["x"]])
    assert.strictEqual(text, "a  b\n-  -\nx")
  })

  it("writes numbers with about three digits and n/a for none", () => {
    assert.strictEqual(Table.number(12_345.6), "12,346")
    assert.strictEqual(Table.number(12.34), "12.3")
    assert.strictEqual(Table.number(1.234), "1.23")
    assert.strictEqual(Table.number(null), "n/a")
    assert.strictEqual(Table.number(Number.NaN), "n/a")
    assert.strictEqual(Table.factor(1.5), "1.50x")
    assert.strictEqual(Table.factor(null), "n/a")
  })
})
