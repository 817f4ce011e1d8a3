import { assert, describe, it } from "@effect/vitest"
import * as Report from "../src/Report.ts"
import * as Settings from "../src/Settings.ts"
import { contender, failed, result, sample } from "./fixtures.ts"

const drain = result(
  "drain-1",
  "throughput",
  [
    contender({ name: "ours", ours: true }, [sample({ seconds: 0.1 }), sample({ seconds: 0.2 })]),
    contender({ name: "peer" }, [sample({ seconds: 0.5, notes: { "rows kept": 12 } })]),
    failed({ name: "broken" }, "verify: 3 jobs never ran\n  at somewhere")
  ],
  { jobsPerSecond: 15_000, driver: "pgbench" }
)

describe("Report", () => {
  it("prints rates, ranges, ratios, failures, notes and the raw limit", () => {
    const lines = Report.renderScenario(drain, Settings.full).split("\n")
    const row = (name: string) => lines.find((line) => line.startsWith(name))?.split(/ {2,}/)
    assert.deepStrictEqual(row("ours"), [
      "ours",
      "1,000",
      "7,500",
      "5,000-10,000",
      "3.75x",
      "10.0",
      "20.0",
      "700",
      "n/a",
      "n/a",
      "yes"
    ])
    assert.strictEqual(row("peer")?.[4], "1.00x")
    assert.strictEqual(row("broken")?.at(-1), "FAILED in 1 of 1")
    assert.strictEqual(row("raw SQL (pgbench)")?.[1], "15,000")
    assert.include(lines, "  peer: rows kept 12.0")
    assert.include(lines, "  broken FAILED: verify: 3 jobs never ran")
  })

  it("knows whether anybody failed", () => {
    assert.isTrue(Report.hasFailures([drain]))
    assert.isFalse(Report.hasFailures([result("x", "throughput", [contender({ name: "peer" }, [sample({})])])]))
  })
})
