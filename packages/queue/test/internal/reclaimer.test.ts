import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Reclaimer from "../../src/internal/reclaimer.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const Work = Job.make("Work", { payload: {} })

describe("reclaimer", () => {
  it.effect("F01: runs the job of a worker that died within 15 seconds elsewhere, as a crash and no failure", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const info = { host: "h", pid: 1, release: "", queues: ["default"], names: ["Work"], concurrency: 1 }
      yield* storage.inner.renew({ _tag: "Register", workerId: "gone/1", leaseMillis: 12_000, info })
      const { id } = yield* Work.enqueue({})
      yield* storage.inner.claim({
        workerId: "gone/1",
        queue: "default",
        handles: [{ name: "Work", versionMin: 1, versionMax: 1 }],
        limit: 1,
        perTenant: 1
      })
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* TestWorker.pass(13_500)
      // Taken back; run alone after a random delay of up to a third of a lease.
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).crashes, 1)
      yield* TestWorker.pass(9_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "completed")
      assert.deepStrictEqual([record.failures, record.crashes], [0, 1])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("looks every third of a lease while nobody is about to be lost", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* TestClock.adjust("60 seconds")
      assert.isAtLeast(storage.count("reclaim"), 60 / 4.8)
      assert.isAtMost(storage.count("reclaim"), 60 / 3.2 + 1)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("looks at the instant at which another worker's lease ends", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const info = { host: "h", pid: 1, release: "", queues: ["default"], names: ["Work"], concurrency: 1 }
      yield* storage.inner.renew({ _tag: "Register", workerId: "gone/1", leaseMillis: 25_000, info })
      yield* TestWorker.start(Work.toLayer(() => Effect.void))
      yield* TestClock.adjust("24990 millis")
      assert.strictEqual((yield* storage.inner.overview).workers.length, 2)
      yield* TestClock.adjust("20 millis")
      yield* TestWorker.settle
      assert.strictEqual((yield* storage.inner.overview).workers.length, 1)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("looks often enough for leases that are short", () =>
    Effect.sync(() => {
      assert.strictEqual(Reclaimer.pauseBetween(12_000), 4_000)
      assert.strictEqual(Reclaimer.pauseBetween(600_000), 4_000)
      assert.strictEqual(Reclaimer.pauseBetween(1_500), 500)
    }))
})
