import { assert, describe, it } from "@effect/vitest"
import * as Table from "../src/Table.ts"

describe("Table", () => {
  it("aligns columns, numbers to the right, and shows what is empty", () => {
    const columns: ReadonlyArray<Table.Column<{ readonly name: string | null; readonly count: number }>> = [
      { head: "NAME", of: (row) => row.name },
      { head: "COUNT", of: (row) => row.count, right: true }
    ]
    assert.strictEqual(
      Table.render(columns, [{ name: "a long name", count: 5 }, { name: null, count: 12_345 }]),
      "NAME          COUNT\na long name       5\n-            12 345"
    )
    assert.strictEqual(Table.render(columns, []), "NAME  COUNT")
  })

  it("cuts long entries, and lets none move the cursor", () => {
    const text = Table.render([{ head: "X", of: (row: string) => row }], ["x".repeat(100), "a\u001b[2Jb"])
    assert.include(text, `${"x".repeat(59)}…`)
    assert.include(text, "a [2Jb")
  })

  it("leaves out fields without a value", () => {
    assert.strictEqual(
      Table.fields([["id", "1"], ["none", null], ["longer", 2], ["empty", ""]]),
      "id      1\nlonger  2"
    )
  })
})
