/**
 * What a person may do with a job in each state: cancel, retry, promote, change, remove.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { JobState, Outcome } from "@millrace/storage"
import { JobId, Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture
const at = (millis: number) => DateTime.makeUnsafe(Fixture.startMillis + millis)

/** Brings a new job into a state. */
const jobIn = Effect.fnUntraced(function*(state: JobState.JobState, job = {}) {
  if (state === "scheduled") return yield* Steps.insertOne({ ...job, delayMillis: 60_000 })
  if (state === "available") return yield* Steps.insertOne(job)
  const claim = yield* Steps.running(job)
  const ends: { readonly [State in JobState.JobState]?: Outcome.Outcome } = {
    retryable: outcomes.retried(60_000),
    completed: outcomes.completed(1),
    cancelled: outcomes.cancelled(),
    dead: outcomes.dead()
  }
  const outcome = ends[state]
  if (outcome !== undefined) yield* Steps.settle(claim, outcome)
  return claim.id
})

/** The counts of the only queue. */
const counts = Effect.map(Storage.Storage.use((storage) => storage.overview), ({ queues }) => queues[0]?.counts)

type Table = ReadonlyArray<readonly [JobState.JobState, Storage.TransitionResult["to"]]>

const cancel: Table = [
  ["scheduled", "cancelled"],
  ["available", "cancelled"],
  ["running", "requested"],
  ["retryable", "cancelled"],
  ["completed", "refused"],
  ["cancelled", "refused"],
  ["dead", "cancelled"]
]

const retry: Table = [
  ["scheduled", "available"],
  ["available", "refused"],
  ["running", "refused"],
  ["retryable", "available"],
  ["completed", "refused"],
  ["cancelled", "available"],
  ["dead", "available"]
]

const promote: Table = [
  ["scheduled", "available"],
  ["available", "refused"],
  ["running", "refused"],
  ["retryable", "available"],
  ["completed", "refused"],
  ["cancelled", "refused"],
  ["dead", "refused"]
]

const remove: Table = [
  ["scheduled", "removed"],
  ["available", "removed"],
  ["running", "refused"],
  ["retryable", "removed"],
  ["completed", "removed"],
  ["cancelled", "removed"],
  ["dead", "removed"]
]

const change: Table = [
  ["scheduled", "scheduled"],
  ["available", "available"],
  ["running", "refused"],
  ["retryable", "retryable"],
  ["completed", "refused"],
  ["cancelled", "refused"],
  ["dead", "refused"]
]

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("transition", () => {
    for (
      const [tag, table] of [["Cancel", cancel], ["Retry", retry], ["Promote", promote], ["Remove", remove]] as const
    ) {
      for (const [from, to] of table) test(`${tag}: ${from} → ${to}`, () => follows(tag, from, to))
    }
    for (const [from, to] of change) test(`Change: ${from} → ${to}`, () => changes(from, to))
    describe("batches", () => batches(test))
    describe("cancel", () => cancelling(test))
    describe("retry", () => retrying(test))
    describe("change", () => changing(test))
    describe("remove", () => removing(test))
  })
}

const follows = Effect.fnUntraced(function*(
  tag: "Cancel" | "Retry" | "Promote" | "Remove",
  from: JobState.JobState,
  to: Storage.TransitionResult["to"]
) {
  const id = yield* jobIn(from)
  const before = yield* Steps.get(id)
  assert.deepStrictEqual(yield* Steps.transition([id], tag), [{ id, from, to }])
  if (to === "removed") return assert.deepStrictEqual(yield* Steps.list({ ids: [id] }), [])
  const after = yield* Steps.get(id)
  if (to === "refused" || to === "requested") assert.deepStrictEqual(after, before)
  else assert.strictEqual(after.state, to)
})

const changes = Effect.fnUntraced(function*(from: JobState.JobState, to: Storage.TransitionResult["to"]) {
  const id = yield* jobIn(from, { priority: 50, tags: ["old"] })
  const before = yield* Steps.get(id)
  const counted = yield* counts
  const wanted = { priority: 10, tags: ["new", "newer"] }
  assert.deepStrictEqual(yield* Steps.change([id], wanted), [{ id, from, to }])
  assert.deepStrictEqual(yield* Steps.get(id), to === "refused" ? before : { ...before, ...wanted })
  assert.deepStrictEqual(yield* counts, counted)
  yield* Steps.change([id], {})
  assert.deepStrictEqual(yield* Steps.get(id), to === "refused" ? before : { ...before, ...wanted }, "nothing is asked")
  if (to === "refused") return
  yield* Steps.change([id], { tags: [] })
  assert.deepStrictEqual(yield* Steps.get(id), { ...before, ...wanted, tags: [] })
})

const batches = (test: Declare): void => {
  test("answers for the ids that exist, each by its own state", () =>
    Effect.gen(function*() {
      const [a, b] = yield* Steps.insert({}, { delayMillis: 1000 })
      const first = Steps.present(a, "an id")
      const second = Steps.present(b, "an id")
      const nobody = JobId.makeUnsafe("9000000000000000000")
      const results = yield* Steps.transition([second, nobody, first], "Retry")
      assert.deepStrictEqual(results.toSorted((x, y) => JobId.compare(x.id, y.id)), [
        { id: first, from: "available", to: "refused" },
        { id: second, from: "scheduled", to: "available" }
      ])
      assert.deepStrictEqual(yield* Steps.transition([], "Cancel"), [])
    }))

  test("acts on a thousand jobs, and refuses more", () =>
    Effect.gen(function*() {
      const ids = yield* Steps.insert(...Array.from({ length: 1000 }, () => ({})))
      const error = yield* Effect.flip(Steps.transition([...ids, ...ids.slice(0, 1)], "Cancel"))
      assert.strictEqual(error.reason._tag, "Invalid")
      const results = yield* Steps.transition(ids, "Cancel")
      assert.strictEqual(results.filter((result) => result.to === "cancelled").length, 1000)
    }))
}

const cancelling = (test: Declare): void => {
  test("ends a waiting job for good", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const [a, b] = yield* Steps.insert({}, { delayMillis: 1000 })
      yield* TestClock.adjust(500)
      yield* Steps.transition([Steps.present(a, "an id"), Steps.present(b, "an id")], "Cancel")
      yield* TestClock.adjust(5000)
      assert.strictEqual((yield* Steps.promote()).count, 0)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      const record = yield* Steps.get(Steps.present(a, "an id"))
      assert.deepInclude(record, { state: "cancelled", attempt: 0, finishedAt: at(500), workerId: null })
    }))

  for (const outcome of [outcomes.retried(1000), outcomes.snoozed(1000), outcomes.released(), outcomes.cancelled()]) {
    test(`cancels a running job that is ${outcome._tag.toLowerCase()} after the request`, () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running({ unique: Fixture.unique("k") })
        yield* Steps.transition([claim.id], "Cancel")
        assert.strictEqual(yield* Steps.settle(claim, outcome), "Applied")
        assert.deepInclude(yield* Steps.get(claim.id), { state: "cancelled", failures: 0, attempt: 1 })
        assert.deepStrictEqual(
          (yield* Steps.history(claim.id)).map((attempt) => attempt.outcome),
          ["cancelled"]
        )
        assert.strictEqual(yield* Steps.settle(claim, outcome), "Applied", "repeated")
        yield* Steps.insertOne({ unique: Fixture.unique("k") })
      }))
  }

  for (const outcome of [outcomes.completed(1), outcomes.dead()]) {
    test(`lets a running job that is ${outcome._tag.toLowerCase()} after the request be so`, () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running()
        yield* Steps.transition([claim.id], "Cancel")
        assert.strictEqual(yield* Steps.settle(claim, outcome), "Applied")
        assert.strictEqual((yield* Steps.get(claim.id)).state, outcome._tag === "Dead" ? "dead" : "completed")
      }))
  }

  test("cancels a running job whose worker leaves after the request", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.transition([claim.id], "Cancel")
      yield* Steps.leave()
      assert.strictEqual((yield* Steps.get(claim.id)).state, "cancelled")
    }))

  test("keeps the last attempt of a dead job in its history", () =>
    Effect.gen(function*() {
      const id = yield* jobIn("dead")
      const past = yield* Steps.history(id)
      yield* Steps.transition([id], "Cancel")
      assert.deepStrictEqual(yield* Steps.history(id), past)
      assert.lengthOf(past, 1)
    }))
}

const retrying = (test: Declare): void => {
  test("makes a waiting job available now, keeping its failures", () =>
    Effect.gen(function*() {
      const id = yield* jobIn("retryable")
      yield* Steps.transition([id], "Retry")
      assert.deepInclude(yield* Steps.get(id), { state: "available", failures: 1, attempt: 1 })
      assert.deepInclude(yield* Steps.claimOne(), { id, attempt: 2, failures: 1, token: 2 })
      yield* TestClock.adjust(60_000)
      assert.strictEqual((yield* Steps.promote()).count, 0)
    }))

  for (const state of ["dead", "cancelled"] as const) {
    test(`redrives a ${state} job from the start, with its history`, () =>
      Effect.gen(function*() {
        const id = yield* jobIn(state, { payload: { keep: [1] }, tags: ["keep"], retry: { keep: 1 } })
        const before = yield* Steps.get(id)
        const past = yield* Steps.history(id)
        yield* TestClock.adjust(1000)
        yield* Steps.transition([id], "Retry")
        const { runAt: _, ...after } = yield* Steps.get(id)
        const { runAt: __, ...kept } = before
        assert.deepStrictEqual(after, {
          ...kept,
          state: "available",
          attempt: 0,
          failures: 0,
          crashes: 0,
          error: null,
          workerId: null,
          startedAt: null,
          finishedAt: null
        })
        const claim = yield* Steps.claimOne()
        assert.deepInclude(claim, { id, attempt: 1, failures: 0, token: 2, payload: { keep: [1] } })
        yield* Steps.settle(claim, outcomes.completed())
        const attempts = yield* Steps.history(id)
        assert.deepStrictEqual(attempts.slice(0, 1), past)
        assert.deepStrictEqual(attempts.map((attempt) => [attempt.token, attempt.attempt]), [[1, 1], [2, 1]])
      }))
  }

  test("F60: gives a redriven job its unique key back", () =>
    Effect.gen(function*() {
      const id = yield* jobIn("dead", { unique: Fixture.unique("k") })
      yield* Steps.transition([id], "Retry")
      assert.deepStrictEqual(
        yield* Storage.Storage.use((storage) => storage.insert([Fixture.newJob({ unique: Fixture.unique("k") })])),
        [{ _tag: "Duplicate", id }]
      )
    }))

  test("refuses to redrive a job whose unique key another holds", () =>
    Effect.gen(function*() {
      const first = yield* jobIn("dead", { unique: Fixture.unique("k") })
      const second = yield* Steps.insertOne({ unique: Fixture.unique("k") })
      assert.deepStrictEqual(yield* Steps.transition([first], "Retry"), [{ id: first, from: "dead", to: "refused" }])
      assert.strictEqual((yield* Steps.get(first)).state, "dead")
      yield* Steps.transition([second], "Cancel")
      assert.deepStrictEqual(yield* Steps.transition([first], "Retry"), [{ id: first, from: "dead", to: "available" }])
    }))

  test("F41: redrives only one of several jobs with the same unique key", () =>
    Effect.gen(function*() {
      const first = yield* jobIn("dead", { unique: Fixture.unique("k") })
      const second = yield* jobIn("dead", { unique: Fixture.unique("k") })
      const results = yield* Steps.transition([first, second], "Retry")
      assert.deepStrictEqual(results.map((result) => result.to).toSorted(), ["available", "refused"])
    }))
}

const changing = (test: Declare): void => {
  for (const state of ["scheduled", "retryable"] as const) {
    test(`makes a ${state} job due at another time`, () =>
      Effect.gen(function*() {
        const id = yield* jobIn(state)
        yield* TestClock.adjust(500)
        yield* Steps.change([id], { delayMillis: 1000 })
        assert.deepInclude(yield* Steps.get(id), { state, runAt: at(1500) })
        yield* Steps.change([id], { runAt: at(5000) })
        assert.deepInclude(yield* Steps.get(id), { state, runAt: at(5000) })
        yield* TestClock.adjust(4499)
        assert.strictEqual((yield* Steps.promote()).count, 0)
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* Steps.promote()).count, 1)
        assert.strictEqual((yield* Steps.get(id)).state, "available")
      }))
  }

  test("makes a scheduled job due now by a time in the past", () =>
    Effect.gen(function*() {
      const id = yield* jobIn("scheduled")
      yield* TestClock.adjust(500)
      yield* Steps.change([id], { runAt: at(-60_000) })
      assert.deepInclude(yield* Steps.get(id), { state: "scheduled", runAt: at(500) })
      assert.strictEqual((yield* Steps.promote()).count, 1)
    }))

  test("puts off an available job, and leaves it in its line by a time that has come", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const [a, b] = yield* Steps.insert({}, {})
      const first = Steps.present(a, "an id")
      const second = Steps.present(b, "an id")
      yield* TestClock.adjust(500)
      assert.deepStrictEqual(yield* Steps.change([first], { delayMillis: 0 }), [
        { id: first, from: "available", to: "available" }
      ])
      assert.deepInclude(yield* Steps.get(first), { state: "available", runAt: at(0) })
      assert.deepStrictEqual(yield* Steps.change([second], { delayMillis: 1000, tags: ["later"], priority: 7 }), [
        { id: second, from: "available", to: "scheduled" }
      ])
      assert.deepInclude(yield* Steps.get(second), {
        state: "scheduled",
        runAt: at(1500),
        tags: ["later"],
        priority: 7
      })
      assert.deepInclude(Steps.present(yield* counts, "counts"), { available: 1, scheduled: 1 })
      assert.deepStrictEqual((yield* Steps.claim({ limit: 5 })).map((claim) => claim.id), [first])
      yield* TestClock.adjust(1000)
      yield* Steps.promote()
      assert.deepStrictEqual((yield* Steps.claim({ limit: 5 })).map((claim) => claim.id), [second])
    }))

  test("puts an available job at the end of its new line, and keeps its place when its priority stays", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const ids = yield* Steps.insert({ priority: 10 }, { priority: 50 }, { priority: 50 }, { priority: 50 })
      const [early, a, b, c] = ids.map((id) => Steps.present(id, "an id"))
      yield* Steps.change([Steps.present(b, "an id")], { priority: 50, tags: ["kept"] })
      yield* Steps.change([Steps.present(a, "an id")], { priority: 10 })
      // The claims go on where the one before ended: a job that comes to a line later is not passed over.
      const lent: Array<JobId.JobId> = []
      for (let n = 0; n < 4; n++) lent.push((yield* Steps.claimOne()).id)
      assert.deepStrictEqual(lent, [early, a, b, c])
    }))

  test("finds a job whose priority changed between two claims", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const ids = yield* Steps.insert({ priority: 90 }, { priority: 50 }, { priority: 50 })
      const [late, first, second] = ids.map((id) => Steps.present(id, "an id"))
      assert.strictEqual((yield* Steps.claimOne()).id, first)
      yield* Steps.change([Steps.present(late, "an id")], { priority: 50 })
      assert.strictEqual((yield* Steps.claimOne()).id, second)
      assert.strictEqual((yield* Steps.claimOne()).id, late)
    }))

  test("moves the time to live with the due time", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const id = yield* Steps.insertOne({ delayMillis: 1000, ttlMillis: 1000 })
      const ready = yield* Steps.insertOne({ ttlMillis: 1000 })
      yield* Steps.change([id, ready], { delayMillis: 5000 })
      yield* TestClock.adjust(5999)
      yield* Steps.promote()
      assert.deepStrictEqual((yield* Steps.get(id)).state, "available")
      assert.deepStrictEqual((yield* Steps.get(ready)).state, "available")
      yield* TestClock.adjust(1)
      yield* Steps.promote()
      assert.deepStrictEqual((yield* Steps.get(id)).state, "cancelled")
      assert.deepStrictEqual((yield* Steps.get(ready)).state, "cancelled")
    }))

  test("keeps unique key, limits and history of a job that it puts off", () =>
    Effect.gen(function*() {
      const id = yield* jobIn("retryable", { unique: Fixture.unique("k") })
      const past = yield* Steps.history(id)
      yield* Steps.transition([id], "Promote")
      yield* Steps.change([id], { delayMillis: 1000 })
      assert.deepInclude(yield* Steps.get(id), { state: "scheduled", failures: 1, uniqueKey: "k", token: 1 })
      assert.deepStrictEqual(yield* Steps.history(id), past)
      yield* TestClock.adjust(1000)
      yield* Steps.promote()
      assert.deepInclude(yield* Steps.claimOne(), { id, attempt: 2, token: 2 })
    }))

  test("refuses a suspect, whose place is decided otherwise", () =>
    Effect.gen(function*() {
      const { id } = yield* Steps.running()
      yield* Steps.crashWorkers
      assert.deepStrictEqual(yield* Steps.change([id], { priority: 1 }), [{ id, from: "available", to: "refused" }])
    }))

  test("refuses numbers and texts out of bounds, and changes nothing", () =>
    Effect.gen(function*() {
      const id = yield* jobIn("scheduled")
      const before = yield* Steps.get(id)
      const wrong = [
        { priority: 101 },
        { delayMillis: -1 },
        { delayMillis: 1, runAt: at(0) },
        { tags: ["\u0000"] }
      ]
      for (const to of wrong) {
        assert.strictEqual((yield* Effect.flip(Steps.change([id], to))).reason._tag, "Invalid", JSON.stringify(to))
      }
      assert.deepStrictEqual(yield* Steps.get(id), before)
    }))
}

const removing = (test: Declare): void => {
  for (const state of ["retryable", "completed", "dead"] as const) {
    test(`removes a ${state} job with its history`, () =>
      Effect.gen(function*() {
        const id = yield* jobIn(state)
        yield* Steps.transition([id], "Remove")
        assert.deepStrictEqual(yield* Steps.history(id), [])
        assert.deepStrictEqual(yield* Steps.transition([id], "Retry"), [])
      }))
  }

  test("removes a suspect", () =>
    Effect.gen(function*() {
      const { id } = yield* Steps.running()
      yield* Steps.crashWorkers
      yield* Steps.transition([id], "Remove")
      yield* Steps.register("w2")
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2", suspects: true }), [])
      assert.deepStrictEqual(yield* Steps.list({}), [])
    }))
}
