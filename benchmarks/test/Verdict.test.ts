import { assert, describe, it } from "@effect/vitest"
import { standings } from "../src/Report.ts"
import * as Verdict from "../src/Verdict.ts"
import { contender, failed, result, sample } from "./fixtures.ts"

const rate = (jobsPerSecond: number) => [sample({ seconds: 1000 / jobsPerSecond })]

describe("Verdict", () => {
  it("compares with the fastest peer on PostgreSQL and leaves Redis out", () => {
    const all = standings(result("drain-1", "throughput", [
      contender({ name: "ours", ours: true }, rate(300)),
      contender({ name: "slow" }, rate(50)),
      contender({ name: "fast" }, rate(100)),
      contender({ name: "redis", store: "redis" }, rate(900))
    ]))
    assert.strictEqual(Verdict.bestPeer("throughput", all), 100)
    assert.strictEqual(Verdict.ourRatio("throughput", all), 3)
  })

  it("takes the shorter wait as the better one", () => {
    const all = standings(result("latency", "latency", [
      contender({ name: "ours", ours: true }, [sample({ p50: 2 })]),
      contender({ name: "quick" }, [sample({ p50: 5 })]),
      contender({ name: "slow" }, [sample({ p50: 9 })])
    ]))
    assert.strictEqual(Verdict.ourRatio("latency", all), 2.5)
  })

  it("gives no ratio to who failed and ignores a failed peer", () => {
    const all = standings(result("drain-1", "throughput", [
      failed({ name: "ours", ours: true }, "2 jobs ran twice"),
      failed({ name: "fast" }, "stalled"),
      contender({ name: "slow" }, rate(50))
    ]))
    assert.strictEqual(Verdict.bestPeer("throughput", all), 50)
    assert.isNull(Verdict.ourRatio("throughput", all))
  })

  it("gives no ratio without peers", () => {
    const all = standings(result("drain-1", "throughput", [contender({ name: "ours", ours: true }, rate(50))]))
    assert.isNull(Verdict.ourRatio("throughput", all))
  })
})
