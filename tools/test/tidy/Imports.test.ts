import { assert, describe, it } from "@effect/vitest"
import * as Imports from "../../src/tidy/Imports.ts"
import * as Source from "../../src/tidy/Source.ts"
import * as Planted from "./planted.ts"

const workspace = {
  "pnpm-workspace.yaml": "packages:\n  - packages/*\n  - apps/*\n",
  "packages/queue/package.json": JSON.stringify({
    name: "@millrace/queue",
    dependencies: { "@millrace/storage": "workspace:*" },
    devDependencies: { "vitest": "1", "@millrace/retry-policy": "workspace:*" },
    peerDependencies: { "effect": "4" }
  }),
  "apps/worker/package.json": JSON.stringify({
    name: "@millrace/worker",
    dependencies: { "@millrace/storage-postgres": "workspace:*", "effect": "4" }
  })
}

const find = (path: string, ...imports: ReadonlyArray<string>): ReadonlyArray<string> =>
  Planted.find(Imports.rule, {
    ...workspace,
    [path]: imports.map((specifier, index) => `import * as A${index} from "${specifier}"\n`).join("")
  })

describe("Imports", () => {
  it("sees imports and re-exports of values and types, static and dynamic", () => {
    const text = [
      "import { a } from \"a\"",
      "import type { B } from \"b\"",
      "import {\n  c,\n  d\n} from \"c\"",
      "import \"d\"",
      "export * from \"e\"",
      "const f = await import(\"f\")",
      "type G = import(\"g\").G"
    ].join("\n")
    const found = Imports.importsOf(Source.make("x.ts", text))
    assert.deepStrictEqual(found.map((each) => `${each.specifier}:${each.line}`), [
      "a:1",
      "b:2",
      "c:6",
      "d:7",
      "e:8",
      "f:9",
      "g:10"
    ])
  })

  it("takes text in comments and strings for no import", () => {
    const text = "// import \"a\"\nconst b = `\nimport * as c from \"c\"\n`\nconst from = \"d\"\n"
    assert.deepStrictEqual(Imports.importsOf(Source.make("x.ts", text)), [])
  })

  it("accepts what the package names and the table allows", () => {
    const path = "packages/queue/src/Job.ts"
    assert.deepStrictEqual(find(path, "effect/Effect", "@millrace/storage/Claim", "./Queue.ts", "../src/Queue.ts"), [])
  })

  it("rejects the barrel of effect in a library", () => {
    assert.deepStrictEqual(find("packages/queue/src/Job.ts", "effect"), [
      "packages/queue/src/Job.ts:1 queue may not import effect"
    ])
  })

  it("rejects a package beyond the table, and a module of Node", () => {
    assert.strictEqual(find("packages/queue/src/Job.ts", "@millrace/storage-postgres", "node:fs").length, 2)
  })

  it("rejects a source whose package is named for development only", () => {
    assert.deepStrictEqual(find("packages/queue/src/Job.ts", "@millrace/retry-policy"), [
      "packages/queue/src/Job.ts:1 @millrace/retry-policy is not named by the package.json of @millrace/queue"
    ])
    assert.deepStrictEqual(find("packages/queue/test/Job.test.ts", "@millrace/retry-policy", "vitest", "node:fs"), [])
  })

  it("rejects a test that imports what nothing names", () => {
    assert.strictEqual(find("packages/queue/test/Job.test.ts", "lodash").length, 1)
  })

  it("rejects a library that the table does not know", () => {
    const files = {
      ...workspace,
      "packages/new/package.json": JSON.stringify({ name: "@millrace/new" }),
      "packages/new/src/A.ts": "import \"effect/Effect\""
    }
    assert.strictEqual(Planted.find(Imports.rule, files).length, 1)
  })

  it("rejects a relative path into another package", () => {
    assert.deepStrictEqual(find("packages/queue/src/Job.ts", "../../storage/src/Claim.ts"), [
      "packages/queue/src/Job.ts:1 ../../storage/src/Claim.ts leaves the package: import it by its name"
    ])
  })

  it("rejects a relative path without an ending", () => {
    assert.strictEqual(find("packages/queue/src/Job.ts", "./Queue").length, 1)
  })

  it("lets only the main module of a program choose a driver", () => {
    assert.deepStrictEqual(find("apps/worker/src/main.ts", "@millrace/storage-postgres/PgStorage"), [])
    assert.strictEqual(find("apps/worker/src/Loop.ts", "@millrace/storage-postgres/PgStorage").length, 1)
  })

  it("leaves packages outside of the workspace alone", () => {
    const files = { "other/package.json": JSON.stringify({ name: "other" }), "other/a.ts": "import \"anything\"" }
    assert.deepStrictEqual(Planted.find(Imports.rule, { ...workspace, ...files }), [])
  })
})
