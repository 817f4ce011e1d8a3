import { assert, describe, it } from "@effect/vitest"
import * as Workspace from "../../src/tidy/Workspace.ts"
import * as Planted from "./planted.ts"

describe("Workspace", () => {
  it("reads the patterns and nothing after them", () => {
    const yaml = "packages:\n  - packages/*\n  - \"tests/system\"\ncatalog:\n  a: 1\nallow:\n  - b\n"
    assert.deepStrictEqual(Workspace.patternsOf(yaml), ["packages/*", "tests/system"])
  })

  it("takes a star for one folder", () => {
    assert.isTrue(Workspace.isMeant("packages/*", "packages/a"))
    assert.isFalse(Workspace.isMeant("packages/*", "packages/a/b"))
    assert.isFalse(Workspace.isMeant("packages/*", "apps/a"))
  })

  it("finds the packages, the deepest first, and which belong to the workspace", () => {
    const packages = Workspace.packagesOf(Planted.tree({
      "pnpm-workspace.yaml": "packages:\n  - bench\n",
      "package.json": "{ \"name\": \"root\" }",
      "bench/package.json": "{ \"name\": \"bench\" }",
      "bench/peers/package.json": "{ \"name\": \"peers\" }"
    }))
    assert.deepStrictEqual(packages.map(({ folder, isMember }) => [folder, isMember]), [
      ["bench/peers", false],
      ["bench", true],
      ["", false]
    ])
  })
})
