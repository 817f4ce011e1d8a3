import { assert, describe, it } from "@effect/vitest"
import type { WorkerRecord } from "@millrace/storage"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Answer, Keep } from "../../src/internal/heart.ts"
import * as Heart from "../../src/internal/heart.ts"
import * as Heartbeat from "../../src/internal/heartbeat.ts"

const renewed: WorkerRecord.RenewResult = { _tag: "Renewed", cancellations: [], suspects: false }

/** A beat whose event loop was last seen so many milliseconds ago. */
const beat = (
  silentMillis: number,
  renew: Effect.Effect<WorkerRecord.RenewResult, string>,
  options: Partial<Keep> = {}
) => {
  const keep: Keep = {
    key: 1,
    workerId: "w1",
    leaseMillis: 12_000,
    everyMillis: 4_000,
    standstillMillis: 60_000,
    sent: Heart.makeCell(),
    ...options
  }
  const answers: Array<Answer> = []
  const stood: Array<boolean> = []
  const sign = Heart.makeCell()
  Heart.write(sign, Heart.nowNanos() - BigInt(silentMillis) * 1_000_000n)
  const run = Heartbeat.run({
    keep,
    sign,
    renew,
    tell: (answer) => answers.push(answer),
    stands: (_, isOver) => stood.push(isOver)
  })
  return { keep, sign, answers, stood, run }
}

describe("heartbeat", () => {
  it.effect("renews three times in a lease, or somewhat more often", () =>
    Effect.gen(function*() {
      const { answers, keep, run } = beat(0, Effect.succeed(renewed))
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("40 seconds")
      assert.isAtLeast(answers.length, 11)
      assert.isAtMost(answers.length, 14)
      assert.isAbove(Heart.readMillis(keep.sent), 0)
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("tries again soon after a failure, and remembers no renewal that failed", () =>
    Effect.gen(function*() {
      const { answers, keep, run } = beat(0, Effect.fail("no"))
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("4 seconds")
      assert.isAtLeast(answers.length, 6)
      assert.isAtMost(answers.length, 9)
      assert.isTrue(answers.every(({ _tag }) => _tag === "Failed"))
      assert.strictEqual(Heart.readMillis(keep.sent), -Infinity)
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("ends when the registration is lost", () =>
    Effect.gen(function*() {
      const { answers, keep, run } = beat(0, Effect.succeed({ _tag: "Lost" }))
      yield* run
      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Renewed"])
      assert.strictEqual(Heart.readMillis(keep.sent), -Infinity)
    }))

  it.effect("says once that the event loop stands still, and once that it stood too long", () =>
    Effect.gen(function*() {
      const still = beat(10_000, Effect.succeed(renewed))
      const fiber = yield* Effect.forkChild(still.run)
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(still.stood, [false])
      assert.isAtLeast(still.answers.length, 5)
      yield* Fiber.interrupt(fiber)
      const dead = beat(60_000, Effect.succeed(renewed))
      const other = yield* Effect.forkChild(dead.run)
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(dead.stood, [true])
      assert.deepStrictEqual(dead.answers, [])
      Heart.write(dead.sign, Heart.nowNanos())
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(dead.answers.length, 1)
      yield* Fiber.interrupt(other)
    }))

  it("pauses a little less than it may, and after failures ever longer up to a quarter of that", () => {
    assert.strictEqual(Heartbeat.pauseMillis(4_000, 0, 0), 4_000)
    assert.strictEqual(Heartbeat.pauseMillis(4_000, 0, 1), 3_200)
    assert.deepStrictEqual([1, 2, 3, 10].map((n) => Heartbeat.pauseMillis(4_000, n, 0)), [100, 200, 400, 1_000])
  })
})
