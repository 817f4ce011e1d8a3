import { assert, describe, it } from "@effect/vitest"
import * as Sample from "../src/Sample.ts"
import { sample } from "./fixtures.ts"

describe("Sample", () => {
  it("divides what a run used by its jobs", () => {
    const made = Sample.make({
      jobs: 100,
      seconds: 2,
      clientMicros: 5000,
      before: { cpuSeconds: 1, walBytes: 1000 },
      after: { cpuSeconds: 1.5, walBytes: 71_000 },
      waits: { p50: 1, p99: 9 }
    })
    assert.strictEqual(Sample.jobsPerSecond(made), 50)
    assert.strictEqual(made.clientMicrosPerJob, 50)
    assert.strictEqual(made.serverMicrosPerJob, 5000)
    assert.strictEqual(made.walBytesPerJob, 700)
    assert.strictEqual(made.p99, 9)
  })

  it("has no figure where the server has no meter, and none for no jobs", () => {
    const reading = { cpuSeconds: null, walBytes: null }
    const made = Sample.make({ jobs: 0, seconds: 1, clientMicros: 1, before: reading, after: reading, waits: null })
    assert.isNull(made.serverMicrosPerJob)
    assert.isNull(made.walBytesPerJob)
    assert.isNull(made.clientMicrosPerJob)
    assert.isNull(made.p50)
  })

  it("sums rounds up as medians with the range of the rate", () => {
    const summary = Sample.summarise([
      { round: 1, sample: sample({ seconds: 1, notes: { "a b": 1 } }) },
      { round: 2, sample: sample({ seconds: 2, serverMicrosPerJob: null, notes: { "a b": 3 } }) },
      { round: 3, sample: sample({ seconds: 4 }) }
    ])
    assert.strictEqual(summary.jobsPerSecond, 500)
    assert.deepStrictEqual(summary.jobsPerSecondRange, { low: 250, high: 1000 })
    assert.strictEqual(summary.serverMicrosPerJob, 20)
    assert.deepStrictEqual(summary.notes, { "a b": 2 })
    assert.deepStrictEqual(summary.failures, [])
  })

  it("keeps the failures and has no figures when every round failed", () => {
    const summary = Sample.summarise([{ round: 1, failure: "3 jobs never ran" }])
    assert.deepStrictEqual(summary.failures, ["3 jobs never ran"])
    assert.isNull(summary.jobsPerSecond)
    assert.isNull(summary.jobsPerSecondRange)
  })
})
