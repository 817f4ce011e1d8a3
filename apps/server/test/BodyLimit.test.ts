import { assert, describe, it } from "@effect/vitest"
import * as BodyLimit from "../src/BodyLimit.ts"

const bytes = (...parts: ReadonlyArray<string | ReadonlyArray<number>>): ArrayBuffer =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string)))).buffer

const refusal = (...parts: ReadonlyArray<string | ReadonlyArray<number>>) =>
  BodyLimit.refuseBytes(bytes(...parts))?.error ?? null

describe("BodyLimit", () => {
  it("takes application/json in UTF-8, and nothing else", () => {
    for (
      const type of [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        `application/json;charset="UTF-8"`
      ]
    ) {
      assert.isNull(BodyLimit.refuseMediaType(type, undefined), type)
    }
    const others = [
      undefined,
      "",
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "text/json",
      "application/json; charset=latin1",
      "application/jsonp"
    ]
    for (const type of others) assert.isNotNull(BodyLimit.refuseMediaType(type, undefined), type)
  })

  it("takes no compressed bodies", () => {
    assert.isNull(BodyLimit.refuseMediaType("application/json", "identity"))
    for (const encoding of ["gzip", "br", "deflate", "gzip, identity"]) {
      assert.isNotNull(BodyLimit.refuseMediaType("application/json", encoding), encoding)
    }
  })

  it("takes JSON in UTF-8, with or without a byte order mark", () => {
    assert.isNull(refusal(`{"a":"ü😀"}`))
    assert.isNull(refusal([0xef, 0xbb, 0xbf], `{}`))
  })

  it("refuses an empty body, broken UTF-8 and broken JSON", () => {
    assert.include(refusal("")?.message, "empty")
    assert.include(refusal([0x22, 0xff, 0x22])?.message, "UTF-8")
    assert.include(refusal([0x22, 0xed, 0xa0, 0x80, 0x22])?.message, "UTF-8")
    for (const text of ["{", "{a:1}", "[1,]", "NaN", "'a'", `{"a":1}{"b":2}`, "\u0000"]) {
      assert.strictEqual(refusal(text)?.tag, "MalformedJson", text)
    }
  })

  it("says where JSON breaks, in a few words", () => {
    const message = refusal(`{"a": ${"1".repeat(100)}x}`)?.message ?? ""
    assert.include(message, "position")
    assert.isBelow(message.length, 250)
  })

  it("F55: refuses NUL bytes, lone surrogates and depth with their place", () => {
    assert.strictEqual(refusal(`{"payload":{"a":["\\u0000"]}}`)?.field, "payload.a[0]")
    assert.strictEqual(refusal(`{"payload":"\\ud800"}`)?.field, "payload")
    assert.include(refusal("[".repeat(5000) + "]".repeat(5000))?.message, "deeper")
  })
})
