/**
 * How long a single job waits on an idle worker.
 */
import * as Effect from "effect/Effect"
import type { Arena } from "../Arena.ts"
import * as Drain from "../Drain.ts"
import * as Sample from "../Sample.ts"
import type { Scenario } from "../Scenario.ts"
import * as Stopwatch from "../Stopwatch.ts"
import { startWorkers } from "./drain.ts"

const run = Effect.fnUntraced(function*(arena: Arena) {
  const { latencyJobs: count, payloadBytes } = arena.settings
  const process = yield* arena.process
  yield* startWorkers([process], 0, count)
  const before = yield* arena.reading
  const startedAt = Stopwatch.epochNow()
  const latencies = yield* process.request("latency", { from: 0, count, payloadBytes })
  const seconds = (Stopwatch.epochNow() - startedAt) / 1000
  yield* Drain.awaitSettled(process)
  const progress = yield* process.request("progress", null)
  const after = yield* arena.reading
  yield* Drain.verify(0, count, yield* Drain.stop([process]))
  return Sample.make({
    jobs: count,
    seconds,
    clientMicros: progress.cpuMicros,
    before,
    after,
    waits: latencies.fromCall,
    notes: {
      "p50 ms after enqueue returned": latencies.fromReturn.p50,
      "p99 ms after enqueue returned": latencies.fromReturn.p99
    }
  })
})

export const latency: Scenario = {
  name: "latency",
  title: "latency on an idle worker",
  summary: (settings) =>
    `${settings.latencyJobs} single jobs, 20-60 ms apart, producer and worker in one process; ` +
    "p50/p99: enqueue called to start",
  goal: "latency",
  heavy: false,
  stores: ["postgres", "redis"],
  run
}
