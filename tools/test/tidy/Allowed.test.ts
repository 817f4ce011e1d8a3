import { assert, describe, it } from "@effect/vitest"
import * as Allowed from "../../src/tidy/Allowed.ts"
import * as Violation from "../../src/tidy/Violation.ts"

const inA = Violation.make("a.ts", 1, "wrong")
const inB = Violation.make("b.ts", 2, "wrong")
const found = [inA, inB]

const excuse = (...paths: ReadonlyArray<string>) => ({
  rule: Object.fromEntries(paths.map((path) => [path, "because of this and that"]))
})

describe("Allowed", () => {
  it("excuses the files it names and no others", () => {
    assert.deepStrictEqual(Allowed.apply(excuse("a.ts"), "rule", found), [inB])
    assert.deepStrictEqual(Allowed.apply(excuse("a.ts"), "other", found), found)
  })

  it("reports an excuse that nothing needs", () => {
    const left = Allowed.apply(excuse("a.ts", "b.ts", "c.ts"), "rule", found).map(Violation.render)
    assert.deepStrictEqual(left, ["tools/allowed.json:1 \"rule\" excuses c.ts, which does not need it: remove it"])
  })

  it("rejects an excuse without a reason", () => {
    assert.throws(() => Allowed.parse("{ \"rule\": { \"a.ts\": \"so\" } }"))
  })

  it("finds excuses from rules that do not exist", () => {
    assert.deepStrictEqual(Allowed.unknownRules(excuse("a.ts"), ["other"]), ["rule"])
  })
})
