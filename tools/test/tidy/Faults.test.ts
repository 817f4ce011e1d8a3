import { assert, describe, it } from "@effect/vitest"
import * as Faults from "../../src/tidy/Faults.ts"
import * as Planted from "./planted.ts"

const file = "packages/queue/test/Worker.test.ts"
const link = `[Worker](../../${file})`

/** A catalogue of 77 rows; those that are not given link the file. */
const page = (rows: Readonly<Record<string, string>> = {}): string =>
  Array.from({ length: 77 }, (_, index) => {
    const id = `F${String(index + 1).padStart(2, "0")}`
    return `| ${id} | a fault | ${rows[id] ?? link} |`
  }).join("\n")

const tests = (skip: ReadonlyArray<string> = []): string =>
  Array.from({ length: 77 }, (_, index) => `F${String(index + 1).padStart(2, "0")}`)
    .filter((id) => !skip.includes(id))
    .map((id) => `it("${id}: survives", () => {})`)
    .join("\n")

const find = (text: string, test: string) => Planted.find(Faults.rule, { [Faults.catalogue]: text, [file]: test })

describe("Faults", () => {
  it("accepts rows that link the files whose titles begin with their ids", () => {
    assert.deepStrictEqual(find(page(), tests()), [])
    assert.deepStrictEqual(find(page({ F30: "open: needs a second machine" }), tests(["F30"])), [])
  })

  it("accepts a title with several ids", () => {
    const text = `${tests(["F02", "F03"])}\nit("F02, F03: refuses zombies", () => {})`
    assert.deepStrictEqual(find(page(), text), [])
  })

  it("rejects a link to a file that does not test the fault", () => {
    assert.deepStrictEqual(find(page(), tests(["F07"])), [`${Faults.catalogue}:7 no title in ${file} begins with F07`])
  })

  it("rejects a test that the catalogue does not name", () => {
    assert.deepStrictEqual(find(page({ F07: "open: not done" }), tests()), [
      `${Faults.catalogue}:7 F07 does not link ${file}, which tests it`
    ])
  })

  it("rejects a row that says nothing, and a missing one", () => {
    assert.deepStrictEqual(find(page({ F07: "" }), tests(["F07"])), [
      `${Faults.catalogue}:7 F07 needs a test, or "release: …" or "open: …"`
    ])
    const short = page().replace(/^\| F77.*$/m, "")
    assert.deepStrictEqual(find(short, tests(["F77"])), [`${Faults.catalogue}:1 has 0 rows for F77, needs one`])
  })

  it("rejects a catalogue with too few tested faults", () => {
    const untested = Array.from({ length: 18 }, (_, index) => `F${index + 10}`)
    const rows = Object.fromEntries(untested.map((id) => [id, "open: later"]))
    assert.deepStrictEqual(find(page(rows), tests(untested)), [
      `${Faults.catalogue}:1 59 faults have a test, 60 must have one`
    ])
  })
})
