import { assert, describe, it } from "@effect/vitest"
import { ProcessLoad } from "@millrace/queue"
import { Effect } from "effect"
import * as EventLoopLoad from "../src/EventLoopLoad.ts"

const compute = (millis: number) =>
  Effect.sync(() => {
    const end = performance.now() + millis
    while (performance.now() < end);
  })

describe("EventLoopLoad", () => {
  it.live("is high while the process computes, low while it waits, and counts from look to look", () =>
    Effect.gen(function*() {
      const begin = yield* ProcessLoad.ProcessLoad
      assert(begin !== null)
      const [read, other] = [begin(), begin()]
      yield* Effect.sleep("1 milli")
      yield* compute(300)
      yield* Effect.sleep("1 milli")
      const busy = read()
      yield* Effect.sleep("600 millis")
      const idle = read()
      assert.isAbove(busy, 0.8)
      assert.isBelow(idle, 0.6)
      // It was never asked before: both times are in its answer.
      assert.isAbove(other(), idle)
    }).pipe(Effect.provide(EventLoopLoad.layer)))
})
