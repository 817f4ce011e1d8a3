import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as SampleFigures from "../src/SampleFigures.ts"
import { counts, probe, sample, worker } from "./sampleFixture.ts"

const overview = {
  queues: [
    { queue: "idle", paused: false, counts: counts({ completed: 900 }) },
    { queue: "mail", paused: false, counts: counts({ available: 3, completed: 50, dead: 4 }) }
  ],
  workers: [
    worker({ queues: ["mail", "idle"], names: [], slots: { mail: 3, idle: 2 } }),
    worker({ queues: ["other"], names: [] })
  ]
}

const at = DateTime.makeUnsafe(0)

describe("SampleFigures", () => {
  it("take the queues with the most live jobs", () => {
    assert.deepStrictEqual(SampleFigures.queuesOf(overview), ["mail", "idle"])
    const many = Array.from({ length: 300 }, (_, n) => ({
      queue: `q${n}`,
      paused: false,
      counts: counts({ running: n })
    }))
    const taken = SampleFigures.queuesOf({ queues: many, workers: [] })
    assert.deepStrictEqual([taken.length, taken[0], taken.at(-1)], [200, "q299", "q100"])
  })

  it("count what ended by the growth of the counts, or by what was seen if that is more", () => {
    const previous = [{ ...sample({ counts: { completed: 30, dead: 9 } }), at }]
    const [mail] = SampleFigures.samplesOf(overview, [probe({ completed: 12, dead: 2 })], previous, 60_000)
    // The dead shrank by five: old ones were dropped.
    assert.deepInclude(mail, { completed: 20, dead: 2, cancelled: 0 })
    const [first] = SampleFigures.samplesOf(overview, [probe({ completed: 12 })], [], 60_000)
    assert.deepInclude(first, { completed: 12, dead: 0 })
  })

  it("sum up all queues, and the workers that serve one", () => {
    const [all, mail] = SampleFigures.samplesOf(overview, [probe({ queue: "" }), probe()], [], 60_000)
    assert.deepInclude(all, { counts: counts({ available: 3, completed: 950, dead: 4 }), workers: 2, slots: 10 })
    assert.deepInclude(mail, { counts: overview.queues[1]?.counts ?? counts(), workers: 1, slots: 3 })
  })
})
