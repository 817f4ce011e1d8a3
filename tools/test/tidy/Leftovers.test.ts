import { assert, describe, it } from "@effect/vitest"
import * as Leftovers from "../../src/tidy/Leftovers.ts"
import * as Planted from "./planted.ts"

const notes = ["TO", "FIX"].map((start) => start + (start === "TO" ? "DO" : "ME"))

describe("Leftovers", () => {
  for (const note of notes) {
    it(`rejects ${note.slice(0, 2)}… in sources and documents`, () => {
      const files = { "a.ts": `// ${note}: later`, "b.md": `${note} write this`, "c.sql": `-- ${note}` }
      assert.strictEqual(Planted.find(Leftovers.notes, files).length, 3)
    })
  }

  it("accepts words that contain the letters", () => {
    assert.deepStrictEqual(Planted.find(Leftovers.notes, { "a.ts": "const Todos = mastodon" }), [])
  })

  for (const start of ["it", "it.effect", "test", "describe", "it.live"]) {
    it(`rejects ${start} when it is focused or skipped`, () => {
      const text = ["only", "skip"].map((end) => `${start}.${end}("x", () => {})`).join("\n")
      assert.strictEqual(Planted.find(Leftovers.shortcuts, { "a.test.ts": text }).length, 2)
    })
  }

  it("accepts conditions that a machine decides, and the words elsewhere", () => {
    const text = "it.skipIf(noDocker)(\"x\", f)\noptions.only\n// it.only is wrong\nconst a = \"it.skip\""
    assert.deepStrictEqual(Planted.find(Leftovers.shortcuts, { "a.test.ts": text }), [])
  })
})
