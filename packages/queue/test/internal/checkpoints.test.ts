import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Checkpoints from "../../src/internal/checkpoints.ts"

const sleeps = { nap: { untilMillis: 1_000, value: { receipt: 7 } } }

describe("checkpoints", () => {
  it("stores a value of the handler's own as it is", () => {
    assert.deepStrictEqual(Checkpoints.toJson({ own: Option.some({ row: 3 }), sleeps: {} }), { row: 3 })
    assert.deepStrictEqual(Checkpoints.fromJson({ row: 3 }), { own: Option.some({ row: 3 }), sleeps: {} })
  })

  it("keeps sleeps and the handler's own value apart", () => {
    for (const own of [Option.none(), Option.some<null>(null), Option.some([1, 2])]) {
      const stored = JSON.parse(JSON.stringify(Checkpoints.toJson({ own, sleeps })))
      assert.deepStrictEqual(Checkpoints.fromJson(stored), { own, sleeps })
    }
  })

  it("does not take a value that looks like an envelope for one", () => {
    for (const own of [{ "millrace:sleeps": {} }, { "millrace:sleeps": 3 }]) {
      const stored = Checkpoints.toJson({ own: Option.some(own), sleeps: {} })
      assert.deepStrictEqual(Checkpoints.fromJson(stored), { own: Option.some(own), sleeps: {} })
    }
  })

  it("takes an envelope that it can not read for the handler's own value", () => {
    const odd = { "millrace:sleeps": { nap: "later" } }
    assert.deepStrictEqual(Checkpoints.fromJson(odd), { own: Option.some(odd), sleeps: {} })
  })
})
