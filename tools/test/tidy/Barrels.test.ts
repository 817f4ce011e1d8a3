import { assert, describe, it } from "@effect/vitest"
import * as Barrels from "../../src/tidy/Barrels.ts"
import * as Planted from "./planted.ts"

const modules = { "packages/a/src/Beta.ts": "", "packages/a/src/Alpha.ts": "", "packages/a/src/internal/x.ts": "" }

const index = (text: string): ReadonlyArray<string> =>
  Planted.find(Barrels.rule, { ...modules, "packages/a/src/index.ts": text })

const line = (name: string): string => `export * as ${name} from "./${name}.ts"\n`

describe("Barrels", () => {
  it("accepts the complete list in alphabetical order", () => {
    assert.deepStrictEqual(index(`/** The modules. */\n\n${line("Alpha")}\n// Second.\n${line("Beta")}`), [])
  })

  it("rejects a missing module", () => {
    assert.strictEqual(index(line("Alpha")).length, 1)
  })

  it("rejects another order", () => {
    assert.strictEqual(index(line("Beta") + line("Alpha")).length, 1)
  })

  it("takes capitals for small letters, as the formatter does", () => {
    const files = { "packages/a/src/JobType.ts": "", "packages/a/src/JobsApi.ts": "" }
    const text = line("JobsApi") + line("JobType")
    assert.deepStrictEqual(Planted.find(Barrels.rule, { ...files, "packages/a/src/index.ts": text }), [])
  })

  it("rejects everything else in an index", () => {
    assert.strictEqual(index(`${line("Alpha")}${line("Beta")}export const a = 1\n`).length, 1)
  })

  it("does not list programs and hooks of the test runner", () => {
    const files = {
      "packages/a/src/TestGlobalSetup.ts": "",
      "packages/a/src/main.ts": "",
      "packages/a/src/index.ts": ""
    }
    assert.deepStrictEqual(Planted.find(Barrels.rule, files), [])
  })
})
