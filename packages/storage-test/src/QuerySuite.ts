/**
 * Listing: every filter, alone and together, and pages that miss and repeat nothing.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { JobQuery } from "@millrace/storage"
import { JobId, Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture
const nobody = JobId.makeUnsafe("9000000000000000000")
const at = (millis: number) => DateTime.makeUnsafe(Fixture.startMillis + millis)

const payloadsFor = (query: JobQuery.JobQuery) =>
  Effect.map(Steps.list(query), (records) => records.map((record) => record.payload))

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("list", () => {
    describe("filters", () => filters(test))
    describe("payload", () => payloads(test))
    describe("pages", () => pages(test))
  })
}

/** One job in every state but `pending`, the payload says which. */
const oneInEachState = Effect.gen(function*() {
  yield* Steps.register()
  const ends = [
    ["completed", outcomes.completed()],
    ["cancelled", outcomes.cancelled()],
    ["dead", outcomes.dead()],
    ["retryable", outcomes.retried(60_000)]
  ] as const
  for (const [payload, outcome] of ends) {
    yield* Steps.insertOne({ payload })
    yield* Steps.settle(yield* Steps.claimOne(), outcome)
  }
  yield* Steps.insertOne({ payload: "running" })
  yield* Steps.claimOne()
  yield* Steps.insert({ payload: "available" }, { payload: "scheduled", delayMillis: 60_000 })
})

const filters = (test: Declare): void => {
  test("finds jobs in whichever state they are", () =>
    Effect.gen(function*() {
      yield* oneInEachState
      const all = ["scheduled", "available", "running", "retryable", "dead", "cancelled", "completed"] as const
      assert.deepStrictEqual(yield* payloadsFor({}), [...all])
      for (const state of all) assert.deepStrictEqual(yield* payloadsFor({ states: [state] }), [state])
      assert.deepStrictEqual(yield* payloadsFor({ states: ["dead", "available"] }), ["available", "dead"])
      assert.deepStrictEqual(yield* payloadsFor({ states: ["pending"] }), [])
      const ids = (yield* Steps.list({})).map((record) => record.id)
      assert.deepStrictEqual(yield* payloadsFor({ ids }), [...all])
    }))

  test("finds suspects as available jobs", () =>
    Effect.gen(function*() {
      const { id } = yield* Steps.running()
      yield* Steps.crashWorkers
      const records = yield* Steps.list({ states: ["available"] })
      assert.deepStrictEqual(records.map((record) => record.id), [id])
    }))

  test("filters by id, name, queue, tenant and tag, any value of each", () =>
    Effect.gen(function*() {
      const [a] = yield* Steps.insert(
        { payload: "a", name: "A", queue: "q1", tenant: "x", tags: ["red", "big"] },
        { payload: "b", name: "B", queue: "q1", tenant: "y", tags: ["blue"] },
        { payload: "c", name: "C", queue: "q2", tenant: "", tags: [] }
      )
      const id = Steps.present(a, "an id")
      assert.deepStrictEqual(yield* payloadsFor({ ids: [id, nobody] }), ["a"])
      assert.deepStrictEqual(yield* payloadsFor({ names: ["C", "A", "Z"] }), ["c", "a"])
      assert.deepStrictEqual(yield* payloadsFor({ queues: ["q1"] }), ["b", "a"])
      assert.deepStrictEqual(yield* payloadsFor({ tenants: ["y", ""] }), ["c", "b"])
      assert.deepStrictEqual(yield* payloadsFor({ tags: ["big"] }), ["a"])
      assert.deepStrictEqual(yield* payloadsFor({ tags: ["blue", "red", "none"] }), ["b", "a"])
    }))

  test("wants every filter to hold", () =>
    Effect.gen(function*() {
      yield* Steps.insert(
        { payload: "a", name: "A", queue: "q1", tags: ["t"] },
        { payload: "b", name: "A", queue: "q2", tags: ["t"] },
        { payload: "c", name: "B", queue: "q1", tags: ["t"] },
        { payload: "d", name: "A", queue: "q1" }
      )
      const query = { names: ["A"], queues: ["q1"], tags: ["t"], states: ["available"] } as const
      assert.deepStrictEqual(yield* payloadsFor(query), ["a"])
    }))

  test("finds nothing for a filter without values", () =>
    Effect.gen(function*() {
      yield* Steps.insertOne()
      for (const query of [{ ids: [] }, { states: [] }, { names: [] }, { queues: [] }, { tenants: [] }, { tags: [] }]) {
        assert.deepStrictEqual(yield* Steps.list(query), [], JSON.stringify(query))
      }
    }))

  test("filters by the instant of insertion: from included, to excluded", () =>
    Effect.gen(function*() {
      for (const payload of [0, 1, 2, 3]) {
        yield* Steps.insertOne({ payload })
        yield* TestClock.adjust(1000)
      }
      assert.deepStrictEqual(yield* payloadsFor({ createdAfter: at(1000) }), [3, 2, 1])
      assert.deepStrictEqual(yield* payloadsFor({ createdBefore: at(1000) }), [0])
      assert.deepStrictEqual(yield* payloadsFor({ createdAfter: at(1), createdBefore: at(2001) }), [2, 1])
    }))

  test("takes values with quotes and wildcards as they are", () =>
    Effect.gen(function*() {
      const odd = "a'b\"c\\%_; --"
      yield* Steps.insert({ name: odd, queue: odd, tenant: odd, tags: [odd], payload: odd }, { name: "x" })
      const query = { names: [odd], queues: [odd], tenants: [odd], tags: [odd], payload: odd }
      assert.deepStrictEqual(yield* payloadsFor(query), [odd])
    }))
}

/** PostgreSQL's `outer @> inner`, by its manual, section 8.14.3. */
const contained: ReadonlyArray<readonly [outer: Schema.Json, inner: Schema.Json, boolean]> = [
  [{ a: 1, b: [1, 2, { c: 3 }] }, {}, true],
  [{ a: 1, b: [1, 2, { c: 3 }] }, { a: 1 }, true],
  [{ a: 1, b: [1, 2, { c: 3 }] }, { b: [2] }, true],
  [{ a: 1, b: [1, 2, { c: 3 }] }, { b: [{ c: 3 }] }, true],
  [{ a: 1, b: [1, 2, { c: 3 }] }, { b: [2, 1, 2] }, true],
  [{ a: 1, b: [1, 2, { c: 3 }] }, { b: [4] }, false],
  [{ a: 1, b: [1, 2, { c: 3 }] }, { b: 2 }, false],
  [{ a: 1, b: [1, 2, { c: 3 }] }, { c: 3 }, false],
  [{ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1 } } }, true],
  [{ a: { b: { c: 1, d: 2 } } }, { b: { c: 1 } }, false],
  [{ a: null }, { a: null }, true],
  [{ a: null }, { a: {} }, false],
  [{}, { a: null }, false],
  [[1, 2, [1, 3]], [2, 1], true],
  [[1, 2, [1, 3]], [3], false],
  [[1, 2, [1, 3]], [[3]], true],
  [["foo", "bar"], "bar", true],
  [["foo", ["bar"]], "bar", false],
  ["bar", ["bar"], false],
  ["bar", "bar", true],
  [1, "1", false],
  [1, 1, true],
  [true, false, false],
  [null, null, true],
  [[], {}, false],
  [{}, [], false],
  [[1], [], true]
]

const payloads = (test: Declare): void => {
  for (const [outer, inner, wanted] of contained) {
    test(`${JSON.stringify(outer)} ${wanted ? "contains" : "does not contain"} ${JSON.stringify(inner)}`, () =>
      Effect.gen(function*() {
        yield* Steps.insertOne({ payload: outer })
        assert.lengthOf(yield* Steps.list({ payload: inner }), wanted ? 1 : 0)
      }))
  }
}

const pages = (test: Declare): void => {
  test("pages newest first without gaps or repetitions", () =>
    Effect.gen(function*() {
      yield* oneInEachState
      const all = (yield* Steps.list({})).map((record) => record.id)
      const seen: Array<string> = []
      let before: JobId.JobId | null = null
      do {
        const query: JobQuery.JobQuery = before === null ? { limit: 2 } : { limit: 2, before }
        const page = yield* Storage.Storage.use((storage) => storage.list(query))
        assert.isAtMost(page.items.length, 2)
        seen.push(...page.items.map((record) => record.id))
        before = page.next
      } while (before !== null)
      assert.deepStrictEqual(seen, all)
    }))

  test("names no next page when the last one is exactly full", () =>
    Effect.gen(function*() {
      yield* Steps.insert({}, {}, {})
      const list = (limit: number) => Storage.Storage.use((storage) => storage.list({ limit }))
      const full = yield* list(3)
      assert.isNull(full.next)
      const part = yield* list(2)
      assert.strictEqual(part.next, part.items[1]?.id)
    }))

  test("gives 50 jobs when no limit is named", () =>
    Effect.gen(function*() {
      yield* Steps.insert(...Array.from({ length: 60 }, () => ({})))
      assert.lengthOf(yield* Steps.list({}), 50)
    }))

  test("is not disturbed by jobs that come while it is paged", () =>
    Effect.gen(function*() {
      const ids = yield* Steps.insert({}, {}, {}, {})
      const first = yield* Storage.Storage.use((storage) => storage.list({ limit: 2 }))
      yield* Steps.insert({}, {})
      const before = Steps.present(first.next, "a next page")
      const second = yield* Storage.Storage.use((storage) => storage.list({ limit: 2, before }))
      assert.deepStrictEqual([...first.items, ...second.items].map((record) => record.id), ids.toReversed())
      assert.isNull(second.next)
    }))

  test("refuses limits out of bounds", () =>
    Effect.gen(function*() {
      for (const limit of [0, 1001]) {
        const error = yield* Effect.flip(Steps.list({ limit }))
        assert.strictEqual(error.reason._tag, "Invalid")
      }
    }))
}
