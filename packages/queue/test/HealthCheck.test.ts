import { assert, describe, it } from "@effect/vitest"
import { ConnectionPool, MemorySampleStorage, MemoryStorage } from "@millrace/storage"
import { Effect, Layer } from "effect"
import * as HealthCheck from "../src/HealthCheck.ts"
import * as Job from "../src/Job.ts"
import * as Queue from "../src/Queue.ts"
import * as Worker from "../src/Worker.ts"

const Quick = Job.make("Quick", { payload: {} })
const Slow = Job.make("Slow", { payload: {}, queue: "slow" })

const pool = { max: 10, total: 2, idle: 1, waiting: 0, waited: 0 }

const program = Layer.merge(Quick.toLayer(() => Effect.void), Slow.toLayer(() => Effect.never)).pipe(
  Layer.provideMerge([
    Queue.layer,
    Worker.layer({ queues: { default: { concurrency: 3 }, slow: { concurrency: 2 } }, graceDuration: 0 })
  ])
)

describe("HealthCheck", () => {
  it.live("tells of workers, jobs by state, types, durations and the pool", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const done = yield* Effect.forEach([1, 2, 3], () => Quick.enqueue({}))
      yield* Slow.enqueue({})
      yield* Effect.forEach(done, ({ id }) => queue.awaitFinished(id))
      const isSlowRunning = Effect.map(queue.overview, ({ workers }) => workers[0]?.running === 1)
      yield* Effect.repeat(isSlowRunning, { until: (isRunning) => isRunning })
      const health = yield* HealthCheck.check()
      assert.deepInclude(health, { total: 4, types: ["Quick", "Slow"], pool })
      assert.deepInclude(health.jobs, { completed: 3, running: 1, available: 0 })
      assert.deepStrictEqual(health.workers, { total: 1, active: 1, idle: 0, slots: 5, running: 1, idleSlots: 4 })
      assert.deepStrictEqual(health.ended, { spanMillis: 60_000, completed: 3, cancelled: 0, dead: 0 })
      for (const spread of [health.waits, health.runs]) {
        assert(spread !== null)
        assert.isAtLeast(spread.mean, 0)
        assert.isTrue(spread.p50 <= spread.p95 && spread.p95 <= spread.p99)
      }
      assert.strictEqual((yield* HealthCheck.check({ window: "5 minutes" })).ended?.spanMillis, 300_000)
    }).pipe(Effect.provide(program.pipe(
      Layer.provideMerge(MemorySampleStorage.layer),
      Layer.provideMerge(MemoryStorage.layer),
      Layer.provideMerge(Layer.succeed(ConnectionPool.ConnectionPool, Effect.succeed(pool)))
    ))), 30_000)

  it.live("knows no durations without samples, and no pool where there is none", () =>
    Effect.gen(function*() {
      const health = yield* HealthCheck.check()
      assert.deepInclude(health, { total: 0, ended: null, waits: null, runs: null, pool: null })
    }).pipe(Effect.provide(Queue.layer.pipe(Layer.provide(MemoryStorage.layer)))))
})
