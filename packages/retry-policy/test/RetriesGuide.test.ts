/**
 * The tables of docs/guides/retries.md are what `preview` computes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { readFileSync } from "node:fs"
import * as Jitter from "../src/Jitter.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"

const guide = readFileSync(new URL("../../../docs/guides/retries.md", import.meta.url), "utf8")
const guideRows = guide.split("\n").map((line) => line.split("|").map((cell) => cell.trim()).join(" | ").trim())

const row = (label: string, policy: RetryPolicy.RetryPolicy, seed = "") => {
  const delays = RetryPolicy.preview(policy, { seed }).slice(0, 7).map((a) =>
    Duration.format(Duration.millis(a.delayMillis))
  )
  const empty = Array.from({ length: 7 - delays.length }, () => "–")
  return `| \`${label}\` | ${[...delays, ...empty].join(" | ")} |`
}

const curves = [
  row(`fixed("30 seconds")`, RetryPolicy.fixed("30 seconds")),
  row(`linear({ base: "10 seconds" })`, RetryPolicy.linear({ base: "10 seconds" })),
  row(
    `linear({ base: "1 second", step: "30 seconds" })`,
    RetryPolicy.linear({ base: "1 second", step: "30 seconds" })
  ),
  row(`exponential({ base: "1 second" })`, RetryPolicy.exponential({ base: "1 second" })),
  row(
    `exponential({ base: "1 second", factor: 3 })`,
    RetryPolicy.exponential({ base: "1 second", factor: 3 })
  ),
  row(
    `exponential({ base: "1 second", cap: "10 seconds" })`,
    RetryPolicy.exponential({ base: "1 second", cap: "10 seconds" })
  ),
  row(
    `table(["1 second", "1 minute", "1 hour"])`,
    RetryPolicy.table(["1 second", "1 minute", "1 hour"])
  )
]

const jitters = Jitter.Jitter.literals.map((jitter) => row(jitter, RetryPolicy.fixed("1 minute", { jitter }), "job-1"))

describe("docs/guides/retries.md", () => {
  for (const expected of [...curves, ...jitters]) {
    it(`has the row ${expected}`, () => assert.include(guideRows, expected))
  }

  it("has as many rows of delays as are checked here", () => {
    assert.lengthOf(
      guideRows.filter((line) => line.split(" | ").length === 8 && !/2nd|---/.test(line)),
      curves.length + jitters.length
    )
  })
})
