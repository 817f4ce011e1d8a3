import { assert, describe, it } from "@effect/vitest"
import * as FileNames from "../../src/tidy/FileNames.ts"
import * as Planted from "./planted.ts"

describe("FileNames", () => {
  for (const name of ["utils", "Common", "testHelpers", "JobManager", "types", "Core"]) {
    it(`rejects ${name}.ts`, () => {
      assert.strictEqual(Planted.find(FileNames.rule, { [`packages/a/src/${name}.ts`]: "" }).length, 1)
    })
  }

  it("rejects a folder that is a drawer", () => {
    assert.strictEqual(Planted.find(FileNames.rule, { "packages/a/src/common/Claim.ts": "" }).length, 1)
  })

  it("accepts names that only contain the letters, or a vague word beside a good one", () => {
    const names = ["Claim", "Typesetting", "ScoreBoard", "PgTypes", "Communication"]
    assert.deepStrictEqual(
      Planted.find(FileNames.rule, Object.fromEntries(names.map((name) => [`packages/a/src/${name}.ts`, ""]))),
      []
    )
  })
})
