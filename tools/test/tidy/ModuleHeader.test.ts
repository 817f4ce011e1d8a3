import { assert, describe, it } from "@effect/vitest"
import * as ModuleHeader from "../../src/tidy/ModuleHeader.ts"
import * as Planted from "./planted.ts"

describe("ModuleHeader", () => {
  it("accepts a comment followed by an import or a blank line", () => {
    assert.isTrue(
      ModuleHeader.hasHeader("/**\n * What it is.\n *\n * @since 0.1.0\n */\nimport * as A from \"./A.ts\"\n")
    )
    assert.isTrue(ModuleHeader.hasHeader("/** What it is. */\n\nexport const a = 1\n"))
    assert.isTrue(ModuleHeader.hasHeader("#!/usr/bin/env node\n/** What it is. */\nimport \"./A.ts\"\n"))
  })

  it("rejects a module that starts with code", () => {
    assert.isFalse(ModuleHeader.hasHeader("import * as A from \"./A.ts\"\n/** a */\nexport const a = 1\n"))
  })

  it("rejects the comment of the first declaration", () => {
    assert.isFalse(ModuleHeader.hasHeader("/** What a is. */\nexport const a = 1\n"))
  })

  it("rejects a comment of tags only", () => {
    assert.isFalse(ModuleHeader.hasHeader("/**\n * @since 0.1.0\n */\nimport \"./A.ts\"\n"))
  })

  it("asks libraries only, and not their index", () => {
    const files = { "packages/a/src/index.ts": "x", "apps/a/src/main.ts": "x", "packages/a/src/X.ts": "x" }
    assert.deepStrictEqual(Planted.find(ModuleHeader.rule, files).map((each) => each.split(" ")[0]), [
      "packages/a/src/X.ts:1"
    ])
  })
})
