import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as CsvRecord from "../../src/internal/csvRecord.ts"
import * as CsvRecords from "../../src/internal/csvRecords.ts"
import * as LineSplitter from "../../src/internal/lineSplitter.ts"

const read = (text: string, options: Partial<CsvRecords.Options> = {}) => {
  const records = CsvRecords.make({ delimiter: ",", maxChars: 10_000, ...options })
  const splitter = LineSplitter.make(options.maxChars ?? 10_000)
  return [...records.feed(splitter.feed(text)), ...records.feed(splitter.end()), ...records.end()]
}

const brief = (entries: ReadonlyArray<CsvRecords.CsvEntry>) =>
  entries.map((entry) => (entry.cells === null ? `${entry.line}: ${entry.fault}` : entry.cells))

describe("CsvRecords", () => {
  it("joins the lines of a quoted cell and numbers the record by its first line", () => {
    const entries = read("a,b\n1,\"x\ny\n\nz\"\n2,w\n")
    assert.deepStrictEqual(brief(entries), [["a", "b"], ["1", "x\ny\n\nz"], ["2", "w"]])
    assert.deepStrictEqual(entries.map((entry) => entry.line), [1, 2, 6])
  })

  it("leaves blank lines out", () => {
    assert.deepStrictEqual(brief(read("a,b\n\n1,2\n\r\n3,4\n\n")), [["a", "b"], ["1", "2"], ["3", "4"]])
  })

  it("reports a row that is narrower or wider than the header", () => {
    assert.deepStrictEqual(brief(read("a,b\n1\n1,2,3\n4,5\n")), [
      ["a", "b"],
      "2: 1 cell where the header has 2",
      "3: 3 cells where the header has 2",
      ["4", "5"]
    ])
  })

  it("loses one row, not the rest of the file, to a quote that is never closed", () => {
    assert.deepStrictEqual(brief(read("a,b\n1,\"open\n2,x\n3,\"y, z\"\n4,w\n")), [
      ["a", "b"],
      "2: a quote is opened here and never closed",
      ["2", "x"],
      ["3", "y, z"],
      ["4", "w"]
    ])
  })

  it("loses one row each to two stray quotes that seem to belong together", () => {
    assert.deepStrictEqual(brief(read("a,b\n1,\"open\n2,x\n3,\"again\n4,w\n")), [
      ["a", "b"],
      "2: a quote is opened here and not closed in this row",
      ["2", "x"],
      "4: a quote is opened here and never closed",
      ["4", "w"]
    ])
  })

  it("gives back the rows that two stray quotes enclose", () => {
    assert.deepStrictEqual(brief(read("a,b,c\n1,\"open,x\n2,y,z\n3,24\",w\n4,v,u\n")), [
      ["a", "b", "c"],
      "2: a quote is opened here and not closed in this row",
      ["2", "y", "z"],
      "4: cell 2 has a quote but does not begin with one",
      ["4", "v", "u"]
    ])
  })

  it("reports a row of several lines and the wrong width once", () => {
    assert.deepStrictEqual(brief(read("a,b\n1,\"x\ny\",surplus\n2,w\n")), [
      ["a", "b"],
      "2: 3 cells where the header has 2",
      ["2", "w"]
    ])
  })

  it("keeps a cell that quotes another file when not all of its lines are rows", () => {
    assert.deepStrictEqual(brief(read("a,b,c\n1,\"such as:\nx,y,z\nor, perhaps\nnot\",2\n")), [
      ["a", "b", "c"],
      ["1", "such as:\nx,y,z\nor, perhaps\nnot", "2"]
    ])
  })

  it("gives up on an open quote when the record reaches the limit", () => {
    const entries = read(`a,b\n1,"open\n${"2,x\n".repeat(50)}3,"closed"\n`, { maxChars: 40 })
    assert.strictEqual(entries[1]?.fault, "a quote is opened here and never closed")
    assert.strictEqual(entries.filter((entry) => entry.cells?.[1] === "x").length, 50)
    assert.deepStrictEqual(entries.at(-1)?.cells, ["3", "closed"])
  })

  it("finds the delimiter in the first line", () => {
    assert.deepStrictEqual(brief(read("a;b\n1;2,5\n", { delimiter: undefined })), [["a", "b"], ["1", "2,5"]])
  })

  it("reads a hostile file of open quotes in linear time", () => {
    const lines = Array.from({ length: 20_000 }, (_, at) => (at % 3 === 0 ? "\"x" : "y"))
    const entries = read(lines.join("\n"), { maxChars: 1_000_000 })
    assert.isAtMost(entries.length, 20_000)
    assert.isAbove(entries.length, 6_000)
  })

  it("gives half a million lines back without overflowing the stack", () => {
    const entries = read(`a\n"open\n${"y\n".repeat(500_000)}`, { maxChars: 1_048_576 })
    assert.strictEqual(entries.length, 500_002)
    assert.strictEqual(entries[1]?.fault, "a quote is opened here and never closed")
  })

  const Plain = Schema.Array(Schema.Literals(["a", "b ", "\"", ",", "\n"])).check(Schema.isMaxLength(5))
  const Row = Schema.Struct({ left: Plain, right: Plain })

  it.prop("reads whole files back, whatever their cells hold", [Schema.Array(Row)], ([rows]) => {
    const records = [["left", "right"], ...rows.map((row) => [row.left.join(""), row.right.join("")])]
    const text = records.map((record) => CsvRecord.format(record)).join("")
    assert.deepStrictEqual(brief(read(text)), records)
  })
})
