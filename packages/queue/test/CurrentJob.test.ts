import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, Ref } from "effect"
import type * as CurrentJob from "../src/CurrentJob.ts"
import * as Job from "../src/Job.ts"
import * as TestWorker from "./TestWorker.ts"

const { settle } = TestWorker

describe("CurrentJob", () => {
  it.effect("tells all about the attempt", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<CurrentJob.Info | null>(null)
      const times = yield* Ref.make<ReadonlyArray<number>>([])
      const Work = Job.make("Work", { payload: {}, timeout: "30 seconds", queue: "q" })
      yield* TestWorker.start(
        Work.toLayer((_, job) =>
          Effect.gen(function*() {
            const now = yield* Clock.currentTimeMillis
            yield* Ref.set(seen, job)
            yield* Ref.set(times, [now, DateTime.toEpochMillis(job.deadline ?? DateTime.makeUnsafe(0))])
          })
        ),
        { queues: ["q"] }
      )
      yield* settle
      const created = yield* Clock.currentTimeMillis
      const { id } = yield* Work.enqueue({}, { tenant: "shop", tags: ["a"], maxAttempts: 4 })
      yield* settle
      const job = yield* Ref.get(seen)
      if (job === null) return assert.fail("the handler did not run")
      assert.strictEqual(job.id, id)
      assert.deepStrictEqual(
        [job.name, job.queue, job.tenant, job.attempt, job.maxAttempts, job.token],
        ["Work", "q", "shop", 1, 4, 1]
      )
      assert.deepStrictEqual(job.tags, ["a"])
      assert.isAtLeast(job.leaseId.length, 1)
      assert.strictEqual(DateTime.toEpochMillis(job.createdAt), created)
      const [start = 0, deadline = 0] = yield* Ref.get(times)
      assert.strictEqual(deadline - start, 30_000)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("gives a higher token to every attempt, for outside fences", () =>
    Effect.gen(function*() {
      const tokens = yield* Ref.make<ReadonlyArray<number>>([])
      const Work = Job.make("Work", { payload: {} })
      yield* TestWorker.start(
        Work.toLayer((_, job) =>
          Effect.gen(function*() {
            const all = yield* Ref.updateAndGet(tokens, (before) => [...before, job.token])
            if (all.length < 3) return yield* Job.snooze("1 second")
          })
        )
      )
      yield* Work.enqueue({})
      yield* TestWorker.pass(5_000)
      assert.deepStrictEqual(yield* Ref.get(tokens), [1, 2, 3])
    }).pipe(Effect.provide(TestWorker.layer())))
})
