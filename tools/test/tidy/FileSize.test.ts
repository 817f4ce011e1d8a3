import { assert, describe, it } from "@effect/vitest"
import * as FileSize from "../../src/tidy/FileSize.ts"
import * as Planted from "./planted.ts"

const lines = (count: number): string => "x\n".repeat(count)

describe("FileSize", () => {
  it("accepts a file at the limit", () => {
    assert.deepStrictEqual(Planted.find(FileSize.rule, { "a.ts": lines(FileSize.limit) }), [])
  })

  it("rejects a file one line longer", () => {
    assert.deepStrictEqual(Planted.find(FileSize.rule, { "a.ts": lines(FileSize.limit + 1) }), [
      "a.ts:501 501 lines: split it, 500 are the limit"
    ])
  })

  it("leaves data and documents alone", () => {
    assert.deepStrictEqual(Planted.find(FileSize.rule, { "pnpm-lock.yaml": lines(9_000), "a.md": lines(900) }), [])
  })

  it("lists the files beyond the aim, the longest first", () => {
    const tree = Planted.tree({ "a.ts": lines(260), "b.ts": lines(250), "c.ts": lines(300) })
    assert.deepStrictEqual(FileSize.beyondAim(tree), ["c.ts: 300 lines", "a.ts: 260 lines"])
  })
})
