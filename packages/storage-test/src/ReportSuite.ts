/**
 * Reports of running handlers: what is kept, for how long, and that they are fenced.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import { Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"
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
  describe("report", () => reports(test))
}

const reports = (test: Declare): void => {
  test("keeps progress and note, and leaves what is not named", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      assert.strictEqual(yield* Steps.report(claim, { progress: 0.25 }), "Applied")
      assert.deepStrictEqual((yield* Steps.get(claim.id)).progress, { value: 0.25, note: null })
      yield* Steps.report(claim, { note: "half", progress: 0.5 })
      yield* Steps.report(claim, { progress: 0.75 })
      yield* Steps.report(claim, { log: { level: "info", message: "line" } })
      yield* Steps.report(claim, { checkpoint: { row: 7 } })
      assert.deepStrictEqual((yield* Steps.get(claim.id)).progress, { value: 0.75, note: "half" })
    }))

  test("takes a note before any progress as progress 0", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.report(claim, { note: "starting" })
      assert.deepStrictEqual((yield* Steps.get(claim.id)).progress, { value: 0, note: "starting" })
    }))

  test("keeps the newest checkpoint, whatever JSON it is, for the attempts that follow", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      assert.notProperty(yield* Steps.get(claim.id), "checkpoint")
      for (const checkpoint of [{ row: 7, rest: ["a", null] }, null, 0, "", [[]]]) {
        yield* Steps.report(claim, { checkpoint })
        assert.deepStrictEqual((yield* Steps.get(claim.id)).checkpoint, checkpoint)
      }
      yield* Steps.report(claim, { progress: 0.5 })
      yield* Steps.settle(claim, outcomes.retried(1000), { hasReport: true })
      assert.deepStrictEqual((yield* Steps.get(claim.id)).checkpoint, [[]])
      yield* Steps.transition([claim.id], "Retry")
      yield* Steps.claimOne()
      yield* Steps.crashWorkers
      assert.deepStrictEqual((yield* Steps.get(claim.id)).checkpoint, [[]])
    }))

  test("tells the next attempt that there is a report", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.report(claim, { checkpoint: [1], progress: 0.5 })
      yield* Steps.settle(claim, outcomes.retried(), { hasReport: true })
      const second = yield* Steps.claimOne()
      assert.isTrue(second.hasReport)
      assert.deepStrictEqual((yield* Steps.get(claim.id)).progress, { value: 0.5, note: null })
      yield* Steps.settle(second, outcomes.snoozed(), { hasReport: true })
      assert.isTrue((yield* Steps.claimOne()).hasReport)
    }))

  test("keeps a report through a crash", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.report(claim, { checkpoint: [1], progress: 0.5 })
      yield* Steps.crashWorkers
      yield* Steps.register("w2")
      assert.isTrue((yield* Steps.claimOne({ workerId: "w2", suspects: true })).hasReport)
    }))

  test("refuses the reports of a zombie", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.report(claim, { progress: 0.1 })
      yield* Steps.register("w2")
      assert.strictEqual(yield* Steps.report(claim, { progress: 0.9 }, "w2"), "LeaseLost")
      assert.strictEqual(yield* Steps.report({ ...claim, token: 2 }, { progress: 0.9 }), "LeaseLost")
      yield* Steps.crashWorkers
      assert.strictEqual(yield* Steps.report(claim, { progress: 0.9, note: "zombie" }), "LeaseLost")
      yield* Steps.register("w3")
      yield* Steps.claimOne({ workerId: "w3", suspects: true })
      assert.strictEqual(yield* Steps.report(claim, { progress: 0.9, checkpoint: 1 }), "LeaseLost")
      assert.deepStrictEqual((yield* Steps.get(claim.id)).progress, { value: 0.1, note: null })
    }))

  test("refuses reports of a settled claim", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.settle(claim, outcomes.retried(1000))
      assert.strictEqual(yield* Steps.report(claim, { progress: 1 }), "LeaseLost")
      assert.isNull((yield* Steps.get(claim.id)).progress)
    }))

  test("answers in the order of the input", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {})
      const claims = yield* Steps.claim()
      const results = yield* Storage.Storage.use((storage) =>
        storage.report(
          "w1",
          claims.toReversed().map(({ id, leaseId, token }, n) => ({ id, leaseId, token: token + n, progress: 1 }))
        )
      )
      assert.deepStrictEqual(results, ["Applied", "LeaseLost"])
    }))
}
