import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Boundaries from "../../src/tidy/Boundaries.ts"
import * as Mask from "../../src/tidy/Mask.ts"

const root = path.resolve(import.meta.dirname, "../../..")

/** The patterns of the linter's configuration, by the folder they hold for. */
const linterTable = (): Record<string, ReadonlyArray<string>> => {
  const text = fs.readFileSync(path.join(root, ".oxlintrc.json"), "utf8")
  const { overrides } = JSON.parse(Mask.comments(text)) as {
    readonly overrides: ReadonlyArray<{
      readonly files: ReadonlyArray<string>
      readonly rules: {
        readonly "no-restricted-imports"?: readonly [
          string,
          { readonly patterns: ReadonlyArray<{ readonly group: ReadonlyArray<string> }> }
        ]
      }
    }>
  }
  return Object.fromEntries(
    overrides.flatMap(({ files, rules }) => {
      const rule = rules["no-restricted-imports"]
      return rule === undefined ? [] : files.map((file) => [file, rule[1].patterns[0]?.group ?? []])
    })
  )
}

describe("Boundaries", () => {
  it("says the same as the linter", () => {
    const ours = Object.entries(Boundaries.libraries).map(([name, boundary]) => [
      `packages/${name}/src/**`,
      Boundaries.toLinterPattern(boundary)
    ])
    assert.deepStrictEqual(linterTable(), Object.fromEntries(ours))
  })

  it("has a line for every library, and no other", () => {
    const folders = fs.readdirSync(path.join(root, "packages"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && fs.existsSync(path.join(entry.parentPath, entry.name, "package.json")))
      .map((entry) => entry.name)
    assert.sameMembers(Object.keys(Boundaries.libraries), folders)
  })

  it("finds the package of an import", () => {
    const found = ["@millrace/storage/JobState", "effect/Effect", "node:fs/promises", "csv-parse/sync", "vitest"]
      .map(Boundaries.packageOf)
    assert.deepStrictEqual(found, ["@millrace/storage", "effect", "node:fs", "csv-parse", "vitest"])
  })

  it("allows modules of effect and never its barrel", () => {
    assert.isTrue(Boundaries.isAllowed({ may: [] }, "effect/Effect"))
    assert.isFalse(Boundaries.isAllowed({ may: [] }, "effect"))
  })

  it("allows what the table names and nothing with a longer name", () => {
    const boundary = { may: ["@millrace/storage", "node:worker_threads"] }
    assert.isTrue(Boundaries.isAllowed(boundary, "@millrace/storage/Claim"))
    assert.isTrue(Boundaries.isAllowed(boundary, "node:worker_threads"))
    assert.isFalse(Boundaries.isAllowed(boundary, "@millrace/storage-postgres"))
    assert.isFalse(Boundaries.isAllowed(boundary, "node:fs"))
    assert.isTrue(Boundaries.isAllowed({ may: ["node:*"] }, "node:fs/promises"))
  })
})
