import { assert, describe, it } from "@effect/vitest"
import { StorageError } from "@millrace/storage"
import { Cause, Effect, Exit, Logger } from "effect"
import * as StorageFailure from "../src/StorageFailure.ts"

const detail = "connect ECONNREFUSED 10.1.2.3:5432"

const answer = (reason: StorageError.StorageError["reason"]) =>
  Effect.exit(StorageFailure.answered(Effect.fail(new StorageError.StorageError({ reason })))).pipe(
    Effect.provide(Logger.layer([]))
  )

const failureOf = (exit: Exit.Exit<unknown, StorageFailure.Answer>) =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) as StorageFailure.Answer : null

describe("StorageFailure", () => {
  for (const Reason of [StorageError.Unavailable, StorageError.Conflict, StorageError.OutdatedSchema]) {
    it.effect(`answers ${Reason.name} with Unavailable, a hint and no detail of the database`, () =>
      Effect.gen(function*() {
        const failure = failureOf(yield* answer(new Reason({ operation: "list", detail })))
        assert.strictEqual(failure?._tag, "Unavailable")
        assert.isString(failure?.error.hint)
        assert.notInclude(JSON.stringify(failure?.error), "10.1.2.3")
      }))
  }

  it.effect("answers a value that the storage refuses with its field", () =>
    Effect.gen(function*() {
      const failure = failureOf(
        yield* answer(new StorageError.Invalid({ operation: "insert", field: "payload", detail: "too large" }))
      )
      assert.deepInclude(failure?.error, { tag: "InvalidRequest", field: "payload" })
    }))

  it.effect("dies of an answer that can not be", () =>
    Effect.gen(function*() {
      const exit = yield* answer(new StorageError.Corrupt({ operation: "list", detail: "a row without an id" }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))
})
