import { assert, describe, it } from "@effect/vitest"
import { StorageError } from "@millrace/storage"
import { Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as Migrations from "../src/Migrations.ts"

const failing = (reason: StorageError.StorageError["reason"]) => Effect.fail(new StorageError.StorageError({ reason }))
const away = new StorageError.Unavailable({ operation: "migrate", detail: "ECONNREFUSED" })
const newer = new StorageError.OutdatedSchema({ operation: "migrate", detail: "migrated by a newer release" })

/** Runs migrations that fail so often before they succeed; returns how often they were tried. */
const triesUntilDone = Effect.fnUntraced(function*(failures: number, minutes: number) {
  let tries = 0
  const migrate = Effect.suspend(() => ++tries <= failures ? failing(away) : Effect.succeed(["0001_jobs"]))
  const fiber = yield* Effect.forkChild(Migrations.run(migrate))
  yield* TestClock.adjust(`${minutes} minutes`)
  return { tries, isDone: fiber.pollUnsafe() !== undefined }
}, Effect.provide(Logger.layer([])))

describe("Migrations", () => {
  it.effect("waits for the database, however long it is away", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* triesUntilDone(100, 10), { tries: 101, isDone: true })
    }))

  it.effect("asks at least every five seconds, and no more than that for long", () =>
    Effect.gen(function*() {
      const { tries } = yield* triesUntilDone(Infinity, 10)
      assert.isAtLeast(tries, 120)
      assert.isAtMost(tries, 140)
    }))

  it.effect("gives up where trying again can not help", () =>
    Effect.gen(function*() {
      let tries = 0
      const migrate = Effect.suspend(() => {
        tries++
        return failing(newer)
      })
      yield* Fiber.join(yield* Effect.forkChild(Migrations.run(migrate)))
      assert.strictEqual(tries, 1)
    }).pipe(Effect.provide(Logger.layer([]))))
})
