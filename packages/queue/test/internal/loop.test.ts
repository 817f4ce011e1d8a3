import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Logger, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Loop from "../../src/internal/loop.ts"
import { settle } from "../TestWorker.ts"

const runs = (pause: Loop.Pause) =>
  Effect.gen(function*() {
    const count = yield* Ref.make(0)
    const wake = Latch.makeUnsafe(false)
    const step = Effect.as(Ref.update(count, (n) => n + 1), pause)
    const fiber = yield* Effect.forkChild(Loop.run({ name: "actor", wake, step }))
    yield* settle
    return { count: Ref.get(count), wake, fiber }
  })

describe("loop", () => {
  it.effect("pauses for exactly the time that a step names", () =>
    Effect.gen(function*() {
      const { count } = yield* runs(Loop.exactly(1_000))
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("900 millis")
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("100 millis")
      yield* settle
      assert.strictEqual(yield* count, 2)
    }))

  it.effect("F53: spreads a pause by a fifth either way, and no more", () =>
    Effect.gen(function*() {
      assert.strictEqual(Loop.spreadMillis(1_000, 0), 800)
      assert.strictEqual(Loop.spreadMillis(1_000, 0.5), 1_000)
      assert.strictEqual(Loop.spreadMillis(1_000, 1), 1_200)
      const { count } = yield* runs(Loop.about(10_000))
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("6 seconds")
      yield* settle
      assert.strictEqual(yield* count, 2)
    }))

  it.effect("ends a pause when it is woken, also one without end", () =>
    Effect.gen(function*() {
      for (const pause of [Loop.untilWoken, Loop.exactly(1_000_000), Loop.about(1_000_000)]) {
        const { count, wake } = yield* runs(pause)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* count, 1)
        wake.openUnsafe()
        yield* settle
        assert.strictEqual(yield* count, 2)
      }
    }))

  it.effect("remembers a wake-up that came during the step", () =>
    Effect.gen(function*() {
      const count = yield* Ref.make(0)
      const wake = Latch.makeUnsafe(false)
      const step = Effect.gen(function*() {
        if ((yield* Ref.updateAndGet(count, (n) => n + 1)) === 1) wake.openUnsafe()
        return Loop.untilWoken
      })
      yield* Effect.forkChild(Loop.run({ name: "actor", wake, step }))
      yield* settle
      assert.strictEqual(yield* Ref.get(count), 2)
    }))

  it.effect("goes on after failures and defects, ever more slowly, and not at the pace of wake-ups", () =>
    Effect.gen(function*() {
      const count = yield* Ref.make(0)
      const wake = Latch.makeUnsafe(false)
      const step = Effect.flatMap(
        Ref.updateAndGet(count, (n) => n + 1),
        (n) => n % 2 === 0 ? Effect.fail("no") : Effect.die("no")
      )
      yield* Effect.forkChild(Loop.run({ name: "actor", wake, step }))
      for (let time = 0; time < 600; time++) {
        wake.openUnsafe()
        yield* TestClock.adjust("100 millis")
      }
      const tries = yield* Ref.get(count)
      assert.isAtLeast(tries, 60_000 / 3_000)
      assert.isAtMost(tries, 60_000 / 2_000 + 6)
    }).pipe(Effect.provideService(Logger.CurrentLoggers, new Set())))

  it.effect("starts over with the shortest pause after a success", () =>
    Effect.gen(function*() {
      const failing = yield* Ref.make(true)
      const count = yield* Ref.make(0)
      const step = Effect.gen(function*() {
        yield* Ref.update(count, (n) => n + 1)
        return (yield* Ref.get(failing)) ? yield* Effect.fail("no") : Loop.exactly(10)
      })
      yield* Effect.forkChild(Loop.run({ name: "actor", wake: Latch.makeUnsafe(false), step }))
      yield* TestClock.adjust("30 seconds")
      yield* Ref.set(failing, false)
      yield* TestClock.adjust("4 seconds")
      yield* Ref.set(failing, true)
      yield* TestClock.adjust("20 millis")
      const before = yield* Ref.get(count)
      yield* TestClock.adjust("121 millis")
      yield* settle
      assert.isAtLeast((yield* Ref.get(count)) - before, 1)
    }).pipe(Effect.provideService(Logger.CurrentLoggers, new Set())))

  it.effect("F43: logs its first failure at once, later ones ever more seldom, and survives a logger that throws", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => {
        lines.push(String(message))
        throw new Error("the logger is broken")
      })
      const count = yield* Ref.make(0)
      const step = Effect.andThen(Ref.update(count, (n) => n + 1), Effect.fail("no"))
      yield* Effect.forkChild(Loop.run({ name: "actor", wake: Latch.makeUnsafe(false), step })).pipe(
        Effect.provideService(Logger.CurrentLoggers, new Set([logger]))
      )
      yield* settle
      yield* TestClock.adjust("4900 millis")
      assert.strictEqual(lines.length, 1)
      assert.isAtLeast(yield* Ref.get(count), 5)
      yield* TestClock.adjust("1 minute")
      assert.isAtLeast(lines.length, 3)
      assert.isAtMost(lines.length, 5)
      yield* TestClock.adjust("10 minutes")
      // Once a minute, however long it lasts.
      assert.isAtMost(lines.length, 16)
      assert.isAtLeast(lines.length, 12)
    }))

  it.effect("says that it works again after several failures, and is no trouble any more", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => {
        lines.push(String(message))
      })
      const failing = yield* Ref.make(true)
      const trouble = Loop.noTrouble()
      const step = Effect.flatMap(
        Ref.get(failing),
        (fails) => fails ? Effect.fail("no") : Effect.succeed(Loop.exactly(10))
      )
      yield* Effect.forkChild(Loop.run({ name: "actor", wake: Latch.makeUnsafe(false), step }, trouble)).pipe(
        Effect.provideService(Logger.CurrentLoggers, new Set([logger]))
      )
      yield* TestClock.adjust("4 seconds")
      assert.isAtLeast(trouble.failures, 3)
      assert.isNotNull(trouble.cause)
      yield* Ref.set(failing, false)
      yield* TestClock.adjust("4 seconds")
      assert.deepInclude(trouble, { failures: 0, cause: null })
      assert.deepStrictEqual(lines.at(-1), "actor works again")
      assert.strictEqual(lines.length, 2)
    }))

  it.effect("stops when it is interrupted, wherever it is", () =>
    Effect.gen(function*() {
      const { fiber } = yield* runs(Loop.again)
      yield* Fiber.interrupt(fiber)
      const failing = yield* Effect.forkChild(
        Loop.run({ name: "actor", wake: Latch.makeUnsafe(false), step: Effect.fail("no") })
      ).pipe(Effect.provideService(Logger.CurrentLoggers, new Set()))
      yield* settle
      yield* Fiber.interrupt(failing)
      assert.isDefined(failing.pollUnsafe())
    }))
})
