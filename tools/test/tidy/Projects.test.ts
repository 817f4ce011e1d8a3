import { assert, describe, it } from "@effect/vitest"
import * as Projects from "../../src/tidy/Projects.ts"
import * as Planted from "./planted.ts"

const manifest = (name: string, ...dependencies: ReadonlyArray<string>): string =>
  JSON.stringify({ name, devDependencies: Object.fromEntries(dependencies.map((each) => [each, "workspace:*"])) })

const project = (...paths: ReadonlyArray<string>): string =>
  JSON.stringify({ references: paths.map((path) => ({ path })) })

const workspace = {
  "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
  "tsconfig.json": project("packages/a", "packages/b"),
  "packages/a/package.json": manifest("a"),
  "packages/a/tsconfig.json": "{}",
  "packages/b/package.json": manifest("b", "a", "vitest"),
  "packages/b/tsconfig.json": project("../a")
}

describe("Projects", () => {
  it("accepts references that equal the dependencies", () => {
    assert.deepStrictEqual(Planted.find(Projects.rule, workspace), [])
  })

  it("rejects a package that the root does not build", () => {
    assert.deepStrictEqual(Planted.find(Projects.rule, { ...workspace, "tsconfig.json": project("packages/a") }), [
      "tsconfig.json:1 lacks the reference to packages/b"
    ])
  })

  it("rejects a missing and a needless reference", () => {
    const files = { ...workspace, "packages/a/tsconfig.json": project("../b"), "packages/b/tsconfig.json": "{}" }
    assert.strictEqual(Planted.find(Projects.rule, files).length, 2)
  })

  it("rejects a package without a project", () => {
    const { "packages/a/tsconfig.json": _, ...files } = workspace
    assert.deepStrictEqual(Planted.find(Projects.rule, files), ["packages/a/tsconfig.json:1 is missing"])
  })
})
