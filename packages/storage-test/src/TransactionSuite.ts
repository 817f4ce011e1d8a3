/**
 * Transactions of the caller, for drivers that declare them: together or not at all.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import { Storage } from "@millrace/storage"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const { outcomes } = Fixture

/** Runs an effect in a transaction. */
const transaction = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Storage.Storage,
    ({ capabilities }) =>
      capabilities.transaction === null
        ? Effect.die(new Error("the driver has no transactions"))
        : capabilities.transaction(effect)
  )

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (declare: Declare): void => {
  const test = ifTransactional(declare)
  describe("transaction", () => {
    test("commits what it inserted", () =>
      Effect.gen(function*() {
        const id = yield* transaction(Steps.insertOne())
        assert.strictEqual((yield* Steps.get(id)).state, "available")
      }))

    test("leaves nothing behind when it fails", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          transaction(
            Effect.andThen(
              Steps.insert({ unique: Fixture.unique("k") }, { delayMillis: 1000 }),
              Effect.fail("no" as const)
            )
          )
        )
        assert.strictEqual(error, "no")
        assert.deepStrictEqual(yield* Steps.list({}), [])
        yield* Steps.insertOne({ unique: Fixture.unique("k") })
      }))

    test("F39: undoes an inner transaction alone", () =>
      Effect.gen(function*() {
        yield* transaction(Effect.gen(function*() {
          yield* Steps.insertOne({ payload: "before" })
          yield* Effect.exit(transaction(Effect.andThen(Steps.insertOne({ payload: "inner" }), Effect.fail("no"))))
          yield* Steps.insertOne({ payload: "after" })
        }))
        const records = yield* Steps.list({})
        assert.deepStrictEqual(records.map((record) => record.payload), ["after", "before"])
      }))

    test("gives a claim back unsettled when it fails", () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running()
        yield* Effect.exit(transaction(Effect.andThen(Steps.settle(claim, outcomes.completed(1)), Effect.fail("no"))))
        assert.strictEqual((yield* Steps.get(claim.id)).state, "running")
        assert.strictEqual(yield* Steps.settle(claim, outcomes.completed(2)), "Applied")
        assert.strictEqual((yield* Steps.get(claim.id)).result, 2)
      }))

    test("settles and inserts together", () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running()
        const next = yield* transaction(
          Effect.andThen(Steps.settle(claim, outcomes.completed()), Steps.insertOne({ payload: "next" }))
        )
        assert.strictEqual((yield* Steps.get(claim.id)).state, "completed")
        assert.strictEqual((yield* Steps.get(next)).state, "available")
      }))

    test("F39: hides its jobs until it commits, and a later job does not make them lost", () =>
      Effect.gen(function*() {
        yield* Steps.register()
        const inserted = yield* Deferred.make<void>()
        const release = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(transaction(Effect.gen(function*() {
          const id = yield* Steps.insertOne({ payload: "slow" })
          yield* Deferred.succeed(inserted, undefined)
          yield* Deferred.await(release)
          return id
        })))
        yield* Deferred.await(inserted)
        yield* Steps.insert({ payload: "fast 1" }, { payload: "fast 2" })
        const early = [yield* Steps.claimOne(), yield* Steps.claimOne()]
        assert.deepStrictEqual(early.map((claim) => claim.payload), ["fast 1", "fast 2"])
        assert.deepStrictEqual(yield* Steps.claim(), [])
        assert.lengthOf(yield* Steps.list({}), 2)
        yield* Deferred.succeed(release, undefined)
        const id = yield* Fiber.join(fiber)
        assert.deepInclude(yield* Steps.claimOne(), { id, payload: "slow" })
      }))
  })
}

const ifTransactional = (declare: Declare): Declare => (name, body) =>
  declare(name, () =>
    Effect.flatMap(
      Storage.Storage,
      ({ capabilities }) => capabilities.transaction === null ? declaresNone : body()
    ))

/** A driver without transactions must say so by null, and nothing else. */
const declaresNone = Effect.map(Storage.Storage, ({ capabilities }) => assert.isNull(capabilities.transaction))
