import { assert, describe, it } from "@effect/vitest"
import { JobState } from "@millrace/storage"
import { DateTime, Schema } from "effect"
import * as QueueView from "../src/QueueView.ts"

const at = DateTime.makeUnsafe("2026-11-22T08:00:00Z")

const counts = (some: Partial<QueueView.StateCounts>): QueueView.StateCounts =>
  ({ ...Object.fromEntries(JobState.states.map((state) => [state, 0])), ...some }) as QueueView.StateCounts

const worker = (id: string, running: number, concurrency: number, queues: ReadonlyArray<string>) => ({
  id,
  info: { host: "h", pid: 7, release: "1", queues, names: ["Echo"], concurrency },
  startedAt: at,
  renewedAt: at,
  expiresAt: at,
  running
})

describe("QueueView", () => {
  it("shows a worker with instants as text", () => {
    const shown = Schema.encodeSync(Schema.toCodecJson(QueueView.WorkerView))(
      QueueView.fromWorker(worker("w1", 2, 10, ["a"]))
    )
    assert.deepInclude(shown, {
      id: "w1",
      host: "h",
      pid: 7,
      running: 2,
      slots: null,
      expiresAt: "2026-11-22T08:00:00.000Z"
    })
  })

  it("sums up queues and workers", () => {
    const stats = QueueView.summarize({
      queues: [
        { queue: "a", paused: false, counts: counts({ available: 2, dead: 1 }) },
        { queue: "b", paused: true, counts: counts({ available: 3 }) }
      ],
      workers: [worker("w1", 2, 10, ["a", "b"]), worker("w2", 0, 5, ["a"])]
    })
    assert.deepStrictEqual(stats, {
      jobs: counts({ available: 5, dead: 1 }),
      queues: { total: 2, paused: 1 },
      workers: { total: 2, active: 1, idle: 1, slots: 15, running: 2 }
    })
  })

  it("counts nothing where nothing is", () => {
    assert.deepStrictEqual(QueueView.summarize({ queues: [], workers: [] }).jobs, counts({}))
  })
})
