import { assert, describe, it } from "@effect/vitest"
import { JobState } from "@millrace/storage"
import type { Alert, Sample, Storage, WorkerRecord } from "@millrace/storage"
import { DateTime } from "effect"
import * as StatsView from "../src/StatsView.ts"

const at = DateTime.makeUnsafe(0)

const counts = (given: Partial<Storage.QueueCounts["counts"]>): Storage.QueueCounts["counts"] => ({
  ...(Object.fromEntries(JobState.states.map((state) => [state, 0])) as Storage.QueueCounts["counts"]),
  ...given
})

const spread = { mean: 1.5, p50: 1, p95: 2, p99: 3 }

const sample: Sample.Sample = {
  at,
  queue: "",
  spanMillis: 60_000,
  counts: counts({ available: 2 }),
  oldestWaitingMillis: 5,
  longestRunningMillis: null,
  completed: 3,
  cancelled: 0,
  dead: 1,
  waits: spread,
  runs: null,
  workers: 1,
  slots: 10
}

const worker = (running: number, expires: number, names: ReadonlyArray<string>): WorkerRecord.WorkerRecord => ({
  id: "w",
  info: { host: "h", pid: 1, release: "1", queues: ["a", "b"], names, concurrency: 5 },
  startedAt: at,
  renewedAt: at,
  expiresAt: DateTime.makeUnsafe(expires),
  running
})

const overview: Storage.Overview = {
  queues: [{ queue: "a", paused: true, counts: counts({ available: 2, completed: 7 }) }],
  workers: [worker(4, 10, ["B", "A"]), worker(0, 10, ["A"]), worker(0, 1, ["Gone"])]
}

describe("StatsView", () => {
  it("shows the fleet: slots that are free, names that are served, and the newest sample", () => {
    const health = StatsView.healthOf(overview, sample, { alerts: 2, now: DateTime.makeUnsafe(5) })
    assert.deepInclude(health, {
      total: 9,
      queues: { total: 1, paused: 1 },
      workers: { total: 3, active: 1, idle: 2, slots: 15, running: 4, idleSlots: 11 },
      types: ["A", "B"],
      alerts: 2,
      sampledAt: at,
      ended: { spanMillis: 60_000, completed: 3, cancelled: 0, dead: 1 },
      waits: spread,
      runs: null
    })
  })

  it("shows null for what was never sampled", () => {
    const health = StatsView.healthOf({ queues: [], workers: [] }, undefined, { alerts: 0, now: at })
    assert.deepInclude(health, { total: 0, types: [], sampledAt: null, ended: null, waits: null, runs: null })
  })

  it("shows a sample without its queue, and an alert without an empty name", () => {
    assert.notProperty(StatsView.fromSample(sample), "queue")
    const alert: Alert.Alert = {
      id: "7",
      rule: "depth",
      queue: "mail",
      name: "",
      state: "firing",
      value: 3,
      threshold: 2,
      since: at,
      resolvedAt: null
    }
    assert.deepStrictEqual(StatsView.fromAlert(alert), { ...alert, name: null })
    assert.strictEqual(StatsView.fromAlert({ ...alert, name: "Digest" }).name, "Digest")
  })
})
