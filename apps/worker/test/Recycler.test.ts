import { assert, describe, it } from "@effect/vitest"
import type { StuckHandler, WorkerHealth } from "@millrace/queue/Worker"
import type { JobId } from "@millrace/storage"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Recycler from "../src/Recycler.ts"

const healthy: WorkerHealth = {
  workerId: "w1",
  state: "running",
  queues: ["default"],
  names: [],
  capacity: 1,
  slots: [],
  running: 1,
  buffered: 0,
  settling: 0,
  leaseMillis: 1,
  stuck: [],
  failing: []
}

const stuck: Omit<StuckHandler, "sinceMillis"> = { id: "7" as JobId.JobId, name: "Report", reason: "timeout" }

/** A worker whose handler is stuck from the beginning. */
const worker = {
  health: Effect.map(Clock.currentTimeMillis, (now) => ({ ...healthy, stuck: [{ ...stuck, sinceMillis: now }] }))
}

describe("Recycler", () => {
  it.effect("F11: fails once a handler was stuck for too long, and names its job", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(Recycler.watch(worker, Duration.minutes(1))))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { job: "7", name: "Report" })
      assert.include(error.message, "Job 7")
    }))

  it.effect("leaves a worker alone that has nothing stuck", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Recycler.watch({ health: Effect.succeed(healthy) }, Duration.seconds(1)))
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    }))
})
