/**
 * The fence of worker writes: what zombies say changes nothing, what is repeated happens once.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { Claim, Outcome } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("fence", () => fences(test))
}

const everyOutcome = [
  outcomes.completed(1),
  outcomes.retried(1000),
  outcomes.snoozed(1000),
  outcomes.released(),
  outcomes.cancelled(),
  outcomes.dead()
]

/** Runs a stale write and asserts that it was refused and that nothing of the job changed. */
const refused = Effect.fnUntraced(function*(
  claim: Claim.Claim,
  fields: { readonly workerId?: string } & Partial<Outcome.Settlement> = {}
) {
  const before = yield* Steps.get(claim.id)
  const past = yield* Steps.history(claim.id)
  for (const outcome of everyOutcome) {
    assert.strictEqual(yield* Steps.settle(claim, outcome, fields), "LeaseLost", outcome._tag)
  }
  assert.deepStrictEqual(yield* Steps.get(claim.id), before)
  assert.deepStrictEqual(yield* Steps.history(claim.id), past)
})

const fences = (test: Declare): void => {
  test("refuses a claim that another worker holds", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.register("w2")
      yield* refused(claim, { workerId: "w2" })
    }))

  test("refuses a wrong token and a wrong lease", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* refused({ ...claim, token: claim.token + 1 })
      yield* refused({ ...claim, token: claim.token - 1 })
      yield* refused({ ...claim, leaseId: "424242" })
    }))

  test("F02: refuses a zombie whose jobs were reclaimed and wait", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.crashWorkers
      yield* refused(claim)
    }))

  test("F02: refuses a zombie while a newer attempt runs, and keeps the newer attempt's failure", () =>
    Effect.gen(function*() {
      const zombie = yield* Steps.running()
      yield* Steps.crashWorkers
      yield* Steps.register("w2")
      const newer = yield* Steps.claimOne({ workerId: "w2", suspects: true })
      assert.isAbove(newer.token, zombie.token)
      yield* refused(zombie)
      yield* refused(zombie, { workerId: "w2" })
      yield* Steps.settle(newer, outcomes.retried(1000), { workerId: "w2" })
      yield* refused(zombie)
      assert.deepInclude(yield* Steps.get(zombie.id), { state: "retryable", failures: 1, crashes: 1 })
    }))

  test("F04: refuses an older claim of the same worker", () =>
    Effect.gen(function*() {
      const older = yield* Steps.running()
      yield* Steps.settle(older, outcomes.retried())
      const newer = yield* Steps.claimOne()
      assert.strictEqual(yield* Steps.settle(older, outcomes.completed()), "LeaseLost")
      assert.deepInclude(yield* Steps.get(newer.id), { state: "running", token: 2 })
      assert.strictEqual(yield* Steps.settle(newer, outcomes.completed()), "Applied")
    }))

  test("takes a settlement of an ended lease that nobody reclaimed", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* TestClock.adjust(Fixture.leaseMillis * 10)
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed("late")), "Applied")
      assert.deepStrictEqual(yield* Steps.reclaim(), [])
      assert.strictEqual((yield* Steps.get(claim.id)).result, "late")
    }))

  for (const outcome of everyOutcome) {
    test(`answers a repeated ${outcome._tag} again with Applied and does it once`, () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running({ unique: Fixture.unique("k") })
        assert.strictEqual(yield* Steps.settle(claim, outcome), "Applied")
        const before = yield* Steps.get(claim.id)
        const past = yield* Steps.history(claim.id)
        yield* TestClock.adjust(500)
        assert.strictEqual(yield* Steps.settle(claim, outcome), "Applied")
        assert.deepStrictEqual(yield* Steps.get(claim.id), before)
        assert.deepStrictEqual(yield* Steps.history(claim.id), past)
      }))
  }

  test("F20: answers a repeated settlement with Applied while a newer attempt runs", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      yield* Steps.settle(first, outcomes.retried())
      yield* Steps.claimOne()
      assert.strictEqual(yield* Steps.settle(first, outcomes.retried()), "Applied")
      assert.deepInclude(yield* Steps.get(first.id), { state: "running", failures: 1, token: 2 })
    }))

  test("refuses a settlement that contradicts the one before", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.completed(1))
      assert.strictEqual(yield* Steps.settle(claim, outcomes.retried(1000)), "LeaseLost")
      assert.deepInclude(yield* Steps.get(claim.id), { state: "completed", result: 1, failures: 0 })
    }))

  test("tells a last failure from one that is tried again", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      yield* Steps.settle(first, outcomes.retried())
      assert.strictEqual(yield* Steps.settle(first, outcomes.dead()), "LeaseLost")
      const second = yield* Steps.claimOne()
      yield* Steps.settle(second, outcomes.dead())
      assert.strictEqual(yield* Steps.settle(second, outcomes.retried()), "LeaseLost")
      assert.strictEqual(yield* Steps.settle(second, outcomes.dead()), "Applied")
    }))

  test("remembers how an attempt ended when the dead job is cancelled by hand", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.dead())
      yield* Steps.transition([claim.id], "Cancel")
      assert.strictEqual(yield* Steps.settle(claim, outcomes.retried()), "LeaseLost")
      assert.strictEqual(yield* Steps.settle(claim, outcomes.dead()), "Applied")
      assert.strictEqual((yield* Steps.get(claim.id)).state, "cancelled")
    }))

  test("refuses a settlement of a job that was removed meanwhile", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.crashWorkers
      yield* Steps.transition([claim.id], "Remove")
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed()), "LeaseLost")
      assert.deepStrictEqual(yield* Steps.list({}), [])
    }))

  test("F04: never gives out a token again, even when the job is redriven", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      yield* Steps.settle(first, outcomes.dead())
      yield* Steps.transition([first.id], "Retry")
      const second = yield* Steps.claimOne()
      assert.deepInclude(second, { id: first.id, token: 2, attempt: 1, failures: 0 })
      assert.strictEqual(yield* Steps.settle(first, outcomes.completed()), "LeaseLost")
    }))
}
