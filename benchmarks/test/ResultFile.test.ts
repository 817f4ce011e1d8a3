import { assert, describe, it } from "@effect/vitest"
import * as ResultFile from "../src/ResultFile.ts"
import * as Settings from "../src/Settings.ts"
import { contender, result, sample } from "./fixtures.ts"

const conditions: ResultFile.Conditions = {
  date: "2026-01-02T03:04:05.000Z",
  machine: {
    cpu: "a processor",
    cores: 2,
    memoryGiB: 8,
    system: "linux 6",
    node: "v24",
    loadAtStart: 0.5,
    commit: "0123456789"
  },
  settings: Settings.full,
  postgres: { version: "18.4", settings: { fsync: "on" } },
  redis: null,
  peers: { "pg-boss": "12" }
}

const rate = (jobsPerSecond: number) => [sample({ seconds: 1000 / jobsPerSecond })]

describe("ResultFile", () => {
  it("puts the four ratios and the share of the raw limit in front", () => {
    const data = ResultFile.make(conditions, [
      result(
        "drain-1",
        "throughput",
        [contender({ name: "millrace", ours: true }, rate(400)), contender({ name: "peer" }, rate(100))],
        { jobsPerSecond: 500, driver: "pgbench" }
      ),
      result("latency", "latency", [
        contender({ name: "millrace", ours: true }, [sample({ p50: 4 })]),
        contender({ name: "peer" }, [sample({ p50: 2 })])
      ])
    ])
    assert.deepStrictEqual(data.ratios, { drain: 4, enqueueOne: null, enqueueBulk: null, latency: 0.5 })
    assert.strictEqual(data.drainOfRawLimit, 0.8)
    assert.strictEqual(data.machine.commit, "0123456789")
    assert.strictEqual(data.scenarios[0]?.contenders[1]?.summary.jobsPerSecond, 100)
  })

  it("has no ratios in a run of peers alone", () => {
    const data = ResultFile.make(conditions, [
      result("drain-1", "throughput", [contender({ name: "peer" }, rate(100))])
    ])
    assert.deepStrictEqual(data.ratios, { drain: null, enqueueOne: null, enqueueBulk: null, latency: null })
    assert.isNull(data.drainOfRawLimit)
  })
})
