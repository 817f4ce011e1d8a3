import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as LineSplitter from "../../src/internal/lineSplitter.ts"
import * as RowReader from "../../src/internal/rowReader.ts"

const options = { delimiter: undefined, maxChars: 500 }

const read = (reader: RowReader.RowReader, text: string): unknown => {
  const splitter = LineSplitter.make(500)
  const parts = [reader.feed(splitter.feed(text)), reader.feed(splitter.end()), reader.end()]
  return Result.match(Result.all(parts), {
    onFailure: (fault) => fault,
    onSuccess: (rows) => rows.flat().map((row) => (row._tag === "Readable" ? row.cells : `${row.row}: ${row.reason}`))
  })
}

describe("RowReader.csv", () => {
  it("names the cells by the header, trimmed", () => {
    assert.deepStrictEqual(read(RowReader.csv(options), " a ,b\n1,2\n"), [{ a: "1", b: "2" }])
  })

  it("counts rows from the first one after the header", () => {
    assert.deepStrictEqual(read(RowReader.csv(options), "a,b\n1,2\n3\n\n5,6\n7\n"), [
      { a: "1", b: "2" },
      "2: 1 cell where the header has 2",
      { a: "5", b: "6" },
      "4: 1 cell where the header has 2"
    ])
  })

  it("refuses a header with two equal names, an empty name, or a stray quote", () => {
    assert.strictEqual(read(RowReader.csv(options), "a,b,a\n1,2,3\n"), "header (line 1): two columns are named \"a\"")
    assert.strictEqual(read(RowReader.csv(options), "a,,b\n1,2,3\n"), "header (line 1): column 2 has no name")
    assert.strictEqual(
      read(RowReader.csv(options), "a\"b,c\n1,2\n"),
      "header (line 1): cell 1 has a quote but does not begin with one"
    )
    assert.strictEqual(
      read(RowReader.csv(options), "\"a,b\n1,2\n"),
      "header (line 1): a quote is opened here and never closed"
    )
  })

  it("refuses a column named __proto__, which would change the objects instead of a cell", () => {
    assert.strictEqual(
      read(RowReader.csv(options), "a,__proto__\n1,2\n"),
      "header (line 1): no column may be named __proto__"
    )
    assert.deepStrictEqual(read(RowReader.jsonLines(options), "{\"__proto__\":{\"x\":1}}"), [
      "1: no column may be named __proto__"
    ])
  })

  it("has no rows in an empty file", () => {
    assert.deepStrictEqual(read(RowReader.csv(options), ""), [])
  })

  it("reports bytes that are not UTF-8", () => {
    assert.deepStrictEqual(read(RowReader.csv(options), "a\nM\uFFFDller\nok\n"), [
      "1: not UTF-8 text (or it holds a NUL character)",
      { a: "ok" }
    ])
  })
})

describe("RowReader.jsonLines", () => {
  it("reads one object a line and reports everything else", () => {
    const deep = `{"a":${"[".repeat(150)}${"]".repeat(150)}}`
    assert.deepStrictEqual(
      read(
        RowReader.jsonLines(options),
        `{"a":1}\r\n\n[1]\n{"a":\nnull\n"x"\n${deep}\n${"x".repeat(600)}\n{"a":{"b":[2]}}`
      ),
      [
        { a: 1 },
        "2: not a JSON object",
        "3: not valid JSON",
        "4: not a JSON object",
        "5: not a JSON object",
        "6: nested more than 100 levels",
        "7: longer than 500 characters",
        { a: { b: [2] } }
      ]
    )
  })
})
