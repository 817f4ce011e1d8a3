/**
 * Releases: what many parents, and many that look after them at the same time, may not change.
 *
 * Parents run in the queue `default`, and what waits for them lies in `children`.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { JobId, NewJob } from "@millrace/storage"
import { Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture

const nothing: Storage.Promoted = { count: 0, queues: [], nextDueMillis: null }

const child = (parents: ReadonlyArray<JobId.JobId>, job: Partial<NewJob.NewJob> = {}) =>
  Steps.insertOne({ queue: "children", parents, ...job })

const stateOf = (id: JobId.JobId) => Effect.map(Steps.get(id), (job) => job.state)

const countsOf = (queue: string) =>
  Storage.Storage.use((storage) =>
    Effect.map(storage.overview, ({ queues }) => {
      const counts = Object.entries(queues.find((one) => one.queue === queue)?.counts ?? {})
      return Object.fromEntries(counts.filter(([, count]) => count !== 0))
    })
  )

/** Promotes until nothing is scheduled or pending any more, as workers do in the course of time. */
const promoteAll = (callsMax: number) =>
  Effect.gen(function*() {
    let count = 0
    for (let calls = 0; calls < callsMax; calls++) {
      const promoted = yield* Steps.promote()
      count += promoted.count
      if (promoted.nextDueMillis === null) break
    }
    return count
  })

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("parents and their release", () => {
    declareMany(test)
    declareRaces(test)
  })
}

const declareMany = (test: Declare): void => {
  test("let thousands of jobs go on that wait for one", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.running()
      for (let n = 0; n < 3; n++) {
        yield* Steps.insert(...Array.from({ length: 1000 }, () => ({ queue: "children", parents: [parent.id] })))
      }
      yield* Steps.settle(parent, outcomes.completed())
      assert.strictEqual(yield* promoteAll(10), 3000)
      assert.deepStrictEqual(yield* countsOf("children"), { available: 3000 })
    }))

  test("that are thousands are all looked after", () =>
    Effect.gen(function*() {
      const parents: Array<JobId.JobId> = []
      for (let n = 0; n < 3; n++) {
        const some = yield* Steps.insert(...Array.from({ length: 1000 }, () => ({ queue: "parents" })))
        parents.push(...some)
        yield* Steps.insert(...some.map((parent) => ({ queue: "children", parents: [parent] })))
      }
      const first = parents.slice(0, 1)
      const last = parents.slice(-1)
      for (const some of [last, first]) {
        yield* Steps.transition(some, "Cancel")
        for (let calls = 0; calls < 6; calls++) yield* Steps.promote()
      }
      assert.deepStrictEqual(yield* countsOf("children"), { pending: 2998, cancelled: 2 })
    }))
}

const declareRaces = (test: Declare): void => {
  test("that end while a job is inserted are noticed", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const ids: Array<JobId.JobId> = []
      for (let round = 0; round < 20; round++) {
        yield* Steps.insertOne()
        const claim = yield* Steps.claimOne()
        const [id] = yield* Effect.all(
          [child([claim.id]), Steps.settle(claim, outcomes.completed()), Steps.promote()],
          {
            concurrency: "unbounded"
          }
        )
        ids.push(id)
      }
      yield* promoteAll(5)
      assert.deepStrictEqual(yield* Effect.forEach(ids, stateOf), ids.map(() => "available"))
    }))

  test("that end at the same time let a job go on once, whoever promotes", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const rounds = 20
      for (let round = 0; round < rounds; round++) {
        yield* Steps.insert({}, {}, {})
        const claims = yield* Steps.claim()
        yield* child(claims.map((claim) => claim.id))
        yield* Effect.forEach(
          claims,
          (claim) => Effect.andThen(Steps.settle(claim, outcomes.completed()), Steps.promote()),
          { concurrency: "unbounded" }
        )
      }
      yield* promoteAll(5)
      assert.deepStrictEqual(yield* countsOf("children"), { available: rounds })
      assert.lengthOf(yield* Steps.list({ queues: ["children"], states: ["available"], limit: 1000 }), rounds)
    }))

  test("and a cancel: one end", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      for (let round = 0; round < 20; round++) {
        yield* Steps.insertOne()
        const claim = yield* Steps.claimOne()
        const id = yield* child([claim.id])
        yield* Steps.settle(claim, outcomes.completed())
        yield* Effect.all([Steps.promote(), Steps.transition([id], "Cancel")], { concurrency: "unbounded" })
        assert.strictEqual(yield* stateOf(id), "cancelled")
      }
      assert.deepStrictEqual(yield* countsOf("children"), { cancelled: 20 })
      assert.deepStrictEqual(yield* Steps.promote(), nothing)
    }))
}
