/**
 * Races: the same thing from many sides at once happens once, and opposites never both.
 *
 * On a driver with real concurrency the order is left to chance; every order must end well.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { Claim, StorageError } from "@millrace/storage"
import { Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture

/** A caller tries again after a conflict; so does a race. */
const retrying = <A, R>(step: Effect.Effect<A, StorageError.StorageError, R>) =>
  Effect.retry(step, { times: 10, while: (error) => error.isTransient })

/** Runs the same step from eight sides at once. */
const fromAllSides = <A, R>(step: (n: number) => Effect.Effect<A, StorageError.StorageError, R>) =>
  Effect.forEach([0, 1, 2, 3, 4, 5, 6, 7], (n) => retrying(step(n)), { concurrency: "unbounded" })

const both = <A, B, R1, R2>(
  first: Effect.Effect<A, StorageError.StorageError, R1>,
  second: Effect.Effect<B, StorageError.StorageError, R2>
) => Effect.all([retrying(first), retrying(second)], { concurrency: "unbounded" })

const rounds = 10

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("races", () => {
    describe("once", () => once(test))
    describe("opposites", () => opposites(test))
  })
}

const once = (test: Declare): void => {
  test("lends each job to one of many claimers", () =>
    Effect.gen(function*() {
      yield* fromAllSides((n) => Steps.register(`w${n}`))
      const ids = yield* Steps.insert(...Array.from({ length: 240 }, (_, n) => ({ tenant: `t${n % 3}` })))
      const claims: Array<Claim.Claim> = []
      for (let round = 0; round < 100 && claims.length < ids.length; round++) {
        const lent = yield* fromAllSides((n) => Steps.claim({ workerId: `w${n}`, limit: 5, perTenant: 2 }))
        claims.push(...lent.flat())
      }
      assert.deepStrictEqual(claims.map((claim) => claim.id).toSorted(), ids.toSorted())
      assert.isTrue(claims.every((claim) => claim.token === 1))
    }))

  test("gives a unique key to one of many inserts", () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        const results = yield* fromAllSides(() =>
          Storage.Storage.use((storage) =>
            storage.insert([
              Fixture.newJob({ unique: Fixture.unique(`k${round}`) }),
              Fixture.newJob({ unique: Fixture.unique(`l${round}`) })
            ])
          )
        )
        for (const column of [0, 1]) {
          const answers = results.map((result) => result[column])
          assert.strictEqual(answers.filter((answer) => answer?._tag === "Enqueued").length, 1)
          assert.strictEqual(new Set(answers.map((answer) => answer?.id)).size, 1)
        }
      }
      assert.lengthOf(yield* Steps.list({ limit: 1000 }), rounds * 2)
    }))

  test("settles once, however often it is told", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      for (let round = 0; round < rounds; round++) {
        const id = yield* Steps.insertOne()
        const claim = yield* Steps.claimOne()
        const results = yield* fromAllSides(() => Steps.settle(claim, outcomes.retried(60_000)))
        assert.deepStrictEqual(results, results.map(() => "Applied"))
        assert.deepInclude(yield* Steps.get(id), { state: "retryable", failures: 1 })
        assert.lengthOf(yield* Steps.history(id), 1)
      }
    }))

  test("promotes each job once", () =>
    Effect.gen(function*() {
      yield* Steps.insert(...Array.from({ length: 200 }, () => ({ delayMillis: 1 })))
      yield* TestClock.adjust(1)
      let count = 0
      for (let round = 0; round < 20 && count < 200; round++) {
        for (const promoted of yield* fromAllSides(() => Steps.promote(25))) count += promoted.count
      }
      assert.strictEqual(count, 200)
      yield* Steps.register()
      assert.lengthOf(yield* Steps.claim({ limit: 1000 }), 200)
    }))

  test("reclaims each job once, with one crash", () =>
    Effect.gen(function*() {
      const ids = yield* Steps.insert(...Array.from({ length: 40 }, () => ({})))
      yield* fromAllSides((n) => Steps.register(`w${n}`))
      yield* fromAllSides((n) => Steps.claim({ workerId: `w${n}`, limit: 5 }))
      yield* TestClock.adjust(Fixture.leaseMillis)
      const taken: Array<string> = []
      for (let round = 0; round < 20 && taken.length < 40; round++) {
        for (const part of yield* fromAllSides(() => Steps.reclaim(2))) taken.push(...part.map((entry) => entry.id))
      }
      assert.deepStrictEqual(taken.toSorted(), ids.toSorted())
      for (const record of yield* Steps.list({ limit: 1000 })) assert.deepInclude(record, { crashes: 1, token: 1 })
    }))

  test("promotes a scheduled job once, and never one that is cancelled meanwhile", () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        const id = yield* Steps.insertOne({ delayMillis: 60_000 })
        const [promoted, cancelled] = yield* both(
          fromAllSides(() => Steps.transition([id], "Promote")),
          Steps.transition([id], "Cancel")
        )
        // A cancel may come after a promotion, and no promotion after the cancel.
        assert.isAtMost(promoted.flat().filter((result) => result.to === "available").length, 1)
        assert.deepStrictEqual(cancelled.map((result) => result.to), ["cancelled"])
        assert.deepInclude(yield* Steps.get(id), { state: "cancelled" })
      }
    }))

  test("redrives a dead job once", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      for (let round = 0; round < rounds; round++) {
        const id = yield* Steps.insertOne()
        yield* Steps.settle(yield* Steps.claimOne(), outcomes.dead())
        const results = (yield* fromAllSides(() => Steps.transition([id], "Retry"))).flat()
        assert.strictEqual(results.filter((result) => result.to === "available").length, 1)
        assert.lengthOf(yield* Steps.claim(), 1)
      }
    }))
}

const opposites = (test: Declare): void => {
  test("F05: a settle and a reclaim: one wins, the other finds nothing", () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        const workerId = `w${round}`
        yield* Steps.register(workerId)
        const id = yield* Steps.insertOne()
        const claim = yield* Steps.claimOne({ workerId })
        yield* TestClock.adjust(Fixture.leaseMillis)
        const [answer, reclaimed] = yield* both(
          Steps.settle(claim, outcomes.completed(), { workerId }),
          Steps.reclaim()
        )
        const record = yield* Steps.get(id)
        assert.strictEqual(answer === "Applied", reclaimed.length === 0)
        assert.strictEqual(record.state, answer === "Applied" ? "completed" : "available")
        assert.lengthOf(yield* Steps.history(id), 1)
        yield* Steps.transition([id], "Remove")
      }
    }))

  test("a renewal and a reclaim: the worker lives with all its jobs, or is lost with all", () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        const workerId = `w${round}`
        yield* Steps.register(workerId)
        const ids = yield* Steps.insert({}, {}, {})
        yield* Steps.claim({ workerId, limit: 1 })
        yield* Steps.claim({ workerId, limit: 2 })
        yield* TestClock.adjust(Fixture.leaseMillis)
        const [renewed, reclaimed] = yield* both(Steps.renew(workerId), Steps.reclaim())
        assert.lengthOf(reclaimed, renewed._tag === "Renewed" ? 0 : 3)
        const states = (yield* Steps.list({ ids })).map((record) => record.state)
        const wanted = renewed._tag === "Renewed" ? "running" : "available"
        assert.deepStrictEqual(states, [wanted, wanted, wanted])
        yield* Steps.leave(workerId)
        yield* Steps.transition(ids, "Remove")
      }
    }))

  test("a claim and a change: lent once, or put off, and never both or neither", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      for (let round = 0; round < rounds; round++) {
        const ids = yield* Steps.insert({}, {}, {}, {})
        const to = round % 2 === 0 ? { delayMillis: 60_000 } : { priority: 10 }
        const [claims, changed] = yield* both(Steps.claim({ limit: 4 }), Steps.change(ids, to))
        const refused = changed.filter((result) => result.to === "refused").map(({ id }) => id)
        const after = yield* Steps.list({ ids })
        assert.lengthOf(changed, 4)
        assert.includeMembers(claims.map(({ id }) => id), refused)
        assert.deepStrictEqual(
          after.filter(({ state }) => state === "running").map(({ id }) => id).toSorted(),
          claims.map(({ id }) => id).toSorted()
        )
        if (round % 2 === 0) {
          assert.lengthOf(after.filter(({ state }) => state === "scheduled"), changed.length - refused.length)
        } else {
          assert.lengthOf(after.filter(({ priority }) => priority === 10), changed.length - refused.length)
        }
        const rest = yield* Steps.claim({ limit: 4 })
        assert.lengthOf(rest, round % 2 === 0 ? 0 : 4 - claims.length)
        for (const claim of [...claims, ...rest]) yield* Steps.settle(claim, outcomes.completed())
        yield* Steps.transition(ids, "Cancel")
      }
    }))

  test("F62: a claim and a cancel: cancelled, or running and asked to stop", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      for (let round = 0; round < rounds; round++) {
        const id = yield* Steps.insertOne()
        const [claims, [result]] = yield* both(Steps.claim(), Steps.transition([id], "Cancel"))
        const to = Steps.present(result, "an answer").to
        assert.include(["cancelled", "requested"], to)
        assert.lengthOf(claims, to === "requested" ? 1 : 0)
        for (const claim of claims) {
          const renewed = yield* Steps.renew()
          assert.deepInclude(renewed, { cancellations: [{ id, token: claim.token, reason: "changed our mind" }] })
          yield* Steps.settle(claim, outcomes.released())
        }
        assert.strictEqual((yield* Steps.get(id)).state, "cancelled")
      }
    }))

  test("F62: a settle and a cancel: one end, and the request does not outlive the claim", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      for (let round = 0; round < rounds; round++) {
        const id = yield* Steps.insertOne()
        const claim = yield* Steps.claimOne()
        const [answer, [result]] = yield* both(
          Steps.settle(claim, outcomes.released()),
          Steps.transition([id], "Cancel")
        )
        assert.strictEqual(answer, "Applied")
        assert.include(["requested", "cancelled"], Steps.present(result, "an answer").to)
        assert.strictEqual((yield* Steps.get(id)).state, "cancelled")
        assert.deepInclude(yield* Steps.renew(), { cancellations: [] })
        assert.deepStrictEqual(yield* Steps.claim(), [])
      }
    }))

  test("a leave and a settle: released or completed, once", () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        const workerId = `w${round}`
        yield* Steps.register(workerId)
        const id = yield* Steps.insertOne()
        const claim = yield* Steps.claimOne({ workerId })
        const [answer] = yield* both(
          Steps.settle(claim, outcomes.completed(), { workerId }),
          Steps.leave(workerId)
        )
        assert.strictEqual((yield* Steps.get(id)).state, answer === "Applied" ? "completed" : "available")
        assert.lengthOf(yield* Steps.history(id), 1)
        yield* Steps.transition([id], "Remove")
      }
    }))

  test("a claim and a leave: no job stays with a worker that is gone", () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        const workerId = `w${round}`
        yield* Steps.register(workerId)
        const id = yield* Steps.insertOne()
        yield* both(Steps.claim({ workerId }), Steps.leave(workerId))
        yield* Steps.reclaim()
        assert.strictEqual((yield* Steps.get(id)).state, "available")
        yield* Steps.transition([id], "Remove")
      }
    }))

  test("a claim and a removal: gone, or running", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      for (let round = 0; round < rounds; round++) {
        const id = yield* Steps.insertOne()
        const [claims, [result]] = yield* both(Steps.claim(), Steps.transition([id], "Remove"))
        const to = Steps.present(result, "an answer").to
        assert.include(["removed", "refused"], to)
        assert.lengthOf(claims, to === "refused" ? 1 : 0)
        for (const claim of claims) yield* Steps.settle(claim, outcomes.completed())
        assert.lengthOf(yield* Steps.list({ ids: [id] }), to === "refused" ? 1 : 0)
      }
    }))
}
