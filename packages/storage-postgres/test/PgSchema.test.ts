import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as PgSchema from "../src/PgSchema.ts"

describe("PgSchema", () => {
  it("F71: quotes the names it takes", () => {
    for (const name of ["millrace", "Shop-1", "_x", "A", "a".repeat(40)]) {
      assert.strictEqual(PgSchema.quoteUnsafe(name), `"${name}"`)
    }
  })

  // F71
  it("F71: refuses names that quoting alone would not make safe or that are too long to derive others from", () => {
    for (
      const name of [
        "",
        "\"; drop schema public; --",
        "a\"b",
        "a'b",
        "a b",
        "a.b",
        "1a",
        "-a",
        "größe",
        "名前",
        "a\u0000",
        "a\n",
        "a".repeat(41),
        "a".repeat(200)
      ]
    ) assert.throws(() => PgSchema.quoteUnsafe(name), /a schema name: 1 to 40 letters/)
  })

  it.prop("quotes what its schema takes, and nothing else", [Schema.String], ([name]) => {
    if (Schema.is(PgSchema.PgSchemaName)(name)) assert.strictEqual(PgSchema.quoteUnsafe(name), `"${name}"`)
    else assert.throws(() => PgSchema.quoteUnsafe(name))
  })

  it("names channels that the server does not cut", () => {
    assert.isAtMost(PgSchema.channel("a".repeat(40)).length, 63)
    assert.notStrictEqual(PgSchema.channel("a"), PgSchema.channel("b"))
  })
})
