/**
 * Inserting: what is stored, in which state, and who holds a unique key.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { NewJob } from "@millrace/storage"
import { JobId, Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const rich: Partial<NewJob.NewJob> = {
  name: "Résumé",
  version: 7,
  queue: "mail \"quoted\"",
  tenant: "tenant; drop table",
  priority: 0,
  payload: { text: "ünï\t\"\\", list: [1, -2.5, true, null, { deep: [] }], __proto__x: { constructor: 1 } },
  maxAttempts: 1,
  timeoutMillis: 5_000_000_000,
  retry: { backoff: { _tag: "Fixed", delay: 1000 } },
  unique: Fixture.unique("key 'x'"),
  tags: ["a", "b,c", "{}"]
}

const insertResult = (jobs: ReadonlyArray<Partial<NewJob.NewJob>>) =>
  Storage.Storage.use((storage) => storage.insert(jobs.map(Fixture.newJob)))

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("insert", () => {
    basics(test)
    describe("unique keys", () => uniqueKeys(test))
    describe("refusals", () => refusals(test))
  })
}

const basics = (test: Declare): void => {
  test("stores every field of a job and fills in the rest", () =>
    Effect.gen(function*() {
      const id = yield* Steps.insertOne(rich)
      const now = DateTime.makeUnsafe(Fixture.startMillis)
      const { debounce: _, delayMillis: __, limits: ___, ttlMillis: ____, unique, ...fields } = Fixture.newJob(rich)
      assert.deepStrictEqual(yield* Steps.get(id), {
        ...fields,
        uniqueKey: unique?.key ?? null,
        id,
        state: "available",
        result: null,
        error: null,
        attempt: 0,
        failures: 0,
        crashes: 0,
        token: 0,
        workerId: null,
        createdAt: now,
        runAt: now,
        startedAt: null,
        finishedAt: null,
        progress: null
      })
      assert.deepStrictEqual(yield* Steps.history(id), [])
    }))

  test("stores any JSON as payload", () =>
    Effect.gen(function*() {
      const payloads = [null, true, 0, -1.5, 1e300, "", "text", [], [[null]], {}, { a: { b: [1, "2", null] } }]
      const ids = yield* Steps.insert(...payloads.map((payload) => ({ payload })))
      for (const [n, id] of ids.entries()) assert.deepStrictEqual((yield* Steps.get(id)).payload, payloads[n] ?? null)
    }))

  test("answers in the order of the input with rising ids", () =>
    Effect.gen(function*() {
      const ids = yield* Steps.insert(...Array.from({ length: 50 }, (_, n) => ({ payload: n })))
      assert.deepStrictEqual(ids.toSorted(JobId.compare), ids)
      const later = yield* Steps.insertOne()
      assert.isAbove(JobId.compare(later, Steps.present(ids.at(-1), "an id")), 0)
      const records = yield* Steps.list({ limit: 100 })
      assert.deepStrictEqual(records.slice(1).map((record) => record.payload), ids.map((_, n) => 49 - n))
      assert.deepStrictEqual(records.slice(1).map((record) => record.id), ids.toReversed())
    }))

  test("takes an empty batch", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* insertResult([]), [])
    }))

  test("makes a delayed job scheduled until its time", () =>
    Effect.gen(function*() {
      const record = yield* Steps.get(yield* Steps.insertOne({ delayMillis: 90_000 }))
      assert.strictEqual(record.state, "scheduled")
      assert.deepStrictEqual(record.runAt, DateTime.makeUnsafe(Fixture.startMillis + 90_000))
    }))

  test("makes a job with a future instant scheduled, with a past one available", () =>
    Effect.gen(function*() {
      const at = (millis: number) => DateTime.makeUnsafe(Fixture.startMillis + millis)
      const [future, present, past] = yield* Steps.insert({ runAt: at(1) }, { runAt: at(0) }, { runAt: at(-60_000) })
      const states = yield* Effect.forEach([future, present, past], (id) => Steps.get(Steps.present(id, "an id")))
      assert.deepStrictEqual(states.map((record) => record.state), ["scheduled", "available", "available"])
      assert.deepStrictEqual(states[0]?.runAt, at(1))
    }))

  test("F52: takes delays that no timer can hold", () =>
    Effect.gen(function*() {
      const century = 100 * 365 * 86_400_000
      const record = yield* Steps.get(yield* Steps.insertOne({ delayMillis: century }))
      assert.strictEqual(record.state, "scheduled")
      assert.deepStrictEqual(record.runAt, DateTime.makeUnsafe(Fixture.startMillis + century))
      assert.strictEqual((yield* Steps.promote()).count, 0)
    }))

  test("stamps jobs with the storage's clock", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      const record = yield* Steps.get(yield* Steps.insertOne())
      assert.deepStrictEqual(record.createdAt, DateTime.makeUnsafe(Fixture.startMillis + 3_600_000))
    }))

  test("stores a thousand jobs in one batch", () =>
    Effect.gen(function*() {
      const ids = yield* Steps.insert(...Array.from({ length: 1000 }, (_, n) => ({ tenant: `t${n % 7}` })))
      assert.strictEqual(new Set(ids).size, 1000)
      assert.lengthOf(yield* Steps.list({ limit: 1000 }), 1000)
    }))
}

const uniqueKeys = (test: Declare): void => {
  test("answers with the holder of a key instead of inserting", () =>
    Effect.gen(function*() {
      const id = yield* Steps.insertOne({ unique: Fixture.unique("k") })
      assert.deepStrictEqual(
        yield* insertResult([{ unique: Fixture.unique("k") }, { unique: Fixture.unique("other") }]),
        [
          { _tag: "Duplicate", id },
          { _tag: "Enqueued", id: Steps.present((yield* Steps.list({}))[0], "the newest job").id }
        ]
      )
      assert.lengthOf(yield* Steps.list({}), 2)
    }))

  test("gives a key to the first job of a batch", () =>
    Effect.gen(function*() {
      const [first, second, third] = yield* insertResult([{ unique: Fixture.unique("k") }, {
        unique: Fixture.unique("k")
      }, { unique: Fixture.unique("k") }])
      assert(first?._tag === "Enqueued")
      assert.deepStrictEqual([second, third], [{ _tag: "Duplicate", id: first.id }, {
        _tag: "Duplicate",
        id: first.id
      }])
    }))

  test("takes any number of jobs without a key", () =>
    Effect.gen(function*() {
      assert.lengthOf(yield* Steps.insert({}, {}, {}), 3)
    }))

  test("F60: holds a key while the job waits, runs, is retried, snoozed, released or reclaimed", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const id = yield* Steps.insertOne({ unique: Fixture.unique("k"), delayMillis: 1000 })
      const held = Effect.gen(function*() {
        assert.deepStrictEqual(yield* insertResult([{ unique: Fixture.unique("k") }]), [{ _tag: "Duplicate", id }])
      })
      yield* held
      yield* TestClock.adjust(1000)
      yield* Steps.promote()
      yield* held
      for (const outcome of ["retried", "snoozed"] as const) {
        const claim = yield* Steps.claimOne()
        yield* held
        yield* Steps.settle(claim, Fixture.outcomes[outcome](1000))
        yield* held
        yield* TestClock.adjust(1000)
        yield* Steps.promote()
      }
      yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.released())
      yield* held
      yield* Steps.claimOne()
      yield* Steps.crashWorkers
      yield* held
    }))

  for (const end of ["completed", "cancelled", "dead"] as const) {
    test(`frees the key of a job that was settled as ${end}`, () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running({ unique: Fixture.unique("k") })
        assert.strictEqual(yield* Steps.settle(claim, Fixture.outcomes[end]()), "Applied")
        const next = yield* Steps.insertOne({ unique: Fixture.unique("k") })
        assert.deepStrictEqual(yield* insertResult([{ unique: Fixture.unique("k") }]), [{
          _tag: "Duplicate",
          id: next
        }])
      }))
  }

  test("frees the key of a job that crashed for good", () =>
    Effect.gen(function*() {
      yield* Steps.insertOne({ unique: Fixture.unique("k") })
      yield* Steps.crash(3)
      yield* Steps.insertOne({ unique: Fixture.unique("k") })
    }))

  test("frees the key of a job that is cancelled or removed by hand", () =>
    Effect.gen(function*() {
      const first = yield* Steps.insertOne({ unique: Fixture.unique("k") })
      yield* Steps.transition([first], "Cancel")
      const second = yield* Steps.insertOne({ unique: Fixture.unique("k"), delayMillis: 1000 })
      yield* Steps.transition([second], "Remove")
      yield* Steps.insertOne({ unique: Fixture.unique("k") })
    }))

  test("keeps a key with its new holder when an earlier one is removed", () =>
    Effect.gen(function*() {
      const first = yield* Steps.insertOne({ unique: Fixture.unique("k") })
      yield* Steps.transition([first], "Cancel")
      const second = yield* Steps.insertOne({ unique: Fixture.unique("k") })
      yield* Steps.transition([first], "Remove")
      assert.deepStrictEqual(yield* insertResult([{ unique: Fixture.unique("k") }]), [{
        _tag: "Duplicate",
        id: second
      }])
    }))
}

const refusals = (test: Declare): void => {
  const bad: ReadonlyArray<readonly [string, Partial<NewJob.NewJob>]> = [
    ["a NUL in the payload", { payload: { deep: ["a\u0000b"] } }],
    ["a NUL in a key of the payload", { payload: { "a\u0000b": 1 } }],
    ["a lone surrogate in the payload", { payload: ["\ud800"] }],
    ["a NUL in the name", { name: "a\u0000b" }],
    ["a NUL in the queue", { queue: "a\u0000b" }],
    ["a NUL in the tenant", { tenant: "a\u0000b" }],
    ["a lone surrogate in the tenant", { tenant: "a\udc00" }],
    ["a NUL in a tag", { tags: ["fine", "a\u0000b"] }],
    ["a lone surrogate in the unique key", { unique: Fixture.unique("a\ud800") }],
    ["a negative delay", { delayMillis: -1 }],
    ["a delay that is no number", { delayMillis: Number.NaN }],
    ["an endless delay", { delayMillis: Number.POSITIVE_INFINITY }],
    ["a priority below 0", { priority: -1 }],
    ["a priority above 100", { priority: 101 }],
    ["no attempt at all", { maxAttempts: 0 }]
  ]
  for (const [what, fields] of bad) {
    test(`refuses ${what} and stores nothing of the batch`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(insertResult([{ unique: Fixture.unique("k") }, fields]))
        assert.strictEqual(error.reason._tag, "Invalid", error.message)
        assert.isFalse(error.isTransient)
        assert.deepStrictEqual(yield* Steps.list({}), [])
        yield* Steps.insertOne({ unique: Fixture.unique("k") })
      }))
  }
}
