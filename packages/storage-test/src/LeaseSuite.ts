/**
 * Leases of workers: registering, renewing, leaving, and hearing of cancellations and suspects.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import { Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture
const at = (millis: number) => DateTime.makeUnsafe(Fixture.startMillis + millis)
const workers = Effect.map(Storage.Storage.use((storage) => storage.overview), (overview) => overview.workers)
const quiet = { _tag: "Renewed", cancellations: [], suspects: false } as const

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("lease", () => {
    describe("renewing", () => renewing(test))
    describe("leaving", () => leaving(test))
    describe("hearing", () => hearing(test))
  })
}

const renewing = (test: Declare): void => {
  test("registers a worker with what it says of itself", () =>
    Effect.gen(function*() {
      const info = { host: "h \"1\"", pid: 1, release: "", queues: ["a", "b"], names: [], concurrency: 3 }
      assert.deepStrictEqual(yield* Steps.register("w1", { info }), quiet)
      assert.deepStrictEqual(yield* workers, [{
        id: "w1",
        info,
        startedAt: at(0),
        renewedAt: at(0),
        expiresAt: at(Fixture.leaseMillis),
        running: 0
      }])
    }))

  test("prolongs a lease from now on", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(yield* Steps.renew(), quiet)
      const [worker] = yield* workers
      assert.deepInclude(worker, {
        startedAt: at(0),
        renewedAt: at(20_000),
        expiresAt: at(20_000 + Fixture.leaseMillis)
      })
    }))

  test("renews when a registration is repeated", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(yield* Steps.register("w1", { info: { release: "2.0.0" } }), quiet)
      const [worker] = yield* workers
      assert.deepInclude(worker, { startedAt: at(0), expiresAt: at(20_000 + Fixture.leaseMillis), running: 1 })
      assert.strictEqual(worker?.info.release, "2.0.0")
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed()), "Applied")
    }))

  test("keeps every claim of a worker alive with one renewal", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {})
      const claims = [yield* Steps.claimOne(), yield* Steps.claimOne()]
      for (let n = 0; n < 5; n++) {
        yield* TestClock.adjust(Fixture.leaseMillis - 1)
        assert.deepStrictEqual(yield* Steps.reclaim(), [])
        yield* Steps.renew()
      }
      for (const claim of claims) assert.strictEqual(yield* Steps.settle(claim, outcomes.completed()), "Applied")
    }))

  test("revives a lease that ended but that nobody reclaimed", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* TestClock.adjust(Fixture.leaseMillis * 3)
      assert.deepStrictEqual(yield* Steps.renew(), quiet)
      assert.deepStrictEqual(yield* Steps.reclaim(), [])
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed()), "Applied")
    }))

  test("answers Lost to a worker that never registered", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Steps.renew("nobody"), { _tag: "Lost" })
      assert.deepStrictEqual(yield* workers, [])
    }))

  test("answers Lost to a worker that was reclaimed, for ever", () =>
    Effect.gen(function*() {
      yield* Steps.running()
      yield* Steps.crashWorkers
      assert.deepStrictEqual(yield* Steps.renew(), { _tag: "Lost" })
      assert.deepStrictEqual(yield* Steps.renew(), { _tag: "Lost" })
      assert.deepStrictEqual(yield* workers, [])
    }))

  test("keeps the leases of workers apart", () =>
    Effect.gen(function*() {
      yield* Steps.running({}, "w1")
      yield* Steps.running({}, "w2")
      yield* TestClock.adjust(Fixture.leaseMillis - 1)
      yield* Steps.renew("w2")
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* Steps.reclaim()).map((entry) => entry.workerId), ["w1"])
      assert.deepStrictEqual(yield* Steps.renew("w2"), { ...quiet, suspects: true })
    }))
}

const leaving = (test: Declare): void => {
  test("releases what a worker holds when it leaves", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* TestClock.adjust(1000)
      yield* Steps.leave()
      assert.deepStrictEqual(yield* workers, [])
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "available",
        attempt: 0,
        failures: 0,
        crashes: 0,
        token: 1
      })
      const [attempt] = yield* Steps.history(claim.id)
      assert.deepInclude(attempt, {
        attempt: 1,
        outcome: "released",
        startedAt: null,
        finishedAt: at(1000),
        error: null
      })
      yield* Steps.register("w2")
      assert.strictEqual((yield* Steps.claimOne({ workerId: "w2" })).id, claim.id)
    }))

  test("releases only what was not settled before", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {})
      const claims = yield* Steps.claim()
      yield* Steps.settle(Steps.present(claims[1], "a claim"), outcomes.completed())
      yield* Steps.leave()
      const states = yield* Effect.forEach(claims, (claim) => Steps.get(claim.id))
      assert.deepStrictEqual(states.map((record) => record.state), ["available", "completed", "available"])
    }))

  test("refuses what a worker says after it left", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.leave()
      assert.deepStrictEqual(yield* Steps.renew(), { _tag: "Lost" })
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed()), "LeaseLost")
      assert.strictEqual(yield* Steps.report(claim, { progress: 1 }), "LeaseLost")
      assert.strictEqual((yield* Steps.get(claim.id)).state, "available")
    }))

  test("lets a worker leave twice, or without ever having come", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.leave()
      yield* Steps.leave()
      yield* Steps.leave("nobody")
      assert.deepStrictEqual(yield* workers, [])
    }))

  test("leaves the claims of others alone", () =>
    Effect.gen(function*() {
      const mine = yield* Steps.running({}, "w1")
      yield* Steps.register("w2")
      yield* Steps.leave("w2")
      assert.strictEqual((yield* Steps.get(mine.id)).state, "running")
    }))
}

const hearing = (test: Declare): void => {
  test("tells a worker which of its claims were asked to stop, until they are settled", () =>
    Effect.gen(function*() {
      yield* Steps.register("w1")
      yield* Steps.register("w2")
      yield* Steps.insert({}, {}, {})
      const [a, b] = yield* Steps.claim({ limit: 2 })
      const other = yield* Steps.claimOne({ workerId: "w2" })
      const first = Steps.present(a, "a claim")
      yield* Steps.transition([first.id, other.id], "Cancel")
      const heard = { ...quiet, cancellations: [{ id: first.id, token: 1, reason: "changed our mind" }] }
      assert.deepStrictEqual(yield* Steps.renew("w1"), heard)
      assert.deepStrictEqual(yield* Steps.renew("w1"), heard)
      assert.deepStrictEqual(yield* Steps.register("w1"), heard)
      yield* Steps.settle(first, outcomes.cancelled())
      assert.deepStrictEqual(yield* Steps.renew("w1"), quiet)
      yield* Steps.settle(Steps.present(b, "a claim"), outcomes.completed())
    }))

  test("does not carry a request to the next claim of the same job", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      yield* Steps.transition([first.id], "Cancel")
      yield* Steps.settle(first, outcomes.cancelled())
      yield* Steps.transition([first.id], "Retry")
      const second = yield* Steps.claimOne()
      assert.deepStrictEqual(yield* Steps.renew(), quiet)
      yield* Steps.settle(second, outcomes.retried(1000))
      assert.strictEqual((yield* Steps.get(first.id)).state, "retryable")
    }))

  test("tells a worker when the first lease of another one ends, if it tells at all", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const alone = yield* Steps.nextExpiry()
      // A driver need not tell.
      if (alone === undefined) return
      assert.isNull(alone)
      yield* Steps.register("short", { leaseMillis: 5_000 })
      yield* Steps.register("long", { leaseMillis: 600_000 })
      assert.strictEqual(yield* Steps.nextExpiry(), 5_000)
      yield* TestClock.adjust(1_500)
      assert.strictEqual(yield* Steps.nextExpiry(), 3_500)
      assert.strictEqual(yield* Steps.nextExpiry("long"), 3_500)
      yield* TestClock.adjust(4_000)
      assert.strictEqual(yield* Steps.nextExpiry(), 0)
      yield* Steps.reclaim()
      assert.strictEqual(yield* Steps.nextExpiry("long"), Fixture.leaseMillis)
      yield* Steps.leave("long")
      assert.isNull(yield* Steps.nextExpiry())
    }))

  test("tells a worker of suspects in its queues and of its names, while they wait", () =>
    Effect.gen(function*() {
      yield* Steps.running()
      yield* Steps.register("other", { info: { queues: ["other"] }, leaseMillis: 600_000 })
      yield* Steps.register("nameless", { info: { names: ["Other"] }, leaseMillis: 600_000 })
      yield* Steps.crashWorkers
      const loud = { ...quiet, suspects: true }
      assert.deepStrictEqual(yield* Steps.register("w2"), loud)
      assert.deepStrictEqual(yield* Steps.renew("w2"), loud)
      assert.deepStrictEqual(yield* Steps.renew("other"), quiet)
      assert.deepStrictEqual(yield* Steps.renew("nameless"), quiet)
      yield* Steps.claimOne({ workerId: "w2", suspects: true })
      assert.deepStrictEqual(yield* Steps.renew("w2"), quiet)
    }))
}
