import { assert, describe, it } from "@effect/vitest"
import { TestQueue } from "@millrace/testing"
import { Effect, Layer } from "effect"
import { CloseDay, closeDay, Ledger, LedgerLocked } from "../my-jobs.ts"

/** A ledger that is locked the first time. */
const Unlocking = Layer.sync(Ledger, () => {
  let times = 0
  return { turnover: () => ++times < 2 ? Effect.fail(new LedgerLocked({ by: "audit" })) : Effect.succeed(99) }
})

const Jobs = CloseDay.toLayer(closeDay).pipe(Layer.provide(Unlocking), Layer.provideMerge(TestQueue.layer()))

describe("closing a day", () => {
  it.effect("is enqueued for the store, and done within the hour", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      yield* CloseDay.enqueue({ storeId: "s1", day: "2026-11-22" }, { delay: "30 minutes" })
      yield* test.assertEnqueued(CloseDay, { payload: { storeId: "s1" }, state: "scheduled" })
      yield* test.refuteEnqueued(CloseDay, { payload: { storeId: "s2" } })
      assert.strictEqual(yield* test.runDue, 0)
      yield* test.advance("1 hour")
      yield* test.assertEnqueued(CloseDay, { state: "completed" })
    }).pipe(Effect.provide(Jobs)))

  it.effect("answers the turnover, through a retry", () =>
    Effect.gen(function*() {
      const test = yield* TestQueue.TestQueue
      const result = yield* test.perform(CloseDay, { storeId: "s1", day: "2026-11-22" })
      assert.deepStrictEqual(result, { turnover: 99 })
    }).pipe(Effect.provide(Jobs)))
})
