import { assert, describe, it } from "@effect/vitest"
import * as ProgramsCommand from "../src/ProgramsCommand.ts"

describe("ProgramsCommand", () => {
  it("hands over to a program with what is left of the arguments", () => {
    assert.deepStrictEqual(ProgramsCommand.select(["worker", "--jobs", "a.ts"]), {
      module: "@millrace/worker/src/main.ts",
      rest: ["--jobs", "a.ts"]
    })
    assert.strictEqual(ProgramsCommand.select(["server"])?.module, "@millrace/server/src/main.ts")
    assert.strictEqual(ProgramsCommand.select(["dev"])?.module, "@millrace/dev/src/main.ts")
  })

  it("keeps everything else: also the help of dev, which has no flags", () => {
    for (const args of [[], ["jobs", "list"], ["dev", "--help"], ["--help", "worker"]]) {
      assert.isNull(ProgramsCommand.select(args))
    }
  })
})
