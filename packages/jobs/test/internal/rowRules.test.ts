import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import type { ColumnRules } from "../../src/DataPayload.ts"
import * as RowRules from "../../src/internal/rowRules.ts"
import type { Cells } from "../../src/internal/sourceRow.ts"

const check = (rules: ColumnRules, cells: Cells) =>
  Result.match(RowRules.check(RowRules.make(rules), cells), {
    onSuccess: (cells): unknown => cells,
    onFailure: (faults): unknown => faults.map((fault) => fault.reason)
  })

describe("RowRules", () => {
  it("turns text into the types of the rules and keeps other columns", () => {
    assert.deepStrictEqual(
      check(
        { n: "number", i: "integer", b: "boolean", d: "date", s: "string" },
        { n: " 12.50 ", i: "-3", b: "Yes", d: "2026-02-28", s: " x ", other: " kept " }
      ),
      { n: 12.5, i: -3, b: true, d: "2026-02-28", s: "x", other: " kept " }
    )
  })

  it("takes JSON values of the right type as they are", () => {
    assert.deepStrictEqual(check({ n: "number", b: "boolean", s: "string" }, { n: 1e3, b: false, s: 7 }), {
      n: 1000,
      b: false,
      s: "7"
    })
  })

  it("treats an empty cell as missing: null, or a fault where it is required", () => {
    assert.deepStrictEqual(check({ a: "number" }, { a: "  " }), { a: null })
    assert.deepStrictEqual(check({ a: { type: "number", required: true } }, { a: "" }), ["a is missing"])
    assert.deepStrictEqual(check({ a: { type: "string", required: true } }, {}), ["a is missing"])
  })

  it("reports every fault of a row", () => {
    assert.deepStrictEqual(check({ a: "number", b: "integer" }, { a: "x", b: "1.5" }), [
      "a is not a number: \"x\"",
      "b is not a whole number: \"1.5\""
    ])
  })

  for (const text of ["0x10", "Infinity", "NaN", "1,5", "1.299,00", "1_000", "--1", ".", "1e400", "12 34", "١٢"]) {
    it(`does not take ${text} for a number`, () => {
      assert.deepStrictEqual(check({ a: "number" }, { a: text }), [`a is not a number: ${JSON.stringify(text)}`])
    })
  }

  for (const text of ["2026-02-30", "2026-13-01", "28.02.2026", "2026-2-3", "2026-02-28T25:00Z", "yesterday"]) {
    it(`does not take ${text} for a date`, () => {
      assert.deepStrictEqual(check({ a: "date" }, { a: text }), [`a is not an ISO 8601 date: ${JSON.stringify(text)}`])
    })
  }

  it("takes dates, instants and leap days", () => {
    for (const text of ["2024-02-29", "2026-01-01T10:20Z", "2026-01-01T10:20:30.123+02:00"]) {
      assert.deepStrictEqual(check({ a: "date" }, { a: text }), { a: text })
    }
  })

  it("keeps bounds: of the number, of the length of a text", () => {
    const rules: ColumnRules = { n: { type: "number", min: 0, max: 9 }, s: { type: "string", max: 2 } }
    assert.deepStrictEqual(check(rules, { n: "-0.01", s: "abc" }), [
      "n is less than 0: -0.01",
      "s is more than 2 characters: \"abc\""
    ])
    assert.deepStrictEqual(check(rules, { n: "9", s: "ab" }), { n: 9, s: "ab" })
  })

  it("refuses whole numbers that would lose digits", () => {
    assert.deepStrictEqual(check({ a: "integer" }, { a: "9007199254740993" }), [
      "a is not a whole number: \"9007199254740993\""
    ])
  })

  it("knows a product list by three of its five columns", () => {
    assert.isTrue(RowRules.isProducts(["store", "sku", "price", "colour"]))
    assert.isFalse(RowRules.isProducts(["name", "price", "email"]))
    assert.deepStrictEqual(RowRules.missing(RowRules.products, ["store", "sku", "name", "price"]), ["quantity"])
  })

  it.prop("reads back every finite number in decimal notation", [Schema.Finite], ([number]) => {
    assert.strictEqual(RowRules.numberOf(String(number)), number)
  })
})
