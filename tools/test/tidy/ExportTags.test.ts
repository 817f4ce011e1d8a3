import { assert, describe, it } from "@effect/vitest"
import * as ExportTags from "../../src/tidy/ExportTags.ts"
import * as Planted from "./planted.ts"

const doc = "/**\n * Does it.\n *\n * @stability unstable\n * @category models\n * @since 0.1.0\n */\n"

const inLibrary = (text: string): ReadonlyArray<string> =>
  Planted.find(ExportTags.rule, { "packages/a/src/X.ts": text }).map((each) => each.slice(each.indexOf(":") + 1))

describe("ExportTags", () => {
  it("accepts declarations with a sentence and all tags", () => {
    for (const start of ["const a = 1", "class A {}", "interface A {}", "type A = 1", "function a() {}"]) {
      assert.deepStrictEqual(inLibrary(`${doc}export ${start}`), [], start)
    }
  })

  it("rejects a declaration without a comment", () => {
    assert.deepStrictEqual(inLibrary("const b = 1\nexport const a = b"), ["2 a lacks a doc comment"])
  })

  it("names each tag that is missing or malformed", () => {
    const without = doc.replace(" * @since 0.1.0\n", "").replace("unstable", "sometimes")
    assert.deepStrictEqual(inLibrary(`${without}export abstract class A {}`), [
      "7 A lacks @stability, @since"
    ])
  })

  it("rejects a comment without a first sentence", () => {
    assert.deepStrictEqual(inLibrary(`${doc.replace(" * Does it.\n *\n", "")}export type A = 1`), [
      "6 A lacks a first sentence"
    ])
  })

  it("asks for one comment on the overloads of a function", () => {
    const overloads =
      `${doc}export function a(x: 1): 1\nexport function a(x: 2): 2\nexport function a(x: 1 | 2) { return x }`
    assert.deepStrictEqual(inLibrary(overloads), [])
  })

  it("asks for a comment on a type and on the value of the same name", () => {
    assert.strictEqual(inLibrary(`${doc}export const A = 1\nexport type A = 1`).length, 1)
  })

  it("does not take text in a string for a declaration", () => {
    assert.deepStrictEqual(inLibrary("const a = `\nexport const b = 1\n`"), [])
  })

  it("leaves hidden modules, the index and programs alone", () => {
    const text = "export const a = 1"
    const files = {
      "packages/a/package.json": JSON.stringify({ name: "a", exports: { "./*": "./src/*.ts", "./internal/*": null } }),
      "packages/a/src/internal/x.ts": text,
      "packages/a/src/index.ts": text,
      "apps/a/src/X.ts": text
    }
    assert.deepStrictEqual(Planted.find(ExportTags.rule, files), [])
  })

  it("rejects a module in a folder that only looks hidden", () => {
    const files = {
      "packages/a/package.json": JSON.stringify({ name: "a", exports: { "./*": "./src/*.ts" } }),
      "packages/a/src/internal/x.ts": "export const a = 1"
    }
    assert.strictEqual(Planted.find(ExportTags.rule, files).length, 1)
  })
})
