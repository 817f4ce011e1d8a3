import { assert, describe, it } from "@effect/vitest"
import type { Claim, Storage } from "@millrace/storage"
import { JobId, MemoryStorage } from "@millrace/storage"
import { Effect } from "effect"
import * as DrainMeter from "../src/DrainMeter.ts"

const claimed = (id: number) => ({ id: JobId.makeUnsafe(id), token: 1 }) as Claim.Claim

/** A storage that lends what a test says, and settles everything. */
const harness = Effect.fnUntraced(function*(lots: ReadonlyArray<ReadonlyArray<number>>, maxJobs: number) {
  const memory = yield* MemoryStorage.make()
  const asked: Array<number> = []
  let call = 0
  const storage: Storage.Storage["Service"] = {
    ...memory,
    claim: ({ limit }) =>
      Effect.sync(() => {
        asked.push(limit)
        return (lots[call++] ?? []).slice(0, limit).map(claimed)
      }),
    settle: (_, settlements) => Effect.succeed(settlements.map(() => ({ _tag: "Applied" as const }) as never))
  }
  const meter = DrainMeter.make(storage, ["a", "b"], maxJobs)
  const claim = (queue: string, limit = 10) =>
    meter.storage.claim({ workerId: "w", queue, handles: [], limit, perTenant: 10 })
  const settle = (id: number, tag: "Completed" | "Retried" | "Dead" | "Released") =>
    meter.storage.settle("w", [{ id: JobId.makeUnsafe(id), token: 1, outcome: { _tag: tag } } as never])
  return { meter, claim, settle, asked }
})

describe("DrainMeter", () => {
  it.effect("is done when every queue was found empty and nothing runs", () =>
    Effect.gen(function*() {
      const { claim, meter, settle } = yield* harness([[1], [], []], 100)
      meter.arm()
      yield* claim("a")
      yield* claim("a")
      assert.isFalse(meter.isDone())
      yield* claim("b")
      assert.isFalse(meter.isDone())
      yield* settle(1, "Completed")
      assert.isTrue(meter.isDone())
      assert.deepStrictEqual(meter.tally(), { completed: 1, failed: 0, dead: 0, other: 0 })
    }))

  it.effect("counts no empty claim before all handlers are there, and looks everywhere again after a find", () =>
    Effect.gen(function*() {
      const { claim, meter, settle } = yield* harness([[], [], [], [1], [], []], 100)
      yield* claim("a")
      yield* claim("b")
      assert.isFalse(meter.isDone())
      meter.arm()
      yield* claim("a")
      yield* claim("b")
      yield* settle(1, "Dead")
      assert.isFalse(meter.isDone())
      yield* claim("a")
      yield* claim("b")
      assert.isTrue(meter.isDone())
    }))

  it.effect("lends as many as may be, and no more", () =>
    Effect.gen(function*() {
      const { asked, claim, meter, settle } = yield* harness([[1, 2], [3, 4, 5]], 3)
      assert.strictEqual((yield* claim("a", 2)).length, 2)
      assert.strictEqual((yield* claim("b")).length, 1)
      assert.strictEqual((yield* claim("b")).length, 0)
      assert.deepStrictEqual(asked, [2, 1])
      assert.isTrue(meter.isSpent())
      for (const id of [1, 2, 3]) yield* settle(id, "Retried")
      assert.isTrue(meter.isDone())
      assert.strictEqual(meter.tally().failed, 3)
    }))

  it.effect("lends nothing when it is closed, and counts an attempt once", () =>
    Effect.gen(function*() {
      const { claim, meter, settle } = yield* harness([[1]], 10)
      yield* claim("a")
      meter.close()
      assert.deepStrictEqual(yield* claim("a"), [])
      yield* settle(1, "Released")
      yield* settle(1, "Released")
      assert.strictEqual(meter.tally().other, 1)
      assert.isTrue(meter.isDone())
    }))
})
