import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Job from "../src/Job.ts"
import * as JobSignal from "../src/JobSignal.ts"

describe("JobSignal", () => {
  it.effect("is what snooze, cancel and dead fail with, sanitised and bounded", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* Effect.flip(Job.snooze("1.5 seconds")),
        new JobSignal.Snooze({ delayMillis: 1_500 })
      )
      assert.deepStrictEqual(yield* Effect.flip(Job.cancel("a\u0000")), new JobSignal.Cancel({ reason: "a\ufffd" }))
      const { reason } = yield* Effect.flip(Job.dead("x".repeat(100_000)))
      assert.strictEqual(reason.length, 8_192)
      assert.strictEqual((yield* Effect.flip(Job.cancel(undefined as never))).reason, "undefined")
    }))
})
