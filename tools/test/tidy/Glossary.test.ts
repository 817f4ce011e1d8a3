import { assert, describe, it } from "@effect/vitest"
import * as Glossary from "../../src/tidy/Glossary.ts"
import * as Planted from "./planted.ts"

const inLibrary = (text: string): ReadonlyArray<string> => Planted.find(Glossary.rule, { "packages/a/src/X.ts": text })

describe("Glossary", () => {
  for (const name of ["dispatchJob", "JobDispatcher", "ackAll", "NACK", "visibilityTimeout", "discardedJobs"]) {
    it(`rejects the identifier ${name}`, () => {
      assert.strictEqual(inLibrary(`const ${name} = 1`).length, 1)
    })
  }

  it("names the line and our own word", () => {
    assert.deepStrictEqual(inLibrary("const a = 1\nconst ack = a"), ["packages/a/src/X.ts:2 \"ack\": we say settle"])
  })

  it("accepts words that contain the letters of a synonym", () => {
    assert.deepStrictEqual(inLibrary("const package_ = pack(track, back, invisible, acknowledgeable)"), [])
  })

  it("accepts the synonym in comments and strings", () => {
    assert.deepStrictEqual(inLibrary("// others say ack\nconst a = \"dispatch\""), [])
  })

  it("accepts Effect's own names", () => {
    assert.deepStrictEqual(inLibrary("Layer.effectDiscard(a); Effect.forEach(b, c, { discard: true })"), [])
    assert.strictEqual(inLibrary("const options = { discard: 5 }").length, 1)
  })

  it("leaves everything but libraries alone", () => {
    assert.deepStrictEqual(Planted.find(Glossary.rule, { "apps/a/src/X.ts": "ack()" }), [])
  })
})
