/**
 * Scenarios of producers: one job a call with many calls in flight, many jobs a call.
 */
import * as Effect from "effect/Effect"
import type { Arena } from "../Arena.ts"
import { BenchmarkFailed } from "../BenchmarkFailed.ts"
import type { ContenderProcess } from "../ContenderProcess.ts"
import type { Produced, Production } from "../Protocol.ts"
import * as Sample from "../Sample.ts"
import type { Scenario } from "../Scenario.ts"
import { production } from "../Scenario.ts"

/** Fails unless the store holds exactly the jobs that were enqueued. */
const verifyStored = Effect.fnUntraced(function*(producer: ContenderProcess, count: number) {
  const stored = yield* producer.request("unfinished", null)
  if (stored !== count) {
    return yield* new BenchmarkFailed({ step: "verify", detail: `${count} jobs were enqueued, ${stored} are stored` })
  }
})

const measure = Effect.fnUntraced(function*(
  arena: Arena,
  count: number,
  produce: (producer: ContenderProcess) => Effect.Effect<Produced, BenchmarkFailed>
) {
  const producer = yield* arena.process
  const before = yield* arena.reading
  const produced = yield* produce(producer)
  const after = yield* arena.reading
  yield* verifyStored(producer, count)
  return Sample.make({
    jobs: count,
    seconds: (produced.endedAt - produced.startedAt) / 1000,
    clientMicros: produced.cpuMicros,
    before,
    after,
    waits: produced.calls
  })
})

export const enqueueOne: Scenario = {
  name: "enqueue-one",
  title: "enqueue one",
  summary: (settings) => `one job a call, ${settings.inFlight} calls in flight; p50/p99: duration of a call`,
  goal: "throughput",
  heavy: false,
  stores: ["postgres", "redis"],
  run: (arena) => {
    const count = arena.settings.singleJobs
    const plan = production(arena.settings, 0, count, { inFlight: arena.settings.inFlight })
    return measure(arena, count, (producer) => producer.request("enqueueOne", plan))
  }
}

/** Bulk enqueue with a plan. */
const bulk = (arena: Arena, count: number, part: Partial<Production> = {}) =>
  measure(arena, count, (producer) => producer.request("enqueueBulk", production(arena.settings, 0, count, part)))

export const enqueueBulk: Scenario = {
  name: "enqueue-bulk",
  title: "enqueue bulk",
  summary: (settings) => `${settings.bulkChunk} jobs a call, one call in flight; p50/p99: duration of a call`,
  goal: "throughput",
  heavy: false,
  stores: ["postgres", "redis"],
  run: (arena) => bulk(arena, arena.settings.jobs)
}

/** The library call and the API, side by side. */
const contenders = ["millrace", "millrace-api"]

export const apiEnqueueOne: Scenario = {
  ...enqueueOne,
  name: "api-enqueue-one",
  title: "enqueue one, by library and by API",
  contenders
}

export const apiEnqueueBatch: Scenario = {
  ...enqueueBulk,
  name: "api-enqueue-batch",
  title: "enqueue bulk, by library and by API",
  contenders
}
