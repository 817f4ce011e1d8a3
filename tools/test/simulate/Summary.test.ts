import { assert, describe, it } from "@effect/vitest"
import * as Summary from "../../src/simulate/Summary.ts"

const failure = (seed: number) => ({ seed, invariant: "I1", detail: "job 1 is lost" })

const part = (seeds: number, failed: ReadonlyArray<Summary.Failure>): Summary.Summary => ({
  ...Summary.none,
  seeds,
  failed,
  jobs: 10 * seeds,
  virtualMillis: 1_800_000
})

describe("Summary", () => {
  it("adds up, with failures in the order of their seeds", () => {
    const total = Summary.add(part(2, [failure(5)]), part(3, [failure(2)]))
    assert.strictEqual(total.seeds, 5)
    assert.strictEqual(total.jobs, 50)
    assert.deepStrictEqual(total.failed.map(({ seed }) => seed), [2, 5])
  })

  it("says that all held, or what broke first, in one line", () => {
    assert.match(
      Summary.render(part(4, []), 2),
      /^simulated 4 seeds in 2\.0 s: 40 jobs.* 0\.5 virtual hours; all invariants held$/
    )
    assert.match(Summary.render(part(4, [failure(3)]), 2), /; 1 broke an invariant, first seed 3 \(I1\)$/)
  })
})
