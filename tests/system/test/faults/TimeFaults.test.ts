/**
 * Clocks that are wrong. Names begin with the number of the fault.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Arena from "../../src/crash/Arena.ts"
import * as CrashLedger from "../../src/crash/CrashLedger.ts"
import * as Wait from "../../src/Wait.ts"

describe("a worker whose clock is an hour ahead", () => {
  it.live("F44: runs nothing early, steals nothing and loses nothing", () =>
    Effect.gen(function*() {
      yield* Arena.start(["skewed-one", "right-one"])
      const delayMillis = 4_000
      const enqueuedMillis = CrashLedger.nowMillis()
      const delayed = yield* Arena.enqueue(Array.from({ length: 100 }, () => ({
        payload: { kind: "plain" as const, millis: 10 },
        options: { delay: delayMillis }
      })))
      const running = yield* Arena.plain(60, 500)
      yield* Wait.until("work of both", "30 seconds", Arena.executions, (all) =>
        new Set(all.map(({ by }) =>
          by
        )).size === 2)
      const { attempts, jobs } = yield* Arena.finished([...delayed, ...running], "60 seconds")
      assert.deepStrictEqual(
        jobs.filter(({ state }) =>
          state !== "completed"
        ),
        []
      )
      assert.deepStrictEqual(attempts, [])
      assert.deepStrictEqual(yield* Arena.repeated, [])
      const early = (yield* Arena.executions).filter(({ id, startedMillis }) =>
        delayed.includes(id) && startedMillis < enqueuedMillis + delayMillis
      )
      assert.deepStrictEqual(early, [])
    }).pipe(Effect.provide(Arena.layer)), 90_000)
})
