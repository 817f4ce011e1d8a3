/**
 * Larger payloads: bulk enqueue, then drain.
 */
import * as Effect from "effect/Effect"
import type { Arena } from "../Arena.ts"
import * as Drain from "../Drain.ts"
import * as Sample from "../Sample.ts"
import type { Scenario } from "../Scenario.ts"
import { production } from "../Scenario.ts"
import { startWorkers } from "./drain.ts"

/** A size of payload, and how much of it is moved. */
interface Size {
  readonly kibibytes: number
  /** Jobs, as a share of those of the drain scenario. */
  readonly share: number
  readonly chunk: number
}

const run = Effect.fnUntraced(function*(arena: Arena, size: Size) {
  const count = Math.max(10, Math.round(arena.drainShare(arena.settings.jobs) * size.share))
  const worker = yield* arena.process
  const before = yield* arena.reading
  const plan = production(arena.settings, 0, count, { payloadBytes: size.kibibytes * 1024, chunk: size.chunk })
  const produced = yield* worker.request("enqueueBulk", plan)
  yield* startWorkers([worker], 0, count)
  const drained = yield* Drain.awaitDrained([worker], count)
  const after = yield* arena.reading
  yield* Drain.verify(0, count, yield* Drain.stop([worker]))
  const producedSeconds = (produced.endedAt - produced.startedAt) / 1000
  return Sample.make({
    jobs: count,
    seconds: producedSeconds + drained.seconds,
    clientMicros: produced.cpuMicros + drained.clientMicros,
    before,
    after,
    waits: null,
    notes: { "enqueue jobs/s": count / producedSeconds, "drain jobs/s": count / drained.seconds }
  })
})

const scenario = (size: Size): Scenario => ({
  name: `payload-${size.kibibytes}k`,
  title: `payload of ${size.kibibytes} KiB`,
  summary: () =>
    `bulk enqueue (${size.chunk} jobs a call), then drain; jobs/s of both together; text does not compress`,
  goal: "throughput",
  heavy: true,
  stores: ["postgres", "redis"],
  run: (arena) => run(arena, size)
})

export const payloadOne = scenario({ kibibytes: 1, share: 0.5, chunk: 500 })
export const payloadThirtyTwo = scenario({ kibibytes: 32, share: 0.05, chunk: 50 })
