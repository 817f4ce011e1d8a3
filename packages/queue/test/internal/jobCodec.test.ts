import { assert, describe, it } from "@effect/vitest"
import { DateTime, Schema } from "effect"
import * as JobCodec from "../../src/internal/jobCodec.ts"

class Full extends Schema.TaggedError<Full>()("Full", { box: Schema.String }) {}

const codec = JobCodec.make({
  payload: Schema.Struct({ at: Schema.DateTimeUtc, count: Schema.BigInt, tags: Schema.Array(Schema.String) }),
  success: Schema.Void,
  error: Full
})

const value = { at: DateTime.makeUnsafe(0), count: 12345678901234567890n, tags: ["a"] }

describe("jobCodec", () => {
  it("takes values that are no JSON there and back", () => {
    const encoded = codec.encodePayload(value)
    if (encoded._tag !== "Fits") return assert.fail("did not fit")
    assert.strictEqual(
      JSON.stringify(encoded.value),
      "{\"at\":\"1970-01-01T00:00:00.000Z\",\"count\":\"12345678901234567890\",\"tags\":[\"a\"]}"
    )
    assert.deepStrictEqual(codec.decodePayload(encoded.value), { _tag: "Fits", value })
  })

  it("names the path of what does not fit, both ways", () => {
    const out = codec.encodePayload({ ...value, tags: ["a", 3] })
    assert.strictEqual(out._tag === "Misfit" ? out.misfit.field : "", "$.tags[1]")
    const back = codec.decodePayload({ at: "never", count: "1", tags: [] })
    assert.strictEqual(back._tag === "Misfit" ? back.misfit.field : "", "$.at")
    const missing = codec.decodePayload({ at: "1970-01-01T00:00:00.000Z", tags: [] })
    assert.strictEqual(missing._tag === "Misfit" ? missing.misfit.field : "", "$.count")
  })

  it("writes nothing for a job without a result", () => {
    assert.deepStrictEqual(codec.encodeSuccess(undefined), { _tag: "Fits", value: null })
    assert.deepStrictEqual(codec.encodeSuccess(3), { _tag: "Fits", value: null })
  })

  it("gives a typed error its class back", () => {
    const encoded = codec.encodeError(new Full({ box: "in" }))
    assert.deepStrictEqual(encoded, { _tag: "Fits", value: { _tag: "Full", box: "in" } })
    const decoded = codec.decodeError({ _tag: "Full", box: "in" })
    assert.isTrue(decoded._tag === "Fits" && decoded.value instanceof Full)
    assert.strictEqual(codec.encodeError(new Error("other"))._tag, "Misfit")
  })

  it("says so when a schema is asynchronous, and does not throw", () => {
    const lazy = JobCodec.make({
      payload: Schema.String.pipe(Schema.decodeTo(Schema.String, {
        decode: {
          run: () => {
            throw new Error("boom")
          }
        } as never,
        encode: {
          run: () => {
            throw new Error("boom")
          }
        } as never
      })),
      success: Schema.Void,
      error: Schema.Never
    })
    assert.strictEqual(lazy.decodePayload("x")._tag, "Misfit")
    assert.strictEqual(lazy.encodePayload("x")._tag, "Misfit")
  })

  it("writes paths as JavaScript would", () => {
    assert.strictEqual(JobCodec.jsonPath(["a", 3, "b c", "0"]), "$.a[3][\"b c\"][0]")
  })
})
