import { assert, describe, it } from "@effect/vitest"
import { parse as oracleParse } from "csv-parse/sync"
import { stringify as oracleFormat } from "csv-stringify/sync"
import { Schema } from "effect"
import * as CsvRecord from "../../src/internal/csvRecord.ts"

const cells = (text: string, delimiter: CsvRecord.Delimiter = ",") => {
  const parsed = CsvRecord.parse(text, delimiter)
  return parsed._tag === "Cells" ? parsed.cells : parsed._tag
}

// Few letters, so that quotes, delimiters and line breaks meet often.
const Cell = Schema.Array(Schema.Literals(["a", "\"", ",", ";", "\n", "\r\n", " ", "ü"])).check(Schema.isMaxLength(6))
const Cells = Schema.Array(Cell).check(Schema.isMinLength(2), Schema.isMaxLength(5))

describe("CsvRecord", () => {
  it("reads plain, quoted and empty cells", () => {
    assert.deepStrictEqual(cells("a,b,c"), ["a", "b", "c"])
    assert.deepStrictEqual(cells("a,,"), ["a", "", ""])
    assert.deepStrictEqual(cells("\"a,b\",\"say \"\"hi\"\"\",\"\""), ["a,b", "say \"hi\"", ""])
    assert.deepStrictEqual(cells("\"two\nlines\",x"), ["two\nlines", "x"])
    assert.deepStrictEqual(cells("a;\"b;c\"", ";"), ["a", "b;c"])
    assert.deepStrictEqual(cells("\"a\","), ["a", ""])
  })

  it("tells an unclosed quote from a stray one", () => {
    assert.strictEqual(cells("a,\"open"), "Open")
    assert.strictEqual(cells("a,\"open \"\"still"), "Open")
    assert.deepStrictEqual(CsvRecord.parse("5\" screen,1", ","), {
      _tag: "Broken",
      reason: "cell 1 has a quote but does not begin with one"
    })
    assert.deepStrictEqual(CsvRecord.parse("a,\"b\"c,d", ","), {
      _tag: "Broken",
      reason: "cell 2 has text after its closing quote"
    })
  })

  it("finds the delimiter that the header uses most outside quotes", () => {
    assert.strictEqual(CsvRecord.detectDelimiter("store,sku,name"), ",")
    assert.strictEqual(CsvRecord.detectDelimiter("store;sku;\"name, long, longer\""), ";")
    assert.strictEqual(CsvRecord.detectDelimiter("store\tsku"), "\t")
    assert.strictEqual(CsvRecord.detectDelimiter("a|b|c"), "|")
    assert.strictEqual(CsvRecord.detectDelimiter("single"), ",")
  })

  it("writes the only cell of a record quoted when it is empty", () => {
    assert.strictEqual(CsvRecord.format([""]), "\"\"\n")
    assert.strictEqual(CsvRecord.format(["", ""]), ",\n")
  })

  it.prop(
    "reads back what it wrote, as the oracle does",
    [Cells, Schema.Literals(CsvRecord.delimiters)],
    ([rows, delimiter]) => {
      const record = rows.map((cell) => cell.join(""))
      const text = CsvRecord.format(record, delimiter)
      assert.deepStrictEqual(cells(text.slice(0, -1), delimiter), record)
      const oracle = oracleParse(text, { delimiter, record_delimiter: "\n" })
      assert.deepStrictEqual(oracle, [record])
    }
  )

  it.prop("reads what another library wrote", [Cells, Schema.Literals(CsvRecord.delimiters)], ([rows, delimiter]) => {
    const record = rows.map((cell) => cell.join(""))
    const text = oracleFormat([record], { delimiter })
    assert.deepStrictEqual(cells(text.slice(0, -1), delimiter), record)
  })
})
