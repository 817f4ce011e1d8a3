import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { Attempt } from "@millrace/storage/Attempt"
import { DateTime, Effect } from "effect"
import * as Elapsed from "../../src/internal/elapsed.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const at = (millis: number) => DateTime.makeUnsafe(millis)

const attempt = (number: number, claimedAt: number, startedAt: number | null = claimedAt): Attempt => ({
  attempt: number,
  token: claimedAt,
  workerId: "w",
  claimedAt: at(claimedAt),
  startedAt: startedAt === null ? null : at(startedAt),
  finishedAt: null,
  outcome: "failed",
  error: null
})

describe("elapsed", () => {
  it("counts from the start of the first attempt to now, in the storage's time", () => {
    assert.strictEqual(Elapsed.fromAttempts([attempt(1, 100, 120), attempt(2, 1_000)], 30), 910)
    assert.strictEqual(Elapsed.fromAttempts([], 30), 30)
  })

  it("leaves out attempts that never started, and those before a redrive", () => {
    assert.strictEqual(Elapsed.fromAttempts([attempt(1, 100, null), attempt(1, 500), attempt(2, 1_000)], 0), 500)
    const redriven = [attempt(1, 100), attempt(2, 200), attempt(1, 5_000), attempt(1, 5_100), attempt(2, 6_000)]
    assert.strictEqual(Elapsed.fromAttempts(redriven, 0), 1_000)
  })

  it.effect("ends retries by maxElapsed, wherever the job waited before its first attempt", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Work = Job.make("Work", {
        payload: {},
        retry: RetryPolicy.fixed("10 seconds", { maxElapsed: "25 seconds", maxAttempts: 100 })
      })
      yield* TestWorker.start(Work.toLayer(() => Effect.die("no")))
      const { id } = yield* Work.enqueue({}, { delay: "1 hour" })
      yield* TestWorker.pass(3_600_000)
      yield* TestWorker.pass(60_000)
      const record = yield* Queue.Queue.use((queue) => queue.get(id))
      assert.strictEqual(record.state, "dead")
      // At 0, 10 and 20 seconds; the next would start after 30.
      assert.strictEqual(record.failures, 3)
      // The first failure needs no history.
      assert.strictEqual(storage.count("history"), 2)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("asks for no history when the policy does not need it", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Work = Job.make("Work", { payload: {}, retry: RetryPolicy.fixed("1 second", { maxAttempts: 3 }) })
      yield* TestWorker.start(Work.toLayer(() => Effect.die("no")))
      yield* Work.enqueue({})
      yield* TestWorker.pass(10_000)
      assert.strictEqual(storage.count("history"), 0)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("goes on retrying when the history can not be read", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Work = Job.make("Work", {
        payload: {},
        retry: RetryPolicy.fixed("1 second", { maxElapsed: "1 day", maxAttempts: 3 })
      })
      storage.fault("history", "fail", Infinity)
      yield* TestWorker.start(Work.toLayer(() => Effect.die("no")))
      const { id } = yield* Work.enqueue({})
      yield* TestWorker.pass(10_000)
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).failures, 3)
    }).pipe(Effect.provide(TestWorker.layer())))
})
