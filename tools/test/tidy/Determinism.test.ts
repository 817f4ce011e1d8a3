import { assert, describe, it } from "@effect/vitest"
import * as Determinism from "../../src/tidy/Determinism.ts"
import * as Planted from "./planted.ts"

const inLibrary = (text: string): ReadonlyArray<string> =>
  Planted.find(Determinism.rule, { "packages/a/src/X.ts": text })

describe("Determinism", () => {
  const banned = [
    "Date.now()",
    "new Date()",
    "new Date",
    "performance.now()",
    "Math.random()",
    "crypto.randomUUID()",
    "setTimeout(f, 1)",
    "globalThis.setInterval(f, 1)",
    "process.env",
    "console.log(1)"
  ]
  for (const use of banned) {
    it(`rejects ${use}`, () => {
      assert.strictEqual(inLibrary(`const a = ${use}`).length, 1)
    })
  }

  it("accepts a date made from a number, and names that only resemble", () => {
    assert.deepStrictEqual(inLibrary("new Date(millis); Console.log; Random.next; clock.now; mySetTimeout"), [])
  })

  it("accepts the names in comments and strings", () => {
    assert.deepStrictEqual(inLibrary("// Date.now\nconst a = \"process.env\""), [])
  })

  it("leaves programs, tests and tools alone", () => {
    const files = {
      "apps/a/src/main.ts": "process.env",
      "packages/a/test/X.test.ts": "Date.now()",
      "tools/ci.ts": "console.log"
    }
    assert.deepStrictEqual(Planted.find(Determinism.rule, files), [])
  })
})
