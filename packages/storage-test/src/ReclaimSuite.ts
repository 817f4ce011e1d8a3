/**
 * Reclaiming: crashes, suspects that run alone, and bystanders that lose nothing.
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

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("reclaim", () => {
    takingBack(test)
    describe("starts", () => unstarted(test))
    describe("limit", () => limits(test))
    describe("suspects", () => suspects(test))
  })
}

const takingBack = (test: Declare): void => {
  test("takes nothing from a living worker, everything at the instant its lease ends", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* TestClock.adjust(Fixture.leaseMillis - 1)
      assert.deepStrictEqual(yield* Steps.reclaim(), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* Steps.reclaim(), [
        { id: claim.id, name: "SendMail", queue: "default", token: 1, workerId: "w1", crashes: 1, to: "available" }
      ])
      assert.deepStrictEqual(yield* Steps.reclaim(), [])
    }))

  test("counts a crash, not a failure", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.crashWorkers
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "available",
        attempt: 1,
        failures: 0,
        crashes: 1,
        token: 1,
        workerId: null,
        startedAt: null
      })
      const [attempt] = yield* Steps.history(claim.id)
      assert.deepInclude(attempt, {
        attempt: 1,
        token: 1,
        workerId: "w1",
        claimedAt: at(0),
        startedAt: null,
        finishedAt: at(Fixture.leaseMillis),
        outcome: "crashed"
      })
      assert.strictEqual(attempt?.error?.tag, "Crashed")
    }))

  test("takes back only the claims that were not settled", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {})
      const claims = yield* Steps.claim()
      yield* Steps.settle(Steps.present(claims[0], "a claim"), outcomes.completed())
      yield* Steps.settle(Steps.present(claims[2], "a claim"), outcomes.retried(60_000))
      const reclaimed = yield* Steps.crashWorkers
      assert.deepStrictEqual(reclaimed.map((entry) => entry.id), [claims[1]?.id])
      const states = yield* Effect.forEach(claims, (claim) => Steps.get(claim.id))
      assert.deepStrictEqual(states.map((record) => record.state), ["completed", "available", "retryable"])
    }))

  test("ends the registration of a lost worker that held nothing", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      assert.deepStrictEqual(yield* Steps.crashWorkers, [])
      assert.deepStrictEqual(yield* Steps.renew(), { _tag: "Lost" })
    }))

  test("cancels a lost job that was asked to stop", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running({ unique: Fixture.unique("k") })
      yield* Steps.transition([claim.id], "Cancel")
      const [entry] = yield* Steps.crashWorkers
      assert.deepInclude(entry, { id: claim.id, crashes: 1, to: "cancelled" })
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "cancelled",
        startedAt: at(0),
        finishedAt: at(Fixture.leaseMillis),
        workerId: "w1"
      })
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed()), "LeaseLost")
      yield* Steps.insertOne({ unique: Fixture.unique("k") })
    }))
}

const unstarted = (test: Declare): void => {
  test("F17: counts no crash for jobs that were lent ahead, and lets them run alone", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const ids = yield* Steps.insert({}, {}, {})
      yield* Steps.claim({ limit: 3, slots: 2 })
      const reclaimed = yield* Steps.crashWorkers
      assert.deepStrictEqual(reclaimed.map(({ crashes, to }) => [crashes, to]), ids.map(() => [0, "available"]))
      const records = yield* Effect.forEach(ids, (id) => Steps.get(id))
      assert.deepStrictEqual(records.map(({ attempt, error }) => [attempt, error]), ids.map(() => [0, null]))
      const [attempt] = yield* Steps.history(Steps.present(ids[0], "an id"))
      assert.deepInclude(attempt, { attempt: 1, outcome: "released", error: null })
      yield* Steps.register("w2")
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2" }), [])
      assert.strictEqual((yield* Steps.claimOne({ workerId: "w2", suspects: true })).attempt, 1)
    }))

  test("F09: counts no crash for a suspect that was lost before it started, however often", () =>
    Effect.gen(function*() {
      const { id } = yield* Steps.running()
      yield* Steps.crashWorkers
      for (let n = 0; n < 4; n++) {
        yield* Steps.register(`w${n + 2}`)
        yield* Steps.claimOne({ workerId: `w${n + 2}`, suspects: true, unstarted: true })
        const [entry] = yield* Steps.crashWorkers
        assert.deepInclude(entry, { id, crashes: 1, to: "available" })
      }
      yield* Steps.crash(2, 1)
      assert.deepInclude(yield* Steps.get(id), { state: "dead", crashes: 3 })
    }))

  test("takes the start of a suspect once, from its worker only, as no report", () =>
    Effect.gen(function*() {
      yield* Steps.running()
      yield* Steps.crashWorkers
      yield* Steps.register("w2")
      const suspect = yield* Steps.claimOne({ workerId: "w2", suspects: true, unstarted: true })
      assert.strictEqual(yield* Steps.report(suspect, { started: true }, "w1"), "LeaseLost")
      assert.strictEqual(yield* Steps.report(suspect, { started: true }, "w2"), "Applied")
      assert.strictEqual(yield* Steps.report(suspect, { started: true }, "w2"), "Applied")
      assert.isNull((yield* Steps.get(suspect.id)).progress)
      yield* Steps.crashWorkers
      yield* Steps.register("w3")
      assert.deepInclude(yield* Steps.claimOne({ workerId: "w3", suspects: true }), { crashes: 2, hasReport: false })
    }))
}

const limits = (test: Declare): void => {
  test("takes at most so many leases, the rest later", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const ids = yield* Steps.insert(...Array.from({ length: 6 }, () => ({})))
      for (let n = 0; n < 3; n++) yield* Steps.claim({ limit: 2 })
      yield* TestClock.adjust(Fixture.leaseMillis)
      const taken: Array<string> = []
      for (let n = 0; n < 3; n++) {
        const part = yield* Steps.reclaim(1)
        assert.lengthOf(part, 2)
        taken.push(...part.map((entry) => entry.id))
      }
      assert.deepStrictEqual(taken.toSorted(), ids.toSorted())
      assert.deepStrictEqual(yield* Steps.reclaim(1), [])
    }))

  test("lets no half reclaimed worker live again", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {})
      yield* Steps.claimOne()
      yield* Steps.claimOne()
      yield* TestClock.adjust(Fixture.leaseMillis)
      assert.lengthOf(yield* Steps.reclaim(1), 1)
      assert.deepStrictEqual(yield* Steps.renew(), { _tag: "Lost" })
      assert.deepStrictEqual(yield* Steps.claim(), [])
      assert.lengthOf(yield* Steps.reclaim(1), 1)
    }))
}

const suspects = (test: Declare): void => {
  test("hides suspects from ordinary claims", () =>
    Effect.gen(function*() {
      const crashed = yield* Steps.running()
      yield* Steps.crashWorkers
      yield* Steps.register("w2")
      const fresh = yield* Steps.insertOne()
      assert.deepStrictEqual((yield* Steps.claim({ workerId: "w2" })).map((claim) => claim.id), [fresh])
      assert.deepInclude(yield* Steps.claimOne({ workerId: "w2", suspects: true }), {
        id: crashed.id,
        attempt: 2,
        crashes: 1,
        failures: 0,
        token: 2
      })
    }))

  test("lends suspects one at a time, and nothing else with them", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {})
      yield* Steps.claim()
      yield* Steps.crashWorkers
      yield* Steps.insertOne()
      yield* Steps.register("w2")
      const seen = new Set<string>()
      for (let n = 0; n < 3; n++) {
        const claims = yield* Steps.claim({ workerId: "w2", suspects: true, limit: 10 })
        assert.lengthOf(claims, 1)
        for (const claim of claims) seen.add(claim.id)
      }
      assert.strictEqual(seen.size, 3)
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2", suspects: true, limit: 10 }), [])
    }))

  test("lends suspects by queue and name, never from a paused queue, never to a lost worker", () =>
    Effect.gen(function*() {
      yield* Steps.running()
      yield* Steps.crashWorkers
      const claim = { workerId: "w2", suspects: true }
      assert.deepStrictEqual(yield* Steps.claim(claim), [])
      yield* Steps.register("w2")
      assert.deepStrictEqual(yield* Steps.claim({ ...claim, queue: "other" }), [])
      assert.deepStrictEqual(yield* Steps.claim({ ...claim, names: ["Other"] }), [])
      yield* Steps.control("PauseQueue")
      assert.deepStrictEqual(yield* Steps.claim(claim), [])
      yield* Steps.control("ResumeQueue")
      assert.lengthOf(yield* Steps.claim(claim), 1)
    }))

  for (const outcome of [outcomes.retried(), outcomes.snoozed(), outcomes.released()]) {
    test(`clears a suspect that was ${outcome._tag.toLowerCase()}`, () =>
      Effect.gen(function*() {
        const { id } = yield* Steps.running()
        yield* Steps.crashWorkers
        yield* Steps.register("w2")
        const alone = yield* Steps.claimOne({ workerId: "w2", suspects: true })
        yield* Steps.settle(alone, outcome, { workerId: "w2" })
        assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2", suspects: true }), [])
        assert.deepInclude(yield* Steps.claimOne({ workerId: "w2" }), { id, crashes: 1 })
      }))
  }

  test("buries a job that crashes alone and for the third time", () =>
    Effect.gen(function*() {
      const id = yield* Steps.insertOne({ maxAttempts: 1 })
      yield* Steps.crash(2)
      assert.deepInclude(yield* Steps.get(id), { state: "available", crashes: 2, failures: 0, attempt: 2 })
      yield* Steps.register("w9")
      const claim = yield* Steps.claimOne({ workerId: "w9", suspects: true })
      const [entry] = yield* Steps.crashWorkers
      assert.deepInclude(entry, { id, token: 3, crashes: 3, to: "dead", workerId: "w9" })
      const record = yield* Steps.get(id)
      assert.deepInclude(record, { state: "dead", crashes: 3, failures: 0, attempt: 3 })
      assert.deepStrictEqual(record.startedAt, at(2 * Fixture.leaseMillis))
      assert.deepStrictEqual(record.finishedAt, at(3 * Fixture.leaseMillis))
      assert.strictEqual(record.error?.tag, "Crashed")
      const attempts = yield* Steps.history(id)
      assert.deepStrictEqual(attempts.map((attempt) => attempt.outcome), ["crashed", "crashed", "crashed"])
      assert.strictEqual(yield* Steps.settle(claim, outcomes.completed(), { workerId: "w9" }), "LeaseLost")
      assert.strictEqual(yield* Steps.settle(claim, outcomes.dead(), { workerId: "w9" }), "LeaseLost")
      yield* Steps.register("w10")
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w10", suspects: true }), [])
    }))

  test("spares bystanders: a poison job dies, what ran beside it does not", () =>
    Effect.gen(function*() {
      const poison = yield* Steps.insertOne({ payload: "poison" })
      const innocents = yield* Steps.insert(...Array.from({ length: 5 }, (_, n) => ({ payload: n })))
      yield* Steps.register("w0")
      yield* Steps.claim({ workerId: "w0" })
      yield* Steps.crashWorkers
      for (let n = 1; n <= 20; n++) {
        const workerId = `w${n}`
        yield* Steps.register(workerId)
        const [claim] = yield* Steps.claim({ workerId, suspects: true })
        if (claim === undefined) break
        if (claim.payload === "poison") yield* Steps.crashWorkers
        else yield* Steps.settle(claim, outcomes.completed(), { workerId })
      }
      assert.deepInclude(yield* Steps.get(poison), { state: "dead", crashes: 3 })
      for (const id of innocents) {
        assert.deepInclude(yield* Steps.get(id), { state: "completed", failures: 0, crashes: 1 })
      }
    }))

  test("does not bury a job that crashed among others, however often", () =>
    Effect.gen(function*() {
      const id = yield* Steps.insertOne()
      for (let n = 0; n < 3; n++) {
        yield* Steps.register(`a${n}`)
        yield* Steps.claimOne({ workerId: `a${n}` })
        yield* Steps.crashWorkers
        yield* Steps.register(`b${n}`)
        const alone = yield* Steps.claimOne({ workerId: `b${n}`, suspects: true })
        yield* Steps.settle(alone, outcomes.retried(), { workerId: `b${n}` })
      }
      assert.deepInclude(yield* Steps.get(id), { state: "available", crashes: 3, failures: 3, attempt: 6 })
    }))

  test("starts counting crashes anew when a job is redriven", () =>
    Effect.gen(function*() {
      const id = yield* Steps.insertOne()
      yield* Steps.crash(3)
      yield* Steps.transition([id], "Retry")
      assert.deepInclude(yield* Steps.get(id), { state: "available", crashes: 0, failures: 0, attempt: 0, error: null })
      yield* Steps.register("w2")
      assert.deepInclude(yield* Steps.claimOne({ workerId: "w2" }), { id, token: 4, attempt: 1, crashes: 0 })
    }))

  test("counts a crashed job as available", () =>
    Effect.gen(function*() {
      yield* Steps.running()
      yield* Steps.crashWorkers
      const overview = yield* Storage.Storage.use((storage) => storage.overview)
      assert.deepInclude(overview.queues[0]?.counts, { available: 1, running: 0 })
    }))
}
