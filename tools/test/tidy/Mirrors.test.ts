import { assert, describe, it } from "@effect/vitest"
import * as Mirrors from "../../src/tidy/Mirrors.ts"
import * as Planted from "./planted.ts"

const code = "export const a = 1\n"

const untested = (entries: Readonly<Record<string, string>>) => ({ [Mirrors.file]: JSON.stringify(entries) })

describe("Mirrors", () => {
  it("rejects a module without a test of its name", () => {
    const files = { "packages/a/src/X.ts": code, "packages/a/test/Y.test.ts": "" }
    assert.deepStrictEqual(Planted.find(Mirrors.rule, files), [
      "packages/a/src/X.ts:1 has no packages/a/test/X.test.ts; write it, or say in tools/untested.json why not"
    ])
  })

  it("accepts a test in the mirrored folder or directly in the folder of tests", () => {
    const files = {
      "packages/a/src/internal/x.ts": code,
      "packages/a/test/internal/x.test.ts": code,
      "packages/a/src/statements/y.ts": code,
      "packages/a/test/y.test.ts": ""
    }
    assert.deepStrictEqual(Planted.find(Mirrors.rule, files), [])
  })

  it("accepts a reason for a module or for a folder", () => {
    const files = {
      "packages/a/src/X.ts": code,
      "packages/a/src/statements/y.ts": code,
      ...untested({
        "packages/a/src/X.ts": "holds nothing but types",
        "packages/a/src/statements/": "run by the suite"
      })
    }
    assert.deepStrictEqual(Planted.find(Mirrors.rule, files), [])
  })

  it("rejects a reason that nothing needs", () => {
    const files = {
      "packages/a/src/X.ts": code,
      "packages/a/test/X.test.ts": code,
      ...untested({ "packages/a/src/X.ts": "holds nothing but types", "packages/a/src/Gone.ts": "was here once upon" })
    }
    assert.strictEqual(Planted.find(Mirrors.rule, files).length, 2)
  })

  it("rejects an entry without a reason", () => {
    assert.throws(() => Planted.find(Mirrors.rule, untested({ "packages/a/src/X.ts": "" })))
  })

  it("asks for no test of types", () => {
    const types = "import type { A } from \"./A.ts\"\nexport interface B { readonly a: A }\nexport type C = A | B\n"
    assert.deepStrictEqual(Planted.find(Mirrors.rule, { "packages/a/src/X.ts": types }), [])
    assert.strictEqual(Planted.find(Mirrors.rule, { "packages/a/src/X.ts": `${types}export class D {}\n` }).length, 1)
  })

  it("asks neither for the index nor for programs", () => {
    assert.deepStrictEqual(Planted.find(Mirrors.rule, { "packages/a/src/index.ts": "", "apps/a/src/main.ts": "" }), [])
  })
})
