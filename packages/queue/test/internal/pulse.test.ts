import { assert, describe, it } from "@effect/vitest"
import { MemoryStorage } from "@millrace/storage"
import { Deferred, Effect, Layer, Logger, Metric } from "effect"
import * as Job from "../../src/Job.ts"
import * as Metrics from "../../src/Metrics.ts"
import * as Queue from "../../src/Queue.ts"
import * as Worker from "../../src/Worker.ts"

const Busy = Job.make("Busy", { payload: {} })

/** Computes without a pause. Longer than two signs of life are apart and one may be late. */
const compute = Effect.sync(() => {
  const end = performance.now() + 2_200
  while (performance.now() < end);
})

describe("pulse", () => {
  it.live("F06: reports an event loop that stood still, with a line that names what ran, and a count", () =>
    Effect.gen(function*() {
      const reported = yield* Deferred.make<string>()
      const logger = Logger.make<unknown, void>(({ message }) => {
        if (String(message).includes("stood still")) Deferred.doneUnsafe(reported, Effect.succeed(String(message)))
      })
      const before = (yield* Metric.value(Metrics.blocked)).count
      const program = Effect.gen(function*() {
        yield* Busy.enqueue({})
        const line = yield* Deferred.await(reported)
        assert.match(line, /stood still for \d{4,} ms/)
        assert.isAbove((yield* Metric.value(Metrics.blocked)).count, before)
      })
      // The first sign of life is given before the handler starts.
      yield* Effect.provide(
        program,
        Busy.toLayer(() => compute).pipe(
          Layer.provideMerge([Queue.layer, Worker.layer()]),
          Layer.provide(MemoryStorage.layer),
          Layer.provide(Logger.layer([logger]))
        )
      )
    }))
})
