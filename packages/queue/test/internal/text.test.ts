import { assert, describe, it } from "@effect/vitest"
import * as Text from "../../src/internal/text.ts"

const bytesOf = (text: string) => new TextEncoder().encode(text).length

describe("text", () => {
  it("measures the bytes of a string's JSON text", () => {
    for (const text of ["", "ada", "é", "漢字", "😀", "\"\\", "\n\t\b\f\r", "\u0001\u000b", "a😀b\u2028"]) {
      assert.strictEqual(Text.measure(text), bytesOf(JSON.stringify(text)), JSON.stringify(text))
    }
  })

  it("finds NUL characters and lone surrogates wherever they are", () => {
    assert.strictEqual(Text.measure("a\u0000"), "nul")
    for (const text of ["\ud800", "\udc00", "a\ud800b", "\udc00\ud800", "\ud800\ud800\udc00", "😀\ud83d"]) {
      assert.strictEqual(Text.measure(text), "surrogate", JSON.stringify(text))
    }
  })

  it("replaces what can not be stored and keeps the rest", () => {
    assert.strictEqual(Text.replaceFlaws("a\u0000b\ud800c😀\udc00"), "a\ufffdb\ufffdc😀\ufffd")
  })

  it("cuts by bytes, never within a character", () => {
    for (const text of ["x".repeat(100), "é".repeat(100), "漢".repeat(100), "😀".repeat(100), `a${"😀".repeat(99)}`]) {
      const cut = Text.sanitise(text, 50)
      assert.isAtMost(bytesOf(cut), 50)
      assert.isAtLeast(bytesOf(cut), 47)
      assert.isTrue(text.startsWith(cut))
      assert.isNumber(Text.measure(cut))
    }
  })

  it("F56: keeps a surrogate pair that the first cut would split from becoming unstorable", () => {
    const cut = Text.sanitise(`${"x".repeat(9)}😀`, 10)
    assert.isNumber(Text.measure(cut))
    assert.isAtMost(bytesOf(cut), 10)
  })

  it("cuts ten megabytes without walking them", () => {
    assert.strictEqual(Text.sanitise("\u0000".repeat(10_000_000), 8).length, 2)
  })
})
