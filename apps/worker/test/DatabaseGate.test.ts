import { assert, describe, it } from "@effect/vitest"
import { Conflict, OutdatedSchema, StorageError, Unavailable } from "@millrace/storage/StorageError"
import { Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as DatabaseGate from "../src/DatabaseGate.ts"

const away = new StorageError({ reason: new Unavailable({ operation: "migrate", detail: "ECONNREFUSED" }) })
const busy = new StorageError({ reason: new Conflict({ operation: "migrate", detail: "deadlock" }) })
const newer = new StorageError({ reason: new OutdatedSchema({ operation: "migrate", detail: "newer release" }) })

// Fails with these errors, one a try, then succeeds; counts the tries and keeps the log.
const attempts = (errors: ReadonlyArray<StorageError | DatabaseGate.TablesMissing>) => {
  const log: Array<string> = []
  let tries = 0
  const prepare = Effect.suspend(() => {
    const error = errors[tries]
    tries += 1
    return error === undefined ? Effect.succeed<ReadonlyArray<string>>(["0001_jobs"]) : Effect.fail(error)
  })
  const logger = Logger.make(({ message }) => void log.push(String(message)))
  return { pass: Effect.provide(DatabaseGate.pass(prepare), Logger.layer([logger])), log, tries: () => tries }
}

describe("DatabaseGate", () => {
  it.effect("lets the worker through as soon as the database answers, and says why it waits", () =>
    Effect.gen(function*() {
      const { log, pass, tries } = attempts([away, busy, away])
      const fiber = yield* Effect.forkChild(pass)
      yield* TestClock.adjust("199 millis")
      assert.strictEqual(tries(), 1)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(tries(), 4)
      assert.deepStrictEqual(log, [
        "waiting for the database: Storage unavailable during migrate: ECONNREFUSED",
        "waiting for the database: Storage conflict during migrate: deadlock",
        "waiting for the database: Storage unavailable during migrate: ECONNREFUSED",
        "migrated: 0001_jobs"
      ])
    }))

  it.effect("never waits longer than five seconds between two tries", () =>
    Effect.gen(function*() {
      const { pass, tries } = attempts(Array.from({ length: 30 }, () => away))
      const fiber = yield* Effect.forkChild(pass)
      yield* TestClock.adjust("1 minute")
      const before = tries()
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(tries(), before + 1)
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("gives up at once when waiting can not help", () =>
    Effect.gen(function*() {
      const { pass, tries } = attempts([newer])
      assert.strictEqual(yield* Effect.flip(pass), newer)
      assert.strictEqual(tries(), 1)
    }))

  it.effect("waits for tables that somebody else makes", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(
        DatabaseGate.expectApplied(Effect.succeed([{ name: "0001_jobs", appliedAt: null }]))
      )
      assert.include(missing.message, "0001_jobs are missing, and MILLRACE_MIGRATE is off")
      const { pass, tries } = attempts([missing])
      const fiber = yield* Effect.forkChild(pass)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(tries(), 2)
      const there = DatabaseGate.expectApplied(Effect.succeed([{ name: "0001_jobs", appliedAt: new Date(0) }]))
      assert.deepStrictEqual(yield* there, [])
    }))
})
