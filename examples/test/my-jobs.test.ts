import { assert, describe, it } from "@effect/vitest"
import { Queue, Worker } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { CloseDay, closeDay, Ledger, LedgerLocked } from "../my-jobs.ts"

/** A ledger that is locked the first two times. */
const LockedLedger = Layer.sync(Ledger, () => {
  let times = 0
  return { turnover: () => ++times < 3 ? Effect.fail(new LedgerLocked({ by: "audit" })) : Effect.succeed(99) }
})

/** A queue and a worker in memory, on the clock of the test. Every test builds its own. */
const Millrace = CloseDay.toLayer(closeDay).pipe(
  Layer.provide(LockedLedger),
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

describe("CloseDay", () => {
  it.effect("waits ten seconds and then twenty while the ledger is locked", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* CloseDay.enqueue({ storeId: "s1", day: "2026-11-22" })
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual((yield* queue.get(id)).state, "retryable")
      yield* TestClock.adjust("25 seconds")
      const { failures, result, state } = yield* queue.get(id)
      assert.deepStrictEqual({ failures, result, state }, { failures: 2, result: { turnover: 99 }, state: "completed" })
      const outcomes = (yield* queue.history(id)).map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, ["failed", "failed", "completed"])
    }).pipe(Effect.provide(Millrace)))

  it.effect("closes a day once while its job is not finished", () =>
    Effect.gen(function*() {
      const first = yield* CloseDay.enqueue({ storeId: "s1", day: "2026-11-22" })
      const second = yield* CloseDay.enqueue({ storeId: "s1", day: "2026-11-22" })
      assert.deepStrictEqual(second, { _tag: "Duplicate", id: first.id })
    }).pipe(Effect.provide(Millrace)))
})
