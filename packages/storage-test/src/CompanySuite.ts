/**
 * Jobs in company: those that end in one step keep what is their own, and take nothing from their neighbours.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { Claim, JobId, Outcome } from "@millrace/storage"
import { Storage } from "@millrace/storage"
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
  describe("company", () => {
    endings(test)
    repetitions(test)
    leases(test)
  })
}

/** Settles claims of one worker in one step. */
const settleAll = (claims: ReadonlyArray<Claim.Claim>, outcome: Outcome.Outcome, hasReport = false) =>
  Storage.Storage.use((storage) =>
    storage.settle("w1", claims.map((claim) => Fixture.settlement(claim, outcome, hasReport ? { hasReport } : {})))
  )

/** What a job of the company has of its own at the end. */
interface Own {
  readonly error: string | null
  readonly progress: { readonly value: number; readonly note: string | null } | null
}

const own: ReadonlyArray<Own> = [
  { error: "mailbox full", progress: { value: 0.25, note: null } },
  { error: "no such user", progress: { value: 0, note: "halfway" } },
  { error: null, progress: { value: 0.75, note: "nearly" } },
  { error: null, progress: null }
]

/**
 * Four running jobs of one claim: two failed before, and were snoozed since, with errors of their own; three reported
 * progress, the last one only a checkpoint.
 */
const company = Effect.gen(function*() {
  yield* Steps.register()
  const ids = yield* Steps.insert(...own.map((_, index) => ({ unique: Fixture.unique(`k${index}`) })))
  for (const claim of yield* Steps.claim()) {
    const error = own[ids.indexOf(claim.id)]?.error ?? null
    yield* Steps.settle(claim, error === null ? outcomes.released() : outcomes.retried(0, Fixture.failure(error)))
  }
  for (const claim of yield* Steps.claim()) yield* Steps.settle(claim, outcomes.snoozed())
  const claims = yield* Steps.claim()
  assert.lengthOf(claims, own.length)
  for (const claim of claims) {
    const progress = own[ids.indexOf(claim.id)]?.progress ?? null
    if (progress === null) yield* Steps.report(claim, { checkpoint: { row: 7 } })
    else if (progress.value === 0) yield* Steps.report(claim, { note: progress.note ?? "" })
    else {
      yield* Steps.report(claim, {
        progress: progress.value,
        ...(progress.note === null ? {} : { note: progress.note })
      })
    }
  }
  return { ids, claims }
})

const assertOwn = Effect.fnUntraced(function*(ids: ReadonlyArray<JobId.JobId>, state: string) {
  const records = yield* Effect.forEach(ids, (id) => Steps.get(id))
  assert.deepStrictEqual(records.map((record) => record.state), ids.map(() => state))
  assert.deepStrictEqual(records.map((record) => record.error?.message ?? null), own.map(({ error }) => error))
  assert.deepStrictEqual(records.map((record) => record.progress), own.map(({ progress }) => progress))
  // Every key is free again.
  yield* Steps.insert(...own.map((_, index) => ({ unique: Fixture.unique(`k${index}`) })))
})

const endings = (test: Declare): void => {
  test("cancelled by their worker, each keeps its error and its progress", () =>
    Effect.gen(function*() {
      const { claims, ids } = yield* company
      yield* settleAll(claims, outcomes.cancelled(), true)
      yield* assertOwn(ids, "cancelled")
    }))

  test("cancelled as their worker leaves, each keeps its error and its progress", () =>
    Effect.gen(function*() {
      const { ids } = yield* company
      yield* Steps.transition(ids, "Cancel")
      yield* Steps.leave()
      yield* assertOwn(ids, "cancelled")
    }))

  test("cancelled as their worker is lost, each keeps its error and its progress", () =>
    Effect.gen(function*() {
      const { ids } = yield* company
      yield* Steps.transition(ids, "Cancel")
      yield* Steps.crashWorkers
      yield* assertOwn(ids, "cancelled")
    }))

  test("dead, each keeps its progress", () =>
    Effect.gen(function*() {
      const { claims, ids } = yield* company
      yield* settleAll(claims, outcomes.dead(), true)
      const records = yield* Effect.forEach(ids, (id) => Steps.get(id))
      assert.deepStrictEqual(records.map((record) => record.progress), own.map(({ progress }) => progress))
    }))

  test("completed, each frees its key and leaves no checkpoint to another", () =>
    Effect.gen(function*() {
      const { claims, ids } = yield* company
      yield* settleAll(claims.slice(0, 2), outcomes.completed(), true)
      const states = yield* Effect.forEach(claims, (claim) => Steps.get(claim.id))
      assert.deepStrictEqual(states.map(({ state }) => state), ["completed", "completed", "running", "running"])
      const last = yield* Steps.get(Steps.present(ids.at(-1), "the last id"))
      assert.deepStrictEqual(last.checkpoint, { row: 7 })
      const free = claims.slice(0, 2).map((claim) => ({ unique: Fixture.unique(`k${ids.indexOf(claim.id)}`) }))
      yield* Steps.insert(...free)
    }))

  test("lost, only those that were asked to stop end", () =>
    Effect.gen(function*() {
      const { ids } = yield* company
      const [first, ...rest] = ids
      yield* Steps.transition([Steps.present(first, "an id")], "Cancel")
      yield* Steps.crashWorkers
      assert.strictEqual((yield* Steps.get(Steps.present(first, "an id"))).state, "cancelled")
      const others = yield* Effect.forEach(rest, (id) => Steps.get(id))
      assert.deepStrictEqual(others.map(({ crashes, state }) => [state, crashes]), rest.map(() => ["available", 1]))
      assert.deepStrictEqual(others.map(({ progress }) => progress), own.slice(1).map(({ progress }) => progress))
    }))
}

const repetitions = (test: Declare): void => {
  const endsTwice = (name: string, outcome: Outcome.Outcome) =>
    test(`an older attempt that says ${name} is refused, though the newer one of the same worker ended so`, () =>
      Effect.gen(function*() {
        const older = yield* Steps.running()
        yield* Steps.settle(older, outcomes.retried())
        const newer = yield* Steps.claimOne()
        assert.strictEqual(yield* Steps.settle(newer, outcome), "Applied")
        assert.strictEqual(yield* Steps.settle(older, outcome), "LeaseLost")
        assert.strictEqual(yield* Steps.settle(newer, outcome), "Applied")
      }))

  endsTwice("completed", outcomes.completed(1))
  endsTwice("dead", outcomes.dead())
  endsTwice("snoozed", outcomes.snoozed(1000))
  endsTwice("cancelled", outcomes.cancelled())
}

const leases = (test: Declare): void => {
  test("two claims settled in part keep what is left of each", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({}, {}, {}, {}, {})
      const first = yield* Steps.claim({ limit: 3 })
      const second = yield* Steps.claim({ limit: 2 })
      yield* settleAll([...first.slice(0, 2), ...second.slice(0, 1)], outcomes.completed())
      yield* settleAll(first.slice(0, 1), outcomes.retried())
      const states = yield* Effect.forEach([...first, ...second], (claim) => Steps.get(claim.id))
      assert.deepStrictEqual(states.map(({ state }) => state), [
        "completed",
        "completed",
        "running",
        "completed",
        "running"
      ])
      assert.deepStrictEqual(yield* settleAll([...first.slice(2), ...second.slice(1)], outcomes.retried(1000)), [
        "Applied",
        "Applied"
      ])
      yield* TestClock.adjust(Fixture.leaseMillis)
      assert.deepStrictEqual(yield* Steps.reclaim(), [])
    }))

  test("one worker's leaving, loss or settlement touches no other's jobs", () =>
    Effect.gen(function*() {
      yield* Steps.register("w1")
      yield* Steps.register("w2")
      yield* Steps.insert({}, {}, {}, {})
      const mine = yield* Steps.claim({ limit: 2 })
      const theirs = yield* Steps.claim({ limit: 2, workerId: "w2" })
      yield* settleAll(mine.slice(0, 1), outcomes.cancelled())
      yield* Steps.leave()
      const states = yield* Effect.forEach([...mine, ...theirs], (claim) => Steps.get(claim.id))
      assert.deepStrictEqual(states.map(({ state }) => state), ["cancelled", "available", "running", "running"])
    }))
}
