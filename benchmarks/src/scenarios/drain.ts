/**
 * Scenarios of workers: a backlog of no-op jobs is worked off by one process, by two, and while producing goes on.
 */
import * as Effect from "effect/Effect"
import type { Arena } from "../Arena.ts"
import type { ContenderProcess } from "../ContenderProcess.ts"
import * as Drain from "../Drain.ts"
import type { Production } from "../Protocol.ts"
import * as Sample from "../Sample.ts"
import type { Scenario } from "../Scenario.ts"
import { production } from "../Scenario.ts"

/** Starts a worker in each process. */
export const startWorkers = (workers: ReadonlyArray<ContenderProcess>, from: number, count: number) =>
  Effect.forEach(workers, (worker) => worker.request("work", { from, count }), { concurrency: "unbounded" })

/** Works off the jobs 0 to `count - 1`, which lie in the store, and proves it. */
export const drainPrepared = Effect.fnUntraced(function*(
  arena: Arena,
  workers: ReadonlyArray<ContenderProcess>,
  count: number
) {
  const before = yield* arena.reading
  yield* startWorkers(workers, 0, count)
  const drained = yield* Drain.awaitDrained(workers, count)
  const after = yield* arena.reading
  const reports = yield* Drain.stop(workers)
  yield* Drain.verify(0, count, reports)
  return Sample.make({
    jobs: count,
    seconds: drained.seconds,
    clientMicros: drained.clientMicros,
    before,
    after,
    waits: null
  })
})

/** Lays a backlog of `count` jobs and works it off with `processes` processes. */
const drain = Effect.fnUntraced(function*(
  arena: Arena,
  processes: number,
  count: number,
  part: Partial<Production> = {}
) {
  const workers = yield* Effect.replicateEffect(arena.process, processes)
  const [first] = workers
  if (first !== undefined) yield* first.request("enqueueBulk", production(arena.settings, 0, count, part))
  return yield* drainPrepared(arena, workers, count)
})

const scenario = (processes: number): Scenario => ({
  name: `drain-${processes}`,
  title: processes === 1 ? "drain, 1 process" : `drain, ${processes} processes`,
  summary: (settings) =>
    `prefilled no-op jobs, ${settings.slots} slots a process; from the start of the first job until the store holds none`,
  goal: "throughput",
  heavy: false,
  stores: ["postgres", "redis"],
  run: (arena) => drain(arena, processes, arena.drainShare(arena.settings.jobs))
})

export const drainOne = scenario(1)
export const drainTwo = scenario(2)

/** A producer process and a worker process at the same time. */
const endToEndRun = Effect.fnUntraced(function*(arena: Arena) {
  const count = arena.drainShare(arena.settings.jobs)
  const producer = yield* arena.process
  const worker = yield* arena.process
  const before = yield* arena.reading
  yield* startWorkers([worker], 0, count)
  const plan = production(arena.settings, 0, count, { chunk: 100, inFlight: 2 })
  const [produced, drained] = yield* Effect.all([
    producer.request("enqueueBulk", plan),
    Drain.awaitDrained([worker], count)
  ], { concurrency: "unbounded" })
  const after = yield* arena.reading
  const reports = yield* Drain.stop([worker])
  yield* Drain.verify(0, count, reports)
  return Sample.make({
    jobs: count,
    seconds: (drained.settledAt - produced.startedAt) / 1000,
    clientMicros: produced.cpuMicros + drained.clientMicros,
    before,
    after,
    waits: reports[0]?.waits ?? null
  })
})

export const endToEnd: Scenario = {
  name: "end-to-end",
  title: "end to end",
  summary: (settings) =>
    `a producer (100 jobs a call, 2 in flight) and a worker (${settings.slots} slots) at the same time; ` +
    "p50/p99: enqueue call to start",
  goal: "throughput",
  heavy: false,
  stores: ["postgres", "redis"],
  run: endToEndRun
}
