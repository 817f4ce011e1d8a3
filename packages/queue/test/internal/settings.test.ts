import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Settings from "../../src/internal/settings.ts"
import type { WorkerOptions } from "../../src/WorkerOptions.ts"

const resolved = (options: WorkerOptions) => Result.getOrThrow(Settings.resolve(options))

describe("settings", () => {
  it("fills in every default", () => {
    assert.deepStrictEqual(resolved({}), {
      queues: [{ queue: "default", concurrency: 10, prefetch: 500 }],
      perTenant: 20,
      agingEvery: 10,
      pollMillis: 1_000,
      leaseMillis: 12_000,
      standstillMillis: 300_000,
      graceMillis: 10_000,
      keepFinishedMillis: 30 * 86_400_000,
      keepDeadMillis: 90 * 86_400_000,
      maintenance: true,
      prunes: true,
      jobLogLevel: "Debug"
    })
  })

  it("takes queues by name or with options of their own", () => {
    assert.deepStrictEqual(resolved({ queues: ["a", "b"], concurrency: 3, prefetch: 0 }).queues, [
      { queue: "a", concurrency: 3, prefetch: 0 },
      { queue: "b", concurrency: 3, prefetch: 0 }
    ])
    assert.deepStrictEqual(resolved({ queues: { a: { concurrency: 1 }, b: {} }, concurrency: 4 }).queues, [
      { queue: "a", concurrency: 1, prefetch: 500 },
      { queue: "b", concurrency: 4, prefetch: 500 }
    ])
  })

  const wrong: ReadonlyArray<readonly [string, WorkerOptions]> = [
    ["queues", { queues: [] }],
    ["queues", { queues: ["a", "a"] }],
    ["queues", { queues: [""] }],
    ["queues.a.concurrency", { queues: { a: { concurrency: 0 } } }],
    ["queues.default.concurrency", { concurrency: 1.5 }],
    ["queues.default.prefetch", { prefetch: -1 }],
    ["perTenant", { perTenant: 0 }],
    ["pollInterval", { pollInterval: 0 }],
    ["leaseDuration", { leaseDuration: "10 millis" }],
    ["leaseDuration", { leaseDuration: "Infinity" }],
    ["graceDuration", { graceDuration: -1 }],
    ["keepDead", { keepDead: Number.NaN }]
  ]
  for (const [field, options] of wrong) {
    it(`refuses ${JSON.stringify(options)} by its field`, () => {
      const result = Settings.resolve(options)
      assert.strictEqual(Result.isFailure(result) ? result.failure.field : "", field)
    })
  }
})
