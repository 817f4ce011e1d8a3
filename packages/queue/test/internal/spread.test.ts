import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric, References } from "effect"
import * as Spread from "../../src/internal/spread.ts"
import * as Job from "../../src/Job.ts"
import * as Metrics from "../../src/Metrics.ts"
import * as TestWorker from "../TestWorker.ts"

describe("spread", () => {
  it("counts the jobs of each tenant, the most first", () => {
    const claims = ["a", "b", "b", "c", "b", "a"].map((tenant) => ({ tenant }))
    assert.deepStrictEqual(Spread.ofClaims(claims), [["b", 3], ["a", 2], ["c", 1]])
  })

  it.effect("tells each claim's spread to metrics and to the debug log", () => {
    const lines: Array<readonly [unknown, unknown]> = []
    const logger = Logger.make(({ fiber, message }) => {
      const text = Array.isArray(message) ? String(message[0]) : String(message)
      if (text.startsWith("claimed")) lines.push([text, fiber.getRef(References.CurrentLogAnnotations)["spread"]])
    })
    return Effect.gen(function*() {
      const Plain = Job.make("Plain", { payload: {} })
      const tenants = ["a", "a", "a", "b"]
      yield* Plain.enqueueAll(tenants.map((tenant) => ({ payload: {}, options: { tenant } })))
      const before = yield* Metric.value(Metrics.claimTenants)
      yield* TestWorker.start(Plain.toLayer(() => Effect.void))
      yield* TestWorker.settle
      assert.deepStrictEqual(lines, [["claimed 4 jobs of 2 tenants", { a: 3, b: 1 }]])
      assert.strictEqual((yield* Metric.value(Metrics.claimTenants)).count - before.count, 1)
      assert.isAtLeast((yield* Metric.value(Metrics.claimLargest)).max, 3)
    }).pipe(
      Effect.provide(Layer.mergeAll(
        TestWorker.layer(),
        Logger.layer([logger]),
        Layer.succeed(References.MinimumLogLevel, "Debug")
      ))
    )
  })
})
