/**
 * Parents: jobs that wait until others are completed.
 *
 * Parents run in the queue `default`, and what waits for them lies in `children`.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { JobId, JobState, NewJob } from "@millrace/storage"
import { Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture

const nothing: Storage.Promoted = { count: 0, queues: [], nextDueMillis: null }

const child = (parents: ReadonlyArray<JobId.JobId>, job: Partial<NewJob.NewJob> = {}) =>
  Steps.insertOne({ queue: "children", parents, ...job })

const stateOf = (id: JobId.JobId) => Effect.map(Steps.get(id), (job) => job.state)

/** A parent that has ended so. */
const ended = (outcome = outcomes.completed()) =>
  Effect.gen(function*() {
    const claim = yield* Steps.running()
    yield* Steps.settle(claim, outcome)
    return claim.id
  })

const refusalOf = (...jobs: ReadonlyArray<Partial<NewJob.NewJob>>) =>
  Storage.Storage.use((storage) =>
    Effect.map(Effect.flip(storage.insert(jobs.map(Fixture.newJob))), ({ isTransient, reason }) => ({
      isTransient,
      tag: reason._tag,
      field: reason._tag === "Invalid" ? reason.field : null,
      message: reason.message
    }))
  )

const countsOf = (queue: string) =>
  Storage.Storage.use((storage) =>
    Effect.map(storage.overview, ({ queues }) => {
      const counts = Object.entries(queues.find((one) => one.queue === queue)?.counts ?? {})
      return Object.fromEntries(counts.filter(([, count]) => count !== 0))
    })
  )

const waitedFor = (id: JobId.JobId) =>
  Storage.Storage.use((storage) =>
    Effect.map(storage.inspect.explain(id), (facts) => Steps.present(facts, "the facts of a job").parents)
  )

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("parents", () => {
    declareRelease(test)
    declareTimes(test)
    declareFailures(test)
    declareChains(test)
    declareInserts(test)
    declareReads(test)
    declareSteering(test)
  })
}

const declareRelease = (test: Declare): void => {
  test("keep a job pending until the last of them is completed", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      const second = yield* Steps.running()
      const id = yield* child([first.id, second.id])
      assert.strictEqual(yield* stateOf(id), "pending")
      assert.deepStrictEqual(yield* Steps.claim({ queue: "children" }), [])
      assert.deepStrictEqual(yield* Steps.promote(), { ...nothing, nextDueMillis: Storage.releaseMillis })
      yield* Steps.settle(first, outcomes.completed())
      assert.deepStrictEqual(yield* Steps.promote(), { ...nothing, nextDueMillis: Storage.releaseMillis })
      yield* Steps.settle(second, outcomes.completed())
      assert.deepStrictEqual(yield* Steps.promote(), { count: 1, queues: ["children"], nextDueMillis: null })
      assert.strictEqual(yield* stateOf(id), "available")
      assert.strictEqual((yield* Steps.claimOne({ queue: "children" })).id, id)
    }))

  test("keep it waiting while they are scheduled, available, retried, snoozed or quarantined", () =>
    Effect.gen(function*() {
      const scheduled = yield* Steps.insertOne({ delayMillis: 60_000, queue: "later" })
      const available = yield* Steps.insertOne({ queue: "later" })
      const retried = yield* ended(outcomes.retried(60_000))
      const snoozed = yield* ended(outcomes.snoozed(60_000))
      const quarantined = yield* ended(outcomes.quarantined())
      const parents = [scheduled, available, retried, snoozed, quarantined]
      const ids = yield* Effect.forEach(parents, (parent) => child([parent]))
      yield* Steps.promote()
      assert.deepStrictEqual(yield* Effect.forEach(ids, stateOf), ids.map(() => "pending"))
    }))

  test("let a job go on that was given back and completed later", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      const id = yield* child([claim.id])
      yield* Steps.settle(claim, outcomes.retried(0))
      yield* Steps.promote()
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.completed())
      yield* Steps.promote()
      assert.strictEqual(yield* stateOf(id), "available")
    }))

  test("put those that they let go behind one another, oldest first", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.running()
      const ids = yield* Steps.insert(...[1, 2, 3].map(() => ({ queue: "children", parents: [parent.id] })))
      const later = yield* Steps.insertOne({ queue: "children" })
      yield* Steps.settle(parent, outcomes.completed())
      assert.strictEqual((yield* Steps.promote()).count, 3)
      const claims = yield* Steps.claim({ queue: "children" })
      assert.deepStrictEqual(claims.map((claim) => claim.id), [later, ...ids])
    }))

  test("leave every field of a job as it was", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.running()
      const job = Fixture.newJob({
        queue: "children",
        tenant: "acme",
        priority: 3,
        version: 2,
        payload: [{ a: null }],
        timeoutMillis: 1,
        retry: [1],
        unique: Fixture.unique("k"),
        tags: ["t"],
        parents: [parent.id]
      })
      const id = yield* Steps.insertOne(job)
      const { debounce: _, delayMillis: __, limits, parents: ____, runAt: _____, ttlMillis, unique, ...fields } = job
      const kept = { ...fields, uniqueKey: unique?.key ?? null }
      assert.isNull(ttlMillis)
      assert.deepInclude(yield* Steps.get(id), { ...kept, state: "pending", attempt: 0, error: null })
      yield* Steps.settle(parent, outcomes.completed())
      yield* Steps.promote()
      assert.deepInclude(yield* Steps.get(id), { ...kept, state: "available" })
      const claim = yield* Steps.claimOne({ queue: "children" })
      assert.deepInclude(claim, { ...kept, limits, createdAtMillis: Fixture.startMillis })
    }))
}

const declareTimes = (test: Declare): void => {
  test("leave a job scheduled whose time is still ahead", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.running()
      const id = yield* child([parent.id], { delayMillis: 60_000 })
      yield* TestClock.adjust(10_000)
      yield* Steps.settle(parent, outcomes.completed())
      assert.deepStrictEqual(yield* Steps.promote(), { ...nothing, nextDueMillis: 50_000 })
      assert.strictEqual(yield* stateOf(id), "scheduled")
      yield* TestClock.adjust(50_000)
      assert.deepStrictEqual(yield* Steps.promote(), { count: 1, queues: ["children"], nextDueMillis: null })
    }))

  test("keep a job pending whose time has come", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.running()
      const id = yield* child([parent.id], { delayMillis: 1000 })
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* Steps.promote()).count, 0)
      assert.strictEqual(yield* stateOf(id), "pending")
    }))

  test("make it due when it goes on, and begin its time to live then", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.running()
      const id = yield* child([parent.id], { ttlMillis: 1000 })
      yield* TestClock.adjust(5000)
      yield* Steps.promote()
      assert.strictEqual(yield* stateOf(id), "pending")
      yield* Steps.settle(parent, outcomes.completed())
      yield* Steps.promote()
      assert.deepStrictEqual((yield* Steps.get(id)).runAt, DateTime.makeUnsafe(Fixture.startMillis + 5000))
      yield* TestClock.adjust(999)
      yield* Steps.promote()
      assert.strictEqual(yield* stateOf(id), "available")
      yield* TestClock.adjust(1)
      yield* Steps.promote()
      assert.deepInclude(yield* Steps.get(id), { state: "cancelled" })
    }))
}

const declareFailures = (test: Declare): void => {
  const cases: ReadonlyArray<readonly ["dead" | "cancelled" | "removed", string]> = [
    ["dead", "is dead"],
    ["cancelled", "was cancelled"],
    ["removed", "was removed"]
  ]
  for (const [state, became] of cases) {
    test(`cancel a job of which one ${became}, and name that one`, () =>
      Effect.gen(function*() {
        const waiting = yield* Steps.insertOne({ delayMillis: 60_000 })
        const claim = yield* Steps.running()
        const id = yield* child([waiting, claim.id], { unique: Fixture.unique("k") })
        if (state === "dead") yield* Steps.settle(claim, outcomes.dead())
        else yield* Steps.settle(claim, outcomes.cancelled())
        if (state === "removed") yield* Steps.transition([claim.id], "Remove")
        yield* TestClock.adjust(10)
        yield* Steps.promote()
        assert.deepInclude(yield* Steps.get(id), {
          state: "cancelled",
          attempt: 0,
          error: {
            tag: "ParentFailed",
            message: `Job ${id} waited for job ${claim.id}, which ${became}`,
            data: { parent: claim.id, state }
          },
          finishedAt: DateTime.makeUnsafe(Fixture.startMillis + 10)
        })
        yield* Steps.insertOne({ unique: Fixture.unique("k") })
        assert.deepStrictEqual(yield* countsOf("children"), { cancelled: 1 })
      }))
  }

  test("cancel a job that was inserted after they ended badly", () =>
    Effect.gen(function*() {
      const dead = yield* ended(outcomes.dead())
      const cancelled = yield* ended(outcomes.cancelled())
      const ids = yield* Effect.forEach([dead, cancelled], (parent) => child([parent]))
      assert.deepStrictEqual(yield* Effect.forEach(ids, stateOf), ["pending", "pending"])
      yield* Steps.promote()
      assert.deepStrictEqual(yield* Effect.forEach(ids, stateOf), ["cancelled", "cancelled"])
    }))

  test("let a job run that is redriven after it was cancelled because of them", () =>
    Effect.gen(function*() {
      const id = yield* child([yield* ended(outcomes.dead())])
      yield* Steps.promote()
      assert.deepStrictEqual(yield* Steps.transition([id], "Retry"), [{ id, from: "cancelled", to: "available" }])
      assert.deepStrictEqual(yield* Steps.promote(), nothing)
      assert.deepInclude(yield* Steps.get(id), { state: "available", error: null })
      assert.strictEqual((yield* Steps.claimOne({ queue: "children" })).id, id)
    }))
}

const declareChains = (test: Declare): void => {
  test("let a chain go on link by link", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      const second = yield* Steps.insertOne({ parents: [first.id] })
      const third = yield* Steps.insertOne({ parents: [second] })
      yield* Steps.settle(first, outcomes.completed())
      assert.deepStrictEqual(yield* Steps.promote(), {
        count: 1,
        queues: ["default"],
        nextDueMillis: Storage.releaseMillis
      })
      assert.strictEqual(yield* stateOf(third), "pending")
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.completed())
      assert.strictEqual((yield* Steps.promote()).count, 1)
      assert.strictEqual((yield* Steps.claimOne()).id, third)
    }))

  test("cancel a chain from its broken link on, without pause", () =>
    Effect.gen(function*() {
      const first = yield* Steps.running()
      const second = yield* child([first.id])
      const third = yield* child([second])
      const fourth = yield* child([third])
      yield* Steps.settle(first, outcomes.dead())
      assert.deepStrictEqual(yield* Steps.promote(), { ...nothing, nextDueMillis: 0 })
      assert.deepStrictEqual(yield* Effect.forEach([second, third], stateOf), ["cancelled", "pending"])
      for (let call = 0; call < 4; call++) yield* Steps.promote()
      assert.deepInclude((yield* Steps.get(fourth)).error, {
        message: `Job ${fourth} waited for job ${third}, which was cancelled`
      })
      assert.deepStrictEqual(yield* Steps.promote(), nothing)
    }))

  test("join what was spread out", () =>
    Effect.gen(function*() {
      const root = yield* Steps.running()
      const branches = yield* Steps.insert(...[1, 2, 3, 4].map(() => ({ parents: [root.id] })))
      const join = yield* child(branches)
      yield* Steps.settle(root, outcomes.completed())
      yield* Steps.promote()
      for (const [index, claim] of (yield* Steps.claim()).entries()) {
        assert.strictEqual(yield* stateOf(join), "pending", `after ${index} branches`)
        yield* Steps.settle(claim, outcomes.completed())
        yield* Steps.promote()
      }
      assert.strictEqual(yield* stateOf(join), "available")
    }))
}

const declareInserts = (test: Declare): void => {
  test("that are completed already keep nothing back", () =>
    Effect.gen(function*() {
      const parent = yield* ended()
      assert.strictEqual(yield* stateOf(yield* child([parent])), "available")
      assert.strictEqual(yield* stateOf(yield* child([parent], { delayMillis: 10 })), "scheduled")
      const running = yield* Steps.running()
      const id = yield* child([parent, running.id])
      yield* Steps.transition([parent], "Remove")
      yield* Steps.promote()
      assert.strictEqual(yield* stateOf(id), "pending")
    }))

  test("that do not exist refuse the whole batch by name", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.insertOne()
      const gone = yield* Steps.insertOne()
      yield* Steps.transition([gone], "Remove")
      assert.deepStrictEqual(yield* refusalOf({}, { parents: [parent, gone] }), {
        isTransient: false,
        tag: "Invalid",
        field: "parents",
        message:
          `Storage refused parents in insert: job ${gone} does not exist: it was never enqueued here, was removed, or was pruned`
      })
      assert.lengthOf(yield* Steps.list({}), 1)
    }))

  test("count once when they are named twice, and are at most a hundred", () =>
    Effect.gen(function*() {
      const parents = yield* Steps.insert(...Array.from({ length: 101 }, () => ({})))
      const hundred = parents.slice(0, 100)
      assert.strictEqual(yield* stateOf(yield* child([...hundred, ...hundred])), "pending")
      const refusal = yield* refusalOf({ parents })
      assert.deepInclude(refusal, { tag: "Invalid", field: "parents.length" })
      const [parent] = yield* Steps.transition([Steps.present(parents[0], "an id")], "Cancel")
      assert.strictEqual(parent?.to, "cancelled")
    }))

  test("are not for debounced jobs", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.insertOne()
      const debounce = { key: "k", waitMillis: 10, maxWaitMillis: null, payload: "keep" } as const
      assert.deepInclude(yield* refusalOf({ debounce, parents: [parent] }), { tag: "Invalid", field: "parents" })
    }))

  test("may be had by some jobs of a batch, in whatever order", () =>
    Effect.gen(function*() {
      const done = yield* ended()
      const parent = yield* Steps.insertOne({ queue: "later" })
      const ids = yield* Steps.insert(
        {},
        { parents: [parent] },
        { delayMillis: 10 },
        { parents: [] },
        { parents: [done] },
        { parents: [parent, done], unique: Fixture.unique("k") }
      )
      const states: ReadonlyArray<JobState.JobState> = [
        "available",
        "pending",
        "scheduled",
        "available",
        "available",
        "pending"
      ]
      assert.deepStrictEqual(yield* Effect.forEach(ids, stateOf), states)
      assert.deepStrictEqual(ids, ids.toSorted((a, b) => Number(a) - Number(b)))
      const again = yield* Storage.Storage.use((storage) =>
        storage.insert([Fixture.newJob({ parents: [parent], unique: Fixture.unique("k") })])
      )
      assert.deepStrictEqual(again, [{ _tag: "Duplicate", id: Steps.present(ids[5], "an id") }])
    }))

  test("may be part of the caller's transaction, which leaves nothing behind when it fails", () =>
    Effect.gen(function*() {
      const { capabilities } = yield* Storage.Storage
      if (capabilities.transaction === null) return assert.isNull(capabilities.transaction)
      const both = Effect.gen(function*() {
        const parent = yield* Steps.insertOne()
        return { parent, id: yield* child([parent]) }
      })
      const error = yield* Effect.flip(capabilities.transaction(Effect.andThen(both, Effect.fail("no" as const))))
      assert.strictEqual(error, "no")
      assert.deepStrictEqual(yield* Steps.list({}), [])
      const { id } = yield* capabilities.transaction(both)
      yield* Steps.register()
      yield* Steps.settle(yield* Steps.claimOne(), outcomes.completed())
      yield* Steps.promote()
      assert.strictEqual(yield* stateOf(id), "available")
    }))
}

const declareReads = (test: Declare): void => {
  test("are told by an explanation, with their states, while they are not completed", () =>
    Effect.gen(function*() {
      const completed = yield* Steps.running()
      const running = yield* Steps.running()
      const available = yield* Steps.insertOne({ queue: "later" })
      const dead = yield* Steps.running()
      const gone = yield* Steps.insertOne({ queue: "later" })
      const id = yield* child([gone, dead.id, available, running.id, completed.id])
      yield* Steps.settle(completed, outcomes.completed())
      yield* Steps.settle(dead, outcomes.dead())
      yield* Steps.transition([gone], "Remove")
      assert.deepStrictEqual(yield* waitedFor(id), [
        { id: running.id, state: "running" },
        { id: available, state: "available" },
        { id: dead.id, state: "dead" }
      ])
      yield* Steps.promote()
      assert.deepStrictEqual(yield* waitedFor(id), [])
      assert.deepStrictEqual(yield* waitedFor(available), [])
    }))

  test("leave the jobs that wait countable and in every list", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.running()
      const id = yield* child([parent.id], { name: "Report", tenant: "acme", tags: ["t"], payload: { a: 1 } })
      yield* child([parent.id], { delayMillis: 10 })
      yield* Steps.insertOne({ queue: "children" })
      assert.deepStrictEqual(yield* countsOf("children"), { pending: 2, available: 1 })
      const found = (query: Parameters<typeof Steps.list>[0]) =>
        Effect.map(Steps.list(query), (jobs) => jobs.map((job) => job.id))
      assert.lengthOf(yield* found({ states: ["pending"] }), 2)
      assert.lengthOf(yield* found({}), 4)
      const own = { names: ["Report"], tenants: ["acme"], tags: ["t"], payload: { a: 1 }, queues: ["children"] }
      assert.deepStrictEqual(yield* found(own), [id])
      assert.deepStrictEqual(yield* found({ ...own, states: ["scheduled", "available"] }), [])
      assert.deepStrictEqual(yield* found({ states: ["pending"], before: id }), [])
      const createdBefore = DateTime.makeUnsafe(Fixture.startMillis)
      assert.deepStrictEqual(yield* found({ states: ["pending"], createdBefore }), [])
      assert.lengthOf(yield* found({ states: ["pending"], createdAfter: createdBefore }), 2)
      yield* Steps.settle(parent, outcomes.completed())
      yield* Steps.promote()
      assert.deepStrictEqual(yield* countsOf("children"), { available: 2, scheduled: 1 })
    }))
}

const declareSteering = (test: Declare): void => {
  const actions = [["Cancel", "cancelled"], ["Retry", "refused"], ["Promote", "refused"], [
    "Remove",
    "removed"
  ]] as const
  for (const [action, to] of actions) {
    test(`${action.toLowerCase()}: a job that waits for them is ${to}`, () =>
      Effect.gen(function*() {
        const parent = yield* Steps.running()
        const id = yield* child([parent.id], { unique: Fixture.unique("k") })
        assert.deepStrictEqual(yield* Steps.transition([id], action), [{ id, from: "pending", to }])
        const left = { cancelled: { cancelled: 1 }, refused: { pending: 1 }, removed: {} }
        assert.deepStrictEqual(yield* countsOf("children"), left[to])
        yield* Steps.settle(parent, outcomes.completed())
        const { count } = yield* Steps.promote()
        assert.strictEqual(count, to === "refused" ? 1 : 0)
        assert.deepStrictEqual(yield* Steps.promote(), nothing)
        if (to === "refused") return
        yield* Steps.insertOne({ unique: Fixture.unique("k") })
      }))
  }

  test("change: a job that waits for them stays as it is", () =>
    Effect.gen(function*() {
      const parent = yield* Steps.insertOne()
      const id = yield* child([parent])
      const before = yield* Steps.get(id)
      const refused = { id, from: "pending", to: "refused" } as const
      assert.deepStrictEqual(yield* Steps.change([id], { priority: 1, tags: ["t"], delayMillis: 1000 }), [refused])
      assert.deepStrictEqual(yield* Steps.get(id), before)
    }))
}
