import { assert, describe, it } from "@effect/vitest"
import * as path from "node:path"
import * as Allowed from "../src/tidy/Allowed.ts"
import * as FileSize from "../src/tidy/FileSize.ts"
import * as Rules from "../src/tidy/Rules.ts"
import * as Tree from "../src/tidy/Tree.ts"
import * as Violation from "../src/tidy/Violation.ts"

const tree = Tree.read(path.resolve(import.meta.dirname, "../.."))
const exceptions = Allowed.parse(tree.find((source) => source.path === Allowed.file)?.text ?? "{}")

describe("tidy", () => {
  for (const rule of Rules.all) {
    it(rule.statement, () => {
      const violations = Allowed.apply(exceptions, rule.name, rule.check(tree))
      assert.deepStrictEqual(violations.map(Violation.render), [])
    })
  }

  it("looks at the whole repository", () => {
    const paths = tree.map((source) => source.path)
    assert.includeMembers(paths, ["package.json", ".ci/run", "packages/storage/src/Storage.ts", "tools/ci.ts"])
    assert.isEmpty(paths.filter((each) => /(^|\/)(node_modules|build|\.git)\//.test(each)))
  })

  it("excuses only from rules that exist", () => {
    assert.deepStrictEqual(Allowed.unknownRules(exceptions, Rules.all.map((rule) => rule.name)), [])
  })

  it("has a different name for every rule", () => {
    assert.strictEqual(new Set(Rules.all.map((rule) => rule.name)).size, Rules.all.length)
  })
})

const long = FileSize.beyondAim(tree)
if (long.length > 0) {
  console.log(`Files beyond the aim of ${FileSize.aim} lines:\n  ${long.join("\n  ")}`)
}
