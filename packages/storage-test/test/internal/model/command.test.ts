import { assert, describe, it } from "@effect/vitest"
import { Bounds } from "@millrace/storage"
import * as Fixture from "../../../src/Fixture.ts"
import type { Command } from "../../../src/internal/model/command.ts"
import { generate } from "../../../src/internal/model/command.ts"

const tags: ReadonlyArray<Command["_tag"]> = [
  "Insert",
  "Register",
  "Renew",
  "Leave",
  "Claim",
  "Settle",
  "Report",
  "Promote",
  "Reclaim",
  "Transition",
  "Control",
  "Advance",
  "Prune",
  "List"
]

describe("command", () => {
  it("makes the same commands from the same seed, others from another", () => {
    assert.deepStrictEqual(generate(7, 100), generate(7, 100))
    assert.notDeepEqual(generate(7, 100), generate(8, 100))
    assert.lengthOf(generate(7, 100), 100)
  })

  it("makes every command now and then, and only such as a storage takes", () => {
    const commands = Array.from({ length: 20 }, (_, seed) => generate(seed, 100)).flat()
    assert.deepStrictEqual([...new Set(commands.map((command) => command._tag))].toSorted(), tags.toSorted())
    for (const command of commands) {
      if (command._tag !== "Insert") continue
      assert.isNull(Bounds.checkJobs(command.jobs.map(Fixture.newJob), Fixture.startMillis))
    }
  })

  it("can be printed and read again", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(generate(3, 200))), generate(3, 200))
  })
})
