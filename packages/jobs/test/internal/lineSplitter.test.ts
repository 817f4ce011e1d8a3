import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as LineSplitter from "../../src/internal/lineSplitter.ts"

const Piece = Schema.Array(Schema.Literals(["a", "bc", "\n", "\r\n", "\"", ""])).check(Schema.isMaxLength(8))

const split = (pieces: ReadonlyArray<string>, maxChars = 1000) => {
  const splitter = LineSplitter.make(maxChars)
  const lines = pieces.flatMap((piece) => splitter.feed(piece))
  return [...lines, ...splitter.end()]
}

describe("LineSplitter", () => {
  it("numbers lines and takes both line endings off", () => {
    assert.deepStrictEqual(split(["one\r\ntwo\n", "three"]), [
      { number: 1, text: "one", tooLong: false },
      { number: 2, text: "two", tooLong: false },
      { number: 3, text: "three", tooLong: false }
    ])
  })

  it("has no line after a final line break, and none in an empty text", () => {
    assert.deepStrictEqual(split(["a\n"]).map((line) => line.text), ["a"])
    assert.deepStrictEqual(split([""]), [])
  })

  it("reports a line beyond the limit once, with its beginning, and reads on", () => {
    assert.deepStrictEqual(split(["abcdef", "gh".repeat(50), "\nok\n"], 4), [
      { number: 1, text: "abcd", tooLong: true },
      { number: 2, text: "ok", tooLong: false }
    ])
    assert.deepStrictEqual(split(["toolong"], 3), [{ number: 1, text: "too", tooLong: true }])
  })

  it.prop("gives the same lines however the text is cut", [Schema.Array(Piece)], ([pieces]) => {
    const parts = pieces.map((piece) => piece.join(""))
    const whole = parts.join("")
    assert.deepStrictEqual(split(parts), split([whole]))
    assert.deepStrictEqual(
      split(parts).map((line) => line.text),
      whole.replace(/\n$/, "").split("\n").filter((_, at, all) => whole !== "" || at < all.length - 1)
        .map((line) => line.replace(/\r$/, ""))
    )
  })
})
