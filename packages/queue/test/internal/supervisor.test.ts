import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Logger, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Loop from "../../src/internal/loop.ts"
import * as Supervisor from "../../src/internal/supervisor.ts"

const quiet = Effect.provideService(Logger.CurrentLoggers, new Set())

const actor = <E>(name: string, step: Effect.Effect<Loop.Pause, E>): Loop.Actor<E> => ({
  name,
  wake: Latch.makeUnsafe(false),
  step
})

describe("supervisor", () => {
  it.effect("starts an actor anew whose loop ended, ever more slowly", () =>
    Effect.gen(function*() {
      const starts = yield* Ref.make(0)
      // The fiber of the loop is interrupted by its own step: nothing inside the loop can catch that.
      const deadly = Effect.andThen(
        Ref.update(starts, (n) => n + 1),
        Effect.withFiber<never>((fiber) => {
          fiber.interruptUnsafe()
          return Effect.never
        })
      )
      const crew = yield* Supervisor.start([actor("deadly", deadly)])
      yield* TestClock.adjust("10 seconds")
      assert.isAtLeast(yield* Ref.get(starts), 5)
      assert.isAtMost(yield* Ref.get(starts), 12)
      assert.deepStrictEqual(crew.failing(10_000).map(({ actor }) => actor), ["deadly"])
      yield* Effect.forEach(crew.fibers, Fiber.interrupt)
      const before = yield* Ref.get(starts)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Ref.get(starts), before)
    }).pipe(quiet))

  it.effect("tells which actors fail, for how long and why, until they work again", () =>
    Effect.gen(function*() {
      const failing = yield* Ref.make(true)
      const step = Effect.flatMap(
        Ref.get(failing),
        (fails) => fails ? Effect.fail({ message: "no database" }) : Effect.succeed(Loop.exactly(100))
      )
      const crew = yield* Supervisor.start([
        actor("well", Effect.succeed(Loop.exactly(1_000))),
        actor("ill", step),
        actor("mad", Effect.die("a defect"))
      ])
      yield* TestClock.adjust("20 seconds")
      const [ill, mad, ...others] = crew.failing(20_000)
      assert.deepStrictEqual(others, [])
      assert.deepInclude(ill, { actor: "ill", error: "no database", sinceMillis: 20_000 })
      assert.isAtLeast(ill?.failures ?? 0, 6)
      assert.deepInclude(mad, { actor: "mad", error: "a defect" })
      yield* Ref.set(failing, false)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(crew.failing(25_000).map(({ actor }) => actor), ["mad"])
      yield* Effect.forEach(crew.fibers, Fiber.interrupt)
    }).pipe(quiet))
})
