import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as MemoryStorage from "../src/MemoryStorage.ts"
import type { NewJob } from "../src/NewJob.ts"

const job = (fields: Partial<NewJob> = {}): NewJob => ({
  name: "SendMail",
  version: 1,
  queue: "default",
  tenant: "",
  priority: 50,
  payload: {},
  delayMillis: 0,
  runAt: null,
  ttlMillis: null,
  maxAttempts: 3,
  timeoutMillis: null,
  retry: null,
  unique: null,
  debounce: null,
  limits: [],
  tags: [],
  ...fields
})

const info = { host: "h", pid: 1, release: "r", queues: ["default"], names: ["SendMail"], concurrency: 1 }

describe("MemoryStorage", () => {
  it.effect("shares no object with its callers", () =>
    Effect.gen(function*() {
      const storage = yield* MemoryStorage.make()
      const payload = { list: [1] }
      yield* storage.insert([job({ payload })])
      payload.list.push(2)
      const first = (yield* storage.list({})).items[0]
      assert.deepStrictEqual(first?.payload, { list: [1] })
      Object.assign(first?.payload ?? {}, { list: [] })
      assert.deepStrictEqual((yield* storage.list({})).items[0]?.payload, { list: [1] })
    }))

  it.effect("handles ten thousand jobs in batches without growing slow", () =>
    Effect.gen(function*() {
      const storage = yield* MemoryStorage.make()
      yield* storage.renew({ _tag: "Register", workerId: "w", leaseMillis: 60_000, info })
      yield* storage.insert(Array.from({ length: 10_000 }, (_, n) => job({ tenant: `t${n % 100}` })))
      let settled = 0
      while (true) {
        const claims = yield* storage.claim({
          workerId: "w",
          queue: "default",
          handles: [{ name: "SendMail", versionMin: 1, versionMax: 1 }],
          limit: 10,
          perTenant: 2
        })
        if (claims.length === 0) break
        const results = yield* storage.settle(
          "w",
          claims.map((claim) => ({
            ...claim,
            outcome: { _tag: "Completed", result: null },
            startedAfterMillis: 0,
            endedAfterMillis: 0
          }))
        )
        settled += results.filter((result) => result === "Applied").length
      }
      assert.strictEqual(settled, 10_000)
      assert.strictEqual((yield* storage.overview).queues[0]?.counts.completed, 10_000)
    }))

  it.effect("lets a caller choose among the claimable jobs", () =>
    Effect.gen(function*() {
      const storage = yield* MemoryStorage.make({ choose: (_, candidates) => candidates.slice(-1).map((c) => c.id) })
      yield* storage.renew({ _tag: "Register", workerId: "w", leaseMillis: 60_000, info })
      const [, second] = yield* storage.insert([job({ priority: 1 }), job({ priority: 2 })])
      const claims = yield* storage.claim({
        workerId: "w",
        queue: "default",
        handles: [{ name: "SendMail", versionMin: 1, versionMax: 1 }],
        limit: 1,
        perTenant: 1
      })
      assert.deepStrictEqual(claims.map((claim) => claim.id), [second?.id])
    }))

  it.effect("tells of a scheduled job only when it is due earlier than those known before", () =>
    Effect.gen(function*() {
      const storage = yield* MemoryStorage.make()
      const fiber = yield* storage.events.pipe(Stream.take(5), Stream.runCollect, Effect.forkChild)
      yield* Effect.yieldNow
      for (const delayMillis of [5000, 6000, 4000]) yield* storage.insert([job({ delayMillis })])
      yield* TestClock.adjust(4000)
      yield* storage.promote({ limit: 1 })
      yield* storage.insert([job({ delayMillis: 500 })])
      const tags = (yield* Fiber.join(fiber)).map((event) => event._tag)
      assert.deepStrictEqual(tags, ["Connected", "Scheduled", "Scheduled", "Available", "Scheduled"])
    }))

  it.effect("publishes one hint for a batch", () =>
    Effect.gen(function*() {
      const storage = yield* MemoryStorage.make()
      const fiber = yield* storage.events.pipe(Stream.take(3), Stream.runCollect, Effect.forkChild)
      yield* Effect.yieldNow
      yield* storage.insert([job(), job(), job({ delayMillis: 1 })])
      const events = yield* Fiber.join(fiber)
      assert.deepStrictEqual(events, [
        { _tag: "Connected" },
        { _tag: "Available", queue: "default" },
        { _tag: "Scheduled" }
      ])
    }))
})
