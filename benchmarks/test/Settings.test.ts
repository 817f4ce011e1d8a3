import { assert, describe, it } from "@effect/vitest"
import * as Settings from "../src/Settings.ts"

const asked = { quick: false, rounds: undefined, jobs: undefined, scale: 1 }

describe("Settings", () => {
  it("keeps the full sizes when nothing is asked for", () => {
    assert.deepStrictEqual(Settings.make(asked), Settings.full)
    assert.deepStrictEqual(Settings.make({ ...asked, quick: true }), Settings.quick)
  })

  it("changes single enqueues in step with the jobs, and the backlogs by the scale alone", () => {
    const settings = Settings.make({ ...asked, jobs: 10_000, scale: 0.01 })
    assert.strictEqual(settings.jobs, 10_000)
    assert.strictEqual(settings.singleJobs, 1000)
    assert.strictEqual(settings.finishedBacklog, 100_000)
    assert.strictEqual(settings.tenants, 100)
  })

  it("never runs a heavy scenario more often than the others", () => {
    assert.strictEqual(Settings.make({ ...asked, rounds: 7 }).heavyRounds, Settings.full.heavyRounds)
    assert.strictEqual(Settings.make({ ...asked, rounds: 7 }).rounds, 7)
  })
})
