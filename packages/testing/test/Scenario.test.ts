import { assert, describe, it } from "@effect/vitest"
import * as Scenario from "../src/Scenario.ts"

describe("Scenario", () => {
  it("is the same for the same seed, and another one for another seed", () => {
    assert.deepStrictEqual(Scenario.make(7), Scenario.make(7))
    assert.notDeepEqual(Scenario.make(7), Scenario.make(8))
  })

  it("always has a worker that does everything, so that every job can end", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { workers: [first] } = Scenario.make(seed)
      assert.deepStrictEqual(first?.names, ["Mail", "Report", "Import"])
      assert.deepStrictEqual(first?.queues, ["default", "slow"])
      assert.isTrue(first?.maintenance)
    }
  })

  it("comes with every kind of fault, command and behaviour within two hundred seeds", () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 200; seed++) {
      const { commands, faults, jobs } = Scenario.make(seed)
      for (const { _tag } of [...commands, ...faults]) seen.add(_tag)
      for (const { behaviours } of jobs) for (const { does } of behaviours) seen.add(does)
    }
    const faults = ["Crash", "Stop", "Freeze", "Outage", "Loss", "Slow", "Repeat", "Deaf", "Conflict"]
    const commands = ["Cancel", "Retry", "Remove", "Pause", "Resume"]
    const behaviours = ["Succeed", "Fail", "Die", "Snooze", "Dead", "Stubborn", "Hang", "Tell"]
    for (const tag of [...faults, ...commands, ...behaviours]) assert.isTrue(seen.has(tag), tag)
  })

  it("is calm after its last fault has ended", () => {
    const scenario = Scenario.make(1)
    const faults: ReadonlyArray<Scenario.Fault> = [{ _tag: "Freeze", atMillis: 70_000, millis: 500, worker: 0 }]
    assert.strictEqual(Scenario.calmMillis({ ...scenario, faults }), 70_500)
    assert.strictEqual(Scenario.calmMillis({ ...scenario, faults: [], commands: [], jobs: [] }), 0)
  })
})
