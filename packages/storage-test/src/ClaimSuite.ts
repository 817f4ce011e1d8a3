/**
 * Claiming: who may, what comes back, in which order.
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

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("claim", () => {
    describe("workers", () => workers(test))
    describe("jobs", () => jobs(test))
    describe("order", () => order(test))
  })
}

const workers = (test: Declare): void => {
  test("lends nothing to a worker that is not registered", () =>
    Effect.gen(function*() {
      yield* Steps.insertOne()
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "nobody" }), [])
      yield* Steps.register()
      assert.lengthOf(yield* Steps.claim(), 1)
    }))

  test("lends nothing to a worker whose lease has ended", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {})
      yield* TestClock.adjust(Fixture.leaseMillis - 1)
      assert.lengthOf(yield* Steps.claim({ limit: 1 }), 1)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* Steps.renew()
      assert.lengthOf(yield* Steps.claim(), 1)
    }))

  test("lends nothing to a worker that left", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insertOne()
      yield* Steps.leave()
      assert.deepStrictEqual(yield* Steps.claim(), [])
    }))

  test("lends a job to one worker only", () =>
    Effect.gen(function*() {
      yield* Steps.register("w1")
      yield* Steps.register("w2")
      yield* Steps.insertOne()
      assert.lengthOf(yield* Steps.claim({ workerId: "w1" }), 1)
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2" }), [])
    }))
}

const jobs = (test: Declare): void => {
  test("returns all that an attempt needs", () =>
    Effect.gen(function*() {
      const job = Fixture.newJob({
        tenant: "acme",
        priority: 7,
        version: 3,
        payload: { n: [1, { x: null }] },
        maxAttempts: 9,
        timeoutMillis: 60_000,
        retry: { backoff: "fixed" },
        unique: Fixture.unique("k"),
        tags: ["x", "y"]
      })
      yield* Steps.register()
      const id = yield* Steps.insertOne(job)
      yield* TestClock.adjust(5000)
      const claim = yield* Steps.claimOne()
      const { debounce: _, delayMillis: __, runAt: ___, ttlMillis: ____, unique, ...fields } = job
      assert.deepStrictEqual(claim, {
        ...fields,
        uniqueKey: unique?.key ?? null,
        id,
        leaseId: claim.leaseId,
        token: 1,
        attempt: 1,
        failures: 0,
        crashes: 0,
        createdAtMillis: Fixture.startMillis,
        hasReport: false
      })
      assert.isNotEmpty(claim.leaseId)
    }))

  test("shows a claimed job as running, with its attempt under way", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust(1000)
      const { id } = yield* Steps.running()
      const record = yield* Steps.get(id)
      const claimedAt = DateTime.makeUnsafe(Fixture.startMillis + 1000)
      assert.deepInclude(record, {
        state: "running",
        attempt: 1,
        failures: 0,
        crashes: 0,
        token: 1,
        workerId: "w1",
        startedAt: claimedAt,
        finishedAt: null
      })
      assert.deepStrictEqual(yield* Steps.history(id), [{
        attempt: 1,
        token: 1,
        workerId: "w1",
        claimedAt,
        startedAt: null,
        finishedAt: null,
        outcome: "running",
        error: null
      }])
    }))

  test("lends jobs of one queue and of known names only", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const [a, b] = yield* Steps.insert({ name: "A" }, { name: "B" }, { name: "C" }, { name: "A", queue: "other" })
      const claims = yield* Steps.claim({ names: ["B", "A"] })
      assert.deepStrictEqual(claims.map((claim) => claim.id), [a, b])
      assert.deepStrictEqual(yield* Steps.claim({ names: ["A", "B"] }), [])
      assert.deepStrictEqual(yield* Steps.claim({ names: [] }), [])
      assert.lengthOf(yield* Steps.claim({ names: ["A"], queue: "other" }), 1)
    }))

  test("lends nothing from a queue that nobody knows", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      assert.deepStrictEqual(yield* Steps.claim({ queue: "unheard of" }), [])
    }))

  test("lends only what is available", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({ delayMillis: 1000 })
      const [cancelled] = yield* Steps.insert({}, {})
      yield* Steps.transition([Steps.present(cancelled, "an id")], "Cancel")
      const claim = yield* Steps.claimOne()
      yield* Steps.settle(claim, Fixture.outcomes.retried(1000))
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* Steps.claim(), [], "due, but not promoted")
    }))

  test("lends at most as many jobs as asked for", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const ids = yield* Steps.insert(...Array.from({ length: 25 }, () => ({})))
      const first = yield* Steps.claim({ limit: 10, perTenant: 3 })
      const second = yield* Steps.claim({ limit: 1, perTenant: 3 })
      const third = yield* Steps.claim({ limit: 1000, perTenant: 3 })
      assert.deepStrictEqual([first, second, third].map((claims) => claims.length), [10, 1, 14])
      assert.deepStrictEqual([...first, ...second, ...third].map((claim) => claim.id), ids)
    }))

  test("never gives out a fence twice, whatever a lease spans", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {}, {})
      const first = yield* Steps.claim({ limit: 2 })
      const second = yield* Steps.claim({ limit: 2 })
      const fences = [...first, ...second].map((claim) => `${claim.leaseId} ${claim.id} ${claim.token}`)
      assert.lengthOf(new Set(fences), 4)
      const shared = new Set(first.map((claim) => claim.leaseId))
      assert.deepStrictEqual(second.filter((claim) => shared.has(claim.leaseId)), [])
    }))

  test("raises the token at every claim", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insertOne()
      for (const token of [1, 2, 3, 4]) {
        const claim = yield* Steps.claimOne()
        assert.strictEqual(claim.token, token)
        yield* Steps.settle(claim, token % 2 === 0 ? Fixture.outcomes.released() : Fixture.outcomes.retried())
      }
    }))

  test("counts failures in the attempt, but neither releases nor snoozes", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insertOne()
      const outcomes = [
        Fixture.outcomes.retried(),
        Fixture.outcomes.released(),
        Fixture.outcomes.snoozed(),
        Fixture.outcomes.retried()
      ]
      const seen: Array<readonly [number, number]> = []
      for (const outcome of outcomes) {
        const claim = yield* Steps.claimOne()
        seen.push([claim.attempt, claim.failures])
        yield* Steps.settle(claim, outcome)
      }
      assert.deepStrictEqual(seen, [[1, 0], [2, 1], [2, 1], [2, 1]])
      assert.strictEqual((yield* Steps.claimOne()).attempt, 3)
    }))

  test("lends nothing from a paused queue until it is resumed", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, { queue: "other" })
      yield* Steps.control("PauseQueue")
      yield* Steps.control("PauseQueue")
      assert.deepStrictEqual(yield* Steps.claim(), [])
      assert.lengthOf(yield* Steps.claim({ queue: "other" }), 1)
      yield* Steps.control("ResumeQueue")
      assert.lengthOf(yield* Steps.claim(), 1)
    }))

  test("refuses limits out of bounds", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const id = yield* Steps.insertOne()
      for (const options of [{ limit: 0 }, { limit: 1001 }, { perTenant: 0 }]) {
        const error = yield* Effect.flip(Steps.claim(options))
        assert.strictEqual(error.reason._tag, "Invalid")
      }
      assert.strictEqual((yield* Steps.get(id)).state, "available")
    }))
}

const order = (test: Declare): void => {
  test("lends the smallest priority first, then the oldest", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(
        { priority: 50, payload: "d" },
        { priority: 100, payload: "f" },
        { priority: 0, payload: "a" },
        { priority: 50, payload: "e" },
        { priority: 1, payload: "b" },
        { priority: 1, payload: "c" }
      )
      const first = yield* Steps.claim({ limit: 4 })
      const rest = yield* Steps.claim({ limit: 4 })
      assert.deepStrictEqual([...first, ...rest].map((claim) => claim.payload), ["a", "b", "c", "d", "e", "f"])
    }))

  test("passes a priority whose jobs have other names", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({ priority: 0, name: "Other" }, { priority: 0, name: "Other" }, { priority: 9 })
      assert.lengthOf(yield* Steps.claim({ limit: 1, perTenant: 1 }), 1)
    }))

  test("puts a job that comes back at the end of the line", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({ payload: "a" }, { payload: "b" }, { payload: "c" })
      yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.released())
      yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.retried())
      const claims = yield* Steps.claim()
      assert.deepStrictEqual(claims.map((claim) => claim.payload), ["c", "a", "b"])
    }))

  test("puts a promoted job behind those that were available before", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({ delayMillis: 2000, payload: "late" }, { delayMillis: 1000, payload: "early" })
      yield* Steps.insert({ payload: "now" })
      yield* TestClock.adjust(5000)
      yield* Steps.promote()
      const claims = yield* Steps.claim()
      assert.deepStrictEqual(claims.map((claim) => claim.payload), ["now", "early", "late"])
    }))

  test("finds a better job that came after worse ones were claimed", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...Array.from({ length: 6 }, () => ({ tenant: "m", priority: 50 })))
      yield* Steps.claim({ limit: 2 })
      yield* Steps.insert({ tenant: "m", priority: 10, payload: "better" }, { tenant: "a", payload: "other tenant" })
      const [first] = yield* Steps.claim({ limit: 1 })
      assert.strictEqual(first?.payload, "better")
      const rest = yield* Steps.claim({ limit: 10 })
      assert.lengthOf(rest, 5)
    }))

  test("drains a backlog completely, whatever the mix of claims", () =>
    Effect.gen(function*() {
      yield* Steps.register("w1")
      yield* Steps.register("w2")
      const tenants = ["", "a", "b", "c"]
      const names = ["SendMail", "Other"]
      yield* Storage.Storage.use((storage) =>
        storage.insert(
          Array.from({ length: 200 }, (_, n) =>
            Fixture.newJob({
              tenant: tenants[n % 4] ?? "",
              priority: n % 3,
              name: names[n % 2] ?? ""
            }))
        )
      )
      const seen = new Set<string>()
      for (let round = 0; round < 200 && seen.size < 200; round++) {
        const workerId = round % 2 === 0 ? "w1" : "w2"
        const claims = yield* Steps.claim({ workerId, limit: 1 + round % 7, perTenant: 1 + round % 3, names })
        assert.isNotEmpty(claims, `nothing lent though ${200 - seen.size} jobs are available`)
        for (const claim of claims) seen.add(claim.id)
      }
      assert.strictEqual(seen.size, 200)
      assert.deepStrictEqual(yield* Steps.claim({ names }), [])
    }))
}
