import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import type { Arena } from "../src/Arena.ts"
import * as ContenderProcess from "../src/ContenderProcess.ts"
import type { Scenario } from "../src/Scenario.ts"
import { takesPart } from "../src/Scenario.ts"
import { backlogFinished, backlogScheduled } from "../src/scenarios/backlog.ts"
import { drainOne } from "../src/scenarios/drain.ts"
import { apiEnqueueOne, enqueueBulk, enqueueOne } from "../src/scenarios/enqueue.ts"
import { heldSnapshot } from "../src/scenarios/heldSnapshot.ts"
import { latency } from "../src/scenarios/latency.ts"
import { payloadOne } from "../src/scenarios/payload.ts"
import { tenants } from "../src/scenarios/tenants.ts"
import * as Settings from "../src/Settings.ts"
import { entry } from "./fixtures.ts"

const module = fileURLToPath(new URL("memoryContender.ts", import.meta.url))

const settings: Settings.Settings = {
  ...Settings.quick,
  jobs: 100,
  singleJobs: 20,
  latencyJobs: 3,
  tenants: 5,
  whaleJobs: 100,
  tenantSeconds: 0.5,
  churnSeconds: 1,
  churnWindowSeconds: 0.2
}

/** An arena around a contender in memory; what is wrong with it goes by the name of its host. */
const arena = (flaw: string): Arena => {
  const coldProcess = Effect.tap(
    ContenderProcess.spawn("memory", module),
    (process) =>
      process.request("open", {
        target: { postgresUrl: `memory://${flaw}`, redisUrl: undefined, slots: 10 },
        setup: true
      })
  )
  return {
    entry: entry({ name: "memory" }),
    settings,
    postgresUrl: "",
    drainShare: (jobs) => jobs,
    coldProcess,
    process: coldProcess,
    reading: Effect.succeed({ cpuSeconds: null, walBytes: null }),
    holdSnapshot: Effect.void
  }
}

const run = (scenario: Scenario, flaw = "none") => Effect.scoped(scenario.run(arena(flaw)))

/** Each scenario with the number of jobs that a sound contender moves in it; null where time decides. */
const sound: ReadonlyArray<readonly [Scenario, number | null]> = [
  [enqueueOne, 20],
  [enqueueBulk, 100],
  [drainOne, 100],
  [latency, 3],
  [backlogScheduled, 100],
  [backlogFinished, 100],
  [payloadOne, 50],
  [tenants, 125],
  [heldSnapshot, null]
]

describe("Scenario", () => {
  for (const [scenario, jobs] of sound) {
    it.live(`gives a sound contender its figures in ${scenario.name}`, () =>
      Effect.gen(function*() {
        const sample = yield* run(scenario)
        assert.isTrue(jobs === null ? sample.jobs > 0 : sample.jobs === jobs, `${sample.jobs} jobs`)
        assert.isAbove(sample.seconds, 0)
      }))
  }

  it.live("notes who is served beside the whale", () =>
    Effect.gen(function*() {
      const sample = yield* run(tenants)
      assert.strictEqual(sample.notes["small tenants served %"], 100)
    }))

  it.live("fails a contender that loses a job, though the number of executions is right", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(run(drainOne, "loses"))
      assert.strictEqual(failure.message, "verify: 1 jobs never ran, 1 jobs ran twice or more")
    }))

  it.live("fails a contender that runs a job twice", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(run(drainOne, "doubles"))
      assert.strictEqual(failure.message, "verify: 1 jobs ran twice or more")
      const inWindow = yield* Effect.flip(run(tenants, "doubles"))
      assert.include(inWindow.message, "1 jobs ran twice or more")
    }))

  it.live("fails a contender whose store does not hold what it accepted", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(run(enqueueBulk, "forgets"))
      assert.strictEqual(failure.message, "verify: 100 jobs were enqueued, 99 are stored")
    }))

  it.live("fails a contender whose process ends, and does not wait for it", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(run(drainOne, "crashes"))
      assert.include(failure.message, "ended")
    }))
})

describe("takesPart", () => {
  it("lets guests in where they are named, and nobody else there", () => {
    const guest = entry({ name: "millrace-api", guest: true })
    assert.isFalse(takesPart(enqueueOne, guest))
    assert.isTrue(takesPart(apiEnqueueOne, guest))
    assert.isTrue(takesPart(apiEnqueueOne, entry({ name: "millrace" })))
    assert.isFalse(takesPart(apiEnqueueOne, entry({ name: "pg-boss" })))
    assert.isTrue(takesPart(enqueueOne, entry({ name: "pg-boss" })))
  })
})
