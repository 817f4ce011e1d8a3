/**
 * The overview and pruning.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import { JobState, Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture
const overview = Storage.Storage.use((storage) => storage.overview)
const prune = (policy: Storage.PrunePolicy) => Storage.Storage.use((storage) => storage.prune(policy))

const dayMillis = 86_400_000
const noJobs = Object.fromEntries(
  JobState.states.map((state) => [state, 0])
) as Storage.QueueCounts["counts"]

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("overview", () => counting(test))
  describe("prune", () => pruning(test))
}

const counting = (test: Declare): void => {
  test("is empty at first", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* overview, { queues: [], workers: [] })
    }))

  test("counts the jobs of each queue by state", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {}, {}, {}, {}, { delayMillis: 1000 }, { queue: "b" }, { queue: "a", delayMillis: 9 })
      const ends = [outcomes.completed(), outcomes.cancelled(), outcomes.dead(), outcomes.retried(1000)]
      for (const outcome of ends) yield* Steps.settle(yield* Steps.claimOne(), outcome)
      yield* Steps.claimOne()
      const { queues, workers } = yield* overview
      assert.deepStrictEqual(queues, [
        { queue: "a", paused: false, counts: { ...noJobs, scheduled: 1 } },
        { queue: "b", paused: false, counts: { ...noJobs, available: 1 } },
        {
          queue: "default",
          paused: false,
          counts: {
            ...noJobs,
            available: 1,
            scheduled: 1,
            running: 1,
            retryable: 1,
            completed: 1,
            cancelled: 1,
            dead: 1
          }
        }
      ])
      assert.deepStrictEqual(workers.map((worker) => [worker.id, worker.running]), [["w1", 1]])
    }))

  test("lists workers by name with the jobs they hold", () =>
    Effect.gen(function*() {
      yield* Steps.register("w2")
      yield* Steps.register("w1")
      yield* Steps.insert({}, {}, {})
      yield* Steps.claim({ workerId: "w2", limit: 2 })
      yield* Steps.claim({ workerId: "w2", limit: 1 })
      const { workers } = yield* overview
      assert.deepStrictEqual(workers.map((worker) => [worker.id, worker.running]), [["w1", 0], ["w2", 3]])
    }))

  test("keeps listing a worker whose lease ended until it is reclaimed", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* TestClock.adjust(Fixture.leaseMillis * 2)
      assert.lengthOf((yield* overview).workers, 1)
      yield* Steps.reclaim()
      assert.lengthOf((yield* overview).workers, 0)
    }))

  test("knows a paused queue that never had a job", () =>
    Effect.gen(function*() {
      yield* Steps.control("PauseQueue", "empty")
      assert.deepStrictEqual(
        (yield* overview).queues,
        [{ queue: "empty", paused: true, counts: { ...noJobs } }] as never
      )
      yield* Steps.control("ResumeQueue", "empty")
      assert.isFalse((yield* overview).queues.some((queue) => queue.paused))
    }))

  test("follows removals and redrives", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.dead())
      yield* Steps.transition([claim.id], "Retry")
      assert.deepInclude((yield* overview).queues[0]?.counts, { dead: 0, available: 1 })
      yield* Steps.transition([claim.id], "Remove")
      assert.isTrue((yield* overview).queues.every((queue) => queue.counts.available === 0))
    }))
}

const pruning = (test: Declare): void => {
  const keepNothing = { finishedMillis: 0, deadMillis: 0 }

  test("drops finished jobs of a past day with their history, and nothing that lives", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const ids = yield* Steps.insert(...Array.from({ length: 6 }, () => ({})), { delayMillis: 30 * dayMillis })
      const ends = [outcomes.completed(), outcomes.cancelled(), outcomes.dead(), outcomes.retried(30 * dayMillis)]
      for (const outcome of ends) yield* Steps.settle(yield* Steps.claimOne(), outcome)
      yield* Steps.claimOne()
      yield* TestClock.adjust(3 * dayMillis)
      yield* prune(keepNothing)
      assert.deepStrictEqual((yield* Steps.list({})).map((record) => record.id), ids.slice(3).toReversed())
      for (const id of ids.slice(0, 3)) assert.deepStrictEqual(yield* Steps.history(id), [])
      assert.lengthOf(yield* Steps.history(Steps.present(ids[3], "an id")), 1)
    }))

  test("keeps what finished a shorter time ago, finished and dead each by its own rule", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const [completed, dead] = yield* Steps.insert({}, {})
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.completed())
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.dead())
      yield* TestClock.adjust(3 * dayMillis)
      yield* prune({ finishedMillis: 3 * dayMillis + 1, deadMillis: 3 * dayMillis + 1 })
      assert.lengthOf(yield* Steps.list({}), 2)
      yield* prune({ finishedMillis: dayMillis, deadMillis: 30 * dayMillis })
      assert.deepStrictEqual((yield* Steps.list({})).map((record) => record.id), [dead])
      yield* prune({ finishedMillis: 30 * dayMillis, deadMillis: dayMillis })
      assert.deepStrictEqual(yield* Steps.list({}), [])
      assert.deepStrictEqual(yield* Steps.history(Steps.present(completed, "an id")), [])
    }))

  test("says how many jobs it dropped, or that it does not know", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {})
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.completed())
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.completed())
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.dead())
      yield* TestClock.adjust(3 * dayMillis)
      const pruned = yield* prune(keepNothing)
      assert.include([-1, 2], pruned.finished)
      assert.include([-1, 1], pruned.dead)
      assert.deepInclude((yield* overview).queues[0]?.counts ?? noJobs, { completed: 0, dead: 0 })
    }))

  test("finds nothing to drop twice", () =>
    Effect.gen(function*() {
      yield* Steps.settle(yield* Steps.running(), outcomes.dead())
      yield* TestClock.adjust(3 * dayMillis)
      yield* prune(keepNothing)
      const pruned = yield* prune(keepNothing)
      assert.include([-1, 0], pruned.finished)
      assert.include([-1, 0], pruned.dead)
    }))

  test("goes on storing what finishes on later days", () =>
    Effect.gen(function*() {
      for (let day = 0; day < 4; day++) {
        yield* prune({ finishedMillis: 7 * dayMillis, deadMillis: 7 * dayMillis })
        yield* Steps.settle(yield* Steps.running({}, `w${day}`), outcomes.completed(day), { workerId: `w${day}` })
        yield* TestClock.adjust(dayMillis)
      }
      assert.deepStrictEqual((yield* Steps.list({})).map((record) => record.result), [3, 2, 1, 0])
      const ids = (yield* Steps.list({})).map((record) => record.id)
      for (const id of ids) assert.lengthOf(yield* Steps.history(id), 1)
    }))
}
