import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as FleetHealth from "../src/FleetHealth.ts"
import * as JobState from "../src/JobState.ts"
import type { Overview } from "../src/Storage.ts"
import type { WorkerRecord } from "../src/WorkerRecord.ts"

const at = DateTime.makeUnsafe(0)

const counts = (given: Partial<FleetHealth.Totals["jobs"]>): FleetHealth.Totals["jobs"] => ({
  ...(Object.fromEntries(JobState.states.map((state) => [state, 0])) as FleetHealth.Totals["jobs"]),
  ...given
})

const worker = (running: number, expiresMillis: number, names: ReadonlyArray<string>): WorkerRecord => ({
  id: "w",
  // Slots of both queues together.
  info: { host: "h", pid: 1, release: "1", queues: ["a", "b"], names, concurrency: 5, slots: { a: 3, b: 2 } },
  startedAt: at,
  renewedAt: at,
  expiresAt: DateTime.makeUnsafe(expiresMillis),
  running
})

const overview: Overview = {
  queues: [
    { queue: "a", paused: true, counts: counts({ available: 2, completed: 7 }) },
    { queue: "b", paused: false, counts: counts({ running: 4 }) }
  ],
  workers: [worker(4, 10, ["B", "A"]), worker(0, 10, ["A"]), worker(0, 1, ["Gone"])]
}

describe("FleetHealth", () => {
  it("sums up jobs, queues and workers, each slot once", () => {
    assert.deepStrictEqual(FleetHealth.totalsOf(overview), {
      jobs: counts({ available: 2, running: 4, completed: 7 }),
      queues: { total: 2, paused: 1 },
      workers: { total: 3, active: 1, idle: 2, slots: 15, running: 4 }
    })
  })

  it("tells what live workers serve, how many slots are free, and how jobs fared lately", () => {
    const spread = { mean: 2, p50: 1, p95: 3, p99: 4 }
    const recent = { spanMillis: 60_000, completed: 3, cancelled: 1, dead: 2, waits: spread, runs: null }
    const health = FleetHealth.of(overview, recent, DateTime.makeUnsafe(5))
    assert.deepInclude(health, {
      total: 13,
      types: ["A", "B"],
      ended: { spanMillis: 60_000, completed: 3, cancelled: 1, dead: 2 },
      waits: spread,
      runs: null
    })
    assert.strictEqual(health.workers.idleSlots, 11)
  })

  it("knows nothing lately where nobody looked, and nothing where nothing is", () => {
    const health = FleetHealth.of({ queues: [], workers: [] }, null, at)
    assert.deepInclude(health, { total: 0, types: [], ended: null, waits: null, runs: null })
    assert.deepStrictEqual(health.jobs, counts({}))
  })
})
