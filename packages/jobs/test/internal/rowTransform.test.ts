import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import type { RowTransform as Transform } from "../../src/DataPayload.ts"
import * as RowTransform from "../../src/internal/rowTransform.ts"
import type { Cells } from "../../src/internal/sourceRow.ts"

const apply = (transform: Transform, cells: Cells) =>
  Result.match(RowTransform.apply(transform, cells), {
    onSuccess: (cells): unknown => Object.entries(cells),
    onFailure: (fault): unknown => fault.reason
  })

describe("RowTransform", () => {
  it("does nothing when nothing is asked", () => {
    assert.deepStrictEqual(apply({}, { a: " x " }), [["a", " x "]])
  })

  it("trims, changes case, scales, selects and renames, in this order", () => {
    assert.deepStrictEqual(
      apply(
        {
          trim: true,
          uppercase: ["sku"],
          lowercase: ["name"],
          scale: { price: 1.19 },
          select: ["price", "sku", "name"],
          rename: { sku: "code" }
        },
        { sku: " ab-1 ", name: "Lamp", price: "100", colour: "red" }
      ),
      [["price", 119], ["code", "AB-1"], ["name", "lamp"]]
    )
  })

  it("scales without the noise of binary fractions", () => {
    assert.deepStrictEqual(apply({ scale: { a: 3 } }, { a: 0.1 }), [["a", 0.3]])
  })

  it("leaves an empty cell to scale empty", () => {
    assert.deepStrictEqual(apply({ scale: { a: 3, b: 3 } }, { a: "", b: null }), [["a", ""], ["b", null]])
  })

  it("reports what can not be scaled, selected or renamed", () => {
    assert.deepStrictEqual(apply({ scale: { a: 2 } }, { a: "x" }), "a can not be scaled: it is not a number")
    assert.deepStrictEqual(apply({ scale: { a: 2 } }, { a: true }), "a can not be scaled: it is not a number")
    assert.deepStrictEqual(apply({ select: ["b"] }, { a: 1 }), "b is selected but not in this row")
    assert.deepStrictEqual(
      apply({ rename: { a: "b" } }, { a: 1, b: 2 }),
      "b is the name of two columns after renaming"
    )
  })
})
