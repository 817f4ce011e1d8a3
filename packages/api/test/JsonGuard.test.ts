import { assert, describe, it } from "@effect/vitest"
import type { Schema } from "effect"
import * as JsonGuard from "../src/JsonGuard.ts"

const nested = (depth: number, open = "[", close = "]"): Schema.Json =>
  JSON.parse(open.repeat(depth) + (open === "[" ? "" : "0") + close.repeat(depth)) as Schema.Json

describe("JsonGuard", () => {
  it("finds nothing in ordinary values", () => {
    const value = { a: [1, "ü", "😀", null, true, { "ключ": "\t\n" }], "": "" }
    assert.isNull(JsonGuard.find(value))
    for (const leaf of ["", "a", 0, null, false, {}, []]) assert.isNull(JsonGuard.find(leaf))
  })

  it("F55: names the place of a NUL byte", () => {
    const flaw = JsonGuard.find({ list: [1, { text: "a\u0000b" }] })
    assert.deepStrictEqual(flaw?.path, ["list", 1, "text"])
    assert.include(flaw?.detail, "NUL")
  })

  it("names the place of a lone surrogate, high or low", () => {
    for (const text of ["\uD83D", "x\uDE00", "\uDE00\uD83D"]) {
      assert.deepStrictEqual(JsonGuard.find({ text })?.path, ["text"])
    }
  })

  it("looks at keys, and names the object that has them", () => {
    const flaw = JsonGuard.find({ a: { b: [{ ["k\u0000"]: 1 }] } })
    assert.deepStrictEqual(flaw?.path, ["a", "b", 0])
    assert.include(flaw?.detail, "key")
    assert.deepStrictEqual(JsonGuard.find({ a: { ["\uD800"]: [] } })?.path, ["a"])
  })

  it("looks at a value that is only text", () => {
    assert.deepStrictEqual(JsonGuard.find("\u0000")?.path, [])
  })

  it("counts objects and arrays inside each other, up to the limit and no further", () => {
    assert.isNull(JsonGuard.find(nested(100)))
    assert.include(JsonGuard.find(nested(101))?.detail, "deeper than 100 levels")
    assert.isNull(JsonGuard.find(nested(3, `{"a":`, "}"), 3))
    assert.isNotNull(JsonGuard.find(nested(4, `{"a":`, "}"), 3))
  })

  it("counts depth, not size", () => {
    assert.isNull(JsonGuard.find(Array.from({ length: 10_000 }, () => ({ a: [[]] })), 4))
  })

  it("F57: does not overflow the stack, however deep a value is", () => {
    const flaw = JsonGuard.find(nested(5_000), 100_000)
    assert.isNull(flaw)
    assert.isAtMost(JsonGuard.find(nested(5_000))?.path.length ?? 0, 5)
  })

  it("goes on after a container that ended", () => {
    assert.deepStrictEqual(JsonGuard.find([[[]], {}, ["\u0000"]])?.path, [2, 0])
  })

  it("sees a key named __proto__", () => {
    assert.deepStrictEqual(JsonGuard.find(JSON.parse(`{"__proto__":{"x":"\\u0000"}}`) as Schema.Json)?.path, [
      "__proto__",
      "x"
    ])
  })
})
