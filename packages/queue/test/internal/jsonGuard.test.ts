import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as JsonGuard from "../../src/internal/jsonGuard.ts"

const bounds = { bytes: 1_048_576, depth: 100 }

const nested = (levels: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

describe("jsonGuard", () => {
  it.effect.prop("accepts every JSON value", { value: Schema.Json }, ({ value }) =>
    Effect.sync(() => {
      const misfit = JsonGuard.check(value, bounds)
      // The generator makes strings of any UTF-16 units.
      if (misfit !== null) assert.match(misfit.detail, /NUL|surrogate|nested/)
    }))

  it("refuses by the exact number of bytes", () => {
    const value = { "ä": [1, -2.5, true, null, "😀\n"], b: {}, c: [] }
    const bytes = new TextEncoder().encode(JSON.stringify(value)).length
    assert.strictEqual(JsonGuard.check(value, { bytes: bytes + 4, depth: 10 }), null)
    assert.include(JsonGuard.check(value, { bytes: bytes - 4, depth: 10 })?.detail, "larger than")
  })

  it("names the path of what it refuses", () => {
    const refused: ReadonlyArray<readonly [unknown, string, RegExp]> = [
      [{ user: { name: "a\u0000" } }, "$.user.name", /NUL/],
      [{ list: ["a", { "odd key": "\ud800" }] }, "$.list[1][\"odd key\"]", /surrogate/],
      [{ "k\u0000": 1 }, "$[\"k\\u0000\"]", /key holds a NUL/],
      [[1, Number.NaN], "$[1]", /NaN/],
      [{ a: 1n }, "$.a", /bigint/],
      [{ a: undefined }, "$.a", /undefined/],
      [[() => 1], "$[0]", /function/],
      [{ a: Symbol("x") }, "$.a", /symbol/],
      [{ at: new Date(0) }, "$.at", /class/],
      ["\u0000", "$", /NUL/],
      [undefined, "$", /undefined/]
    ]
    for (const [value, field, detail] of refused) {
      const misfit = JsonGuard.check(value, bounds)
      assert.strictEqual(misfit?.field, field)
      assert.match(misfit?.detail ?? "", detail)
    }
  })

  it("walks 100,000 levels without recursion and refuses them", () => {
    for (const check of [JsonGuard.check, JsonGuard.checkShape]) {
      assert.match(check(nested(100_000), bounds)?.detail ?? "", /deeper than 100/)
      assert.match(check(nested(101), bounds)?.detail ?? "", /deeper than 100/)
      assert.strictEqual(check(nested(100), bounds), null)
    }
  })

  it("tells a cycle from depth", () => {
    const cyclic: Record<string, unknown> = {}
    cyclic["self"] = { again: cyclic }
    assert.match(JsonGuard.check(cyclic, bounds)?.detail ?? "", /cyclic/)
    assert.match(JsonGuard.checkShape(cyclic, bounds)?.detail ?? "", /cyclic/)
  })

  it("ends early on a graph that unfolds without end", () => {
    let value: unknown = [1]
    for (let level = 0; level < 60; level++) value = [value, value]
    assert.match(JsonGuard.check(value, bounds)?.detail ?? "", /larger than/)
    assert.match(JsonGuard.checkShape(value, bounds)?.detail ?? "", /larger than/)
  })

  it("refuses 20 MB at once", () => {
    assert.match(JsonGuard.check({ text: "x".repeat(20_000_000) }, bounds)?.detail ?? "", /larger than 1048576/)
  })

  it("F58: keeps own keys that look like a prototype's", () => {
    const value: unknown = JSON.parse("{\"__proto__\":{\"constructor\":1},\"toString\":2}")
    assert.strictEqual(JsonGuard.check(value, bounds), null)
    assert.strictEqual(JSON.stringify(JsonGuard.sanitise(value as Schema.Json)), JSON.stringify(value))
  })

  it.effect.prop("makes any JSON of text storable", { value: Schema.Json }, ({ value }) =>
    Effect.sync(() => {
      const clean = JsonGuard.sanitise({ value, bad: "\u0000\ud800" })
      const misfit = JsonGuard.check(clean, { ...bounds, depth: 10_000 })
      assert.strictEqual(misfit, null)
    }))
})
