import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const Work = Job.make("Work", { payload: {} })

describe("pruner", () => {
  it.effect("prunes at its start and about every hour, by the retention of the options", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { keepFinished: "2 hours", keepDead: "1 day" })
      const { id } = yield* Work.enqueue({})
      yield* TestWorker.settle
      assert.strictEqual(storage.count("prune"), 1)
      assert.deepStrictEqual(storage.calls.find(({ method }) => method === "prune")?.input, {
        finishedMillis: 7_200_000,
        deadMillis: 86_400_000
      })
      yield* TestClock.adjust("90 minutes")
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "completed")
      yield* TestClock.adjust("3 hours")
      yield* TestWorker.settle
      assert.strictEqual((yield* Effect.flip(Queue.Queue.use((queue) => queue.get(id))))._tag, "JobNotFound")
      assert.isAtLeast(storage.count("prune"), 4)
    }).pipe(Effect.provide(TestWorker.layer())))
})
