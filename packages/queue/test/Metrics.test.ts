import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import * as Metrics from "../src/Metrics.ts"

describe("Metrics", () => {
  it("have names of their own, with the product's prefix", () => {
    const ids = Object.values(Metrics).map(({ id }) => id)
    assert.strictEqual(new Set(ids).size, ids.length)
    assert.isTrue(ids.every((id) => id.startsWith("millrace_")))
  })

  it.effect("count up only, and sort batches by size", () =>
    Effect.gen(function*() {
      yield* Metric.update(Metrics.completed, 3)
      yield* Metric.update(Metrics.completed, -2)
      assert.strictEqual((yield* Metric.value(Metrics.completed)).count, 3)
      yield* Metric.update(Metrics.insertBatch, 1_000)
      const { buckets } = yield* Metric.value(Metrics.insertBatch)
      assert.strictEqual(buckets.find(([bound]) => bound === 1_024)?.[1], 1)
      assert.strictEqual(buckets.find(([bound]) => bound === 512)?.[1], 0)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
})
