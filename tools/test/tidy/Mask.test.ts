import { assert, describe, it } from "@effect/vitest"
import * as Mask from "../../src/tidy/Mask.ts"

const squeeze = (text: string): string => text.replace(/\s+/g, " ").trim()

describe("Mask", () => {
  it("keeps the length and the line breaks", () => {
    const text = "const a = 1 // one\n/* two\nlines */ const b = `x\ny`\n"
    for (const masked of [Mask.comments(text), Mask.all(text)]) {
      assert.strictEqual(masked.length, text.length)
      assert.strictEqual(masked.split("\n").length, text.split("\n").length)
    }
  })

  it("blanks comments and keeps strings that look like them", () => {
    assert.strictEqual(squeeze(Mask.comments("a(\"http://x\") // b\n/* c */ d")), "a(\"http://x\") d")
  })

  it("blanks strings with escaped quotes", () => {
    assert.strictEqual(squeeze(Mask.all("a(\"x\\\"y\") + b('it\\'s')")), "a( ) + b( )")
  })

  it("sees the code inside of templates, nested ones too", () => {
    const masked = Mask.all("f(`one ${two(`three ${four}`)} ${{ five: 5 }} six`) + seven")
    assert.strictEqual(masked.replaceAll(" ", ""), "f(two(four){five:5})+seven")
  })

  it("takes a slash for a division after a value and for a regular expression elsewhere", () => {
    assert.strictEqual(squeeze(Mask.all("a / b / c")), "a / b / c")
    assert.strictEqual(squeeze(Mask.all("x.test(/[/\"]'/g) + y")), "x.test( ) + y")
    assert.strictEqual(squeeze(Mask.all("const r = /\\/\\*/; z")), "const r = ; z")
  })

  it("ends an open comment at the end of the text", () => {
    assert.strictEqual(squeeze(Mask.all("a /* b")), "a")
  })
})
