/**
 * Settling: what each outcome does, alone and in batches, and what is kept in the history.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { Outcome } from "@millrace/storage"
import { JobId, Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture
const at = (millis: number) => DateTime.makeUnsafe(Fixture.startMillis + millis)

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("settle", () => {
    describe("outcomes", () => endings(test))
    describe("giving back", () => givingBack(test))
    describe("batches", () => batches(test))
    describe("history", () => history(test))
  })
}

const endings = (test: Declare): void => {
  test("completes a job with its result", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* TestClock.adjust(2000)
      const result = { rows: [1, 2], text: "ü\"\\" }
      const fields = { startedAfterMillis: 500, endedAfterMillis: 2000 }
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed(result), fields), "Applied")
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "completed",
        result,
        error: null,
        attempt: 1,
        failures: 0,
        token: 1,
        workerId: "w1",
        startedAt: at(500),
        finishedAt: at(2000)
      })
    }))

  test("completes a job without a result", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.completed())
      assert.deepInclude(yield* Steps.get(claim.id), { state: "completed", result: null })
    }))

  test("forgets the failures of a job that completes, except in its history", () =>
    Effect.gen(function*() {
      yield* Steps.settle(yield* Steps.running(), outcomes.retried())
      const claim = yield* Steps.claimOne()
      yield* Steps.settle(claim, outcomes.completed())
      assert.deepInclude(yield* Steps.get(claim.id), { state: "completed", error: null, attempt: 2, failures: 1 })
      const attempts = yield* Steps.history(claim.id)
      assert.deepStrictEqual(attempts.map((attempt) => attempt.outcome), ["failed", "completed"])
    }))

  test("ends a cancelled job", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.cancelled())
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "cancelled",
        attempt: 1,
        failures: 0,
        finishedAt: at(0)
      })
      assert.strictEqual((yield* Steps.history(claim.id))[0]?.outcome, "cancelled")
    }))

  test("buries a job that failed for good", () =>
    Effect.gen(function*() {
      yield* Steps.settle(yield* Steps.running(), outcomes.retried(0, Fixture.failure("first")))
      const claim = yield* Steps.claimOne()
      yield* Steps.settle(claim, outcomes.dead(Fixture.failure("last")))
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "dead",
        error: Fixture.failure("last"),
        attempt: 2,
        failures: 2,
        crashes: 0,
        finishedAt: at(0)
      })
      assert.deepStrictEqual(
        (yield* Steps.history(claim.id)).map((attempt) => [attempt.outcome, attempt.error?.message]),
        [["failed", "first"], ["failed", "last"]]
      )
      assert.deepStrictEqual(yield* Steps.claim(), [])
    }))
}

const givingBack = (test: Declare): void => {
  test("retries a failed job after its delay, with one more failure", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* TestClock.adjust(1000)
      yield* Steps.settle(claim, outcomes.retried(5000), { endedAfterMillis: 1000 })
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "retryable",
        runAt: at(6000),
        error: Fixture.failure(),
        attempt: 1,
        failures: 1,
        workerId: null,
        startedAt: null,
        finishedAt: null
      })
      yield* TestClock.adjust(4999)
      assert.strictEqual((yield* Steps.promote()).count, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Steps.promote()).count, 1)
      assert.deepInclude(yield* Steps.claimOne(), { id: claim.id, attempt: 2, failures: 1, token: 2 })
    }))

  test("snoozes a job without spending an attempt", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.snoozed(5000))
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "scheduled",
        runAt: at(5000),
        error: null,
        attempt: 0,
        failures: 0
      })
      yield* TestClock.adjust(5000)
      yield* Steps.promote()
      assert.deepInclude(yield* Steps.claimOne(), { id: claim.id, attempt: 1, failures: 0, token: 2 })
    }))

  for (const outcome of [outcomes.retried(0), outcomes.snoozed(0), outcomes.released()]) {
    test(`makes a job ${outcome._tag.toLowerCase()} without delay available at once`, () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running()
        assert.strictEqual(yield* Steps.settle(claim, outcome), "Applied")
        const failures = outcome._tag === "Retried" ? 1 : 0
        assert.deepInclude(yield* Steps.get(claim.id), {
          state: "available",
          attempt: failures,
          failures,
          workerId: null
        })
        assert.strictEqual((yield* Steps.claimOne()).id, claim.id)
      }))
  }

  test("keeps the failures of a job that is released or snoozed later", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      yield* Steps.settle(first, outcomes.retried())
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.released())
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.snoozed())
      assert.deepInclude(yield* Steps.get(first.id), { attempt: 1, failures: 1, token: 3 })
    }))

  test("takes delays that no timer can hold", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      const decade = 10 * 365 * 86_400_000
      yield* Steps.settle(claim, outcomes.retried(decade))
      assert.deepInclude(yield* Steps.get(claim.id), { state: "retryable", runAt: at(decade) })
    }))
}

const settleAll = (settlements: ReadonlyArray<Outcome.Settlement>, workerId = "w1") =>
  Storage.Storage.use((storage) => storage.settle(workerId, settlements))

const batches = (test: Declare): void => {
  test("settles claims of several leases with any mix of outcomes", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...Array.from({ length: 12 }, () => ({})))
      const claims = [...(yield* Steps.claim({ limit: 6 })), ...(yield* Steps.claim({ limit: 6 }))]
      const ends = [
        outcomes.completed(1),
        outcomes.retried(1000),
        outcomes.snoozed(1000),
        outcomes.released(),
        outcomes.cancelled(),
        outcomes.dead()
      ]
      const results = yield* settleAll(
        claims.toReversed().map((claim, n) => Fixture.settlement(claim, ends[n % 6] ?? outcomes.released()))
      )
      assert.deepStrictEqual(results, claims.map(() => "Applied"))
      const states = yield* Effect.forEach(claims.toReversed(), (claim) => Steps.get(claim.id))
      const wanted = ["completed", "retryable", "scheduled", "available", "cancelled", "dead"]
      assert.deepStrictEqual(states.map((record) => record.state), [...wanted, ...wanted])
    }))

  test("settles a part of a lease and later the rest", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...Array.from({ length: 5 }, () => ({})))
      const claims = yield* Steps.claim({ limit: 5 })
      for (const claim of claims) {
        assert.strictEqual(yield* Steps.settle(claim, outcomes.completed(claim.id)), "Applied")
        assert.strictEqual((yield* Steps.get(claim.id)).result, claim.id)
      }
      assert.strictEqual((yield* Storage.Storage.use((storage) => storage.overview)).workers[0]?.running, 0)
    }))

  test("answers in the order of the input, each settlement for itself", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {})
      const claims = yield* Steps.claim()
      const [a, b, c] = claims.map((claim) => Fixture.settlement(claim, outcomes.completed()))
      const [x, y, z] = [a, b, c].map((settlement) => Steps.present(settlement, "a settlement"))
      const results = yield* settleAll([
        Steps.present(x, "x"),
        { ...Steps.present(y, "y"), token: 99 },
        { ...Steps.present(z, "z"), leaseId: "424242" },
        { ...Steps.present(z, "z"), id: JobId.makeUnsafe("9000000000000000000") }
      ])
      assert.deepStrictEqual(results, ["Applied", "LeaseLost", "LeaseLost", "LeaseLost"])
      const states = yield* Effect.forEach(claims, (claim) => Steps.get(claim.id))
      assert.deepStrictEqual(states.map((record) => record.state), ["completed", "running", "running"])
    }))

  test("takes an empty batch", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* settleAll([]), [])
    }))
}

const history = (test: Declare): void => {
  test("records each attempt once, oldest first, by the storage's clock", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      const { id } = claim
      yield* TestClock.adjust(10_000)
      yield* Steps.settle(
        claim,
        outcomes.retried(0, Fixture.failure("one")),
        { startedAfterMillis: 1000, endedAfterMillis: 9000 }
      )
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.snoozed(), { startedAfterMillis: 0, endedAfterMillis: 0 })
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.released(), { startedAfterMillis: null })
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.completed())
      const common = {
        workerId: "w1",
        claimedAt: at(10_000),
        startedAt: at(10_000),
        finishedAt: at(10_000),
        error: null
      }
      assert.deepStrictEqual(yield* Steps.history(id), [
        {
          attempt: 1,
          token: 1,
          workerId: "w1",
          claimedAt: at(0),
          startedAt: at(1000),
          finishedAt: at(9000),
          outcome: "failed",
          error: Fixture.failure("one")
        },
        { ...common, attempt: 2, token: 2, outcome: "snoozed" },
        { ...common, attempt: 2, token: 3, outcome: "released", startedAt: null },
        { ...common, attempt: 2, token: 4, outcome: "completed" }
      ])
    }))

  test("says that the handler of a settled attempt never started", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.cancelled(), { startedAfterMillis: null })
      assert.isNull((yield* Steps.get(claim.id)).startedAt)
      assert.isNull((yield* Steps.history(claim.id))[0]?.startedAt)
    }))

  test("knows nothing of a job that does not exist", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Steps.history(JobId.makeUnsafe("9000000000000000000")), [])
    }))
}
