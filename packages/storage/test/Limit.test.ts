import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Limit from "../src/Limit.ts"

const rule: Limit.LimitRule = { name: "mail", kind: "rate", max: 10, perMillis: 1000, burst: null }

describe("Limit", () => {
  it("gives one text to the same limits in any order, whatever they weigh", () => {
    const a = { name: "a", key: "x", weight: 1 }
    const b = { name: "b", key: "", weight: 2 }
    assert.strictEqual(Limit.gateOf([a, b]), Limit.gateOf([b, { ...a, weight: 7 }]))
    assert.isNull(Limit.gateOf([]))
  })

  it("tells other names and keys apart, whatever characters are in them", () => {
    const one = (name: string, key: string) => ({ name, key, weight: 1 })
    const gates = [
      Limit.gateOf([one("a", "b")]),
      Limit.gateOf([one("b", "a")]),
      Limit.gateOf([one("a", "b"), one("c", "d")]),
      Limit.gateOf([one("a", "b\",\"c"), one("c", "d")]),
      Limit.gateOf([one("a", "b\"],[\"c\",\"d")])
    ]
    assert.lengthOf(new Set(gates), gates.length)
  })

  it("takes the numbers of an override that are given, and the rule's others", () => {
    assert.strictEqual(Limit.overridden(rule, undefined), rule)
    assert.deepStrictEqual(
      Limit.overridden(rule, { max: 0, perMillis: null, burst: 3 }),
      { ...rule, max: 0, burst: 3 }
    )
  })

  it("takes the known kinds only", () => {
    assert.isTrue(Schema.is(Limit.LimitRule)(rule))
    assert.isFalse(Schema.is(Limit.LimitRule)({ ...rule, kind: "speed" }))
  })
})
