import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"
import * as Preview from "../src/Preview.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"

describe("preview", () => {
  it("lists every attempt after the first with its delay and instant", () => {
    const policy = RetryPolicy.exponential({ base: "1 second", maxAttempts: 4 })
    const attempts = Preview.preview(policy, { now: "2026-11-21T10:00:00Z" })
    assert.deepStrictEqual(attempts.map((a) => [a.attempt, a.delayMillis, a.elapsedMillis, DateTime.formatIso(a.at)]), [
      [2, 1000, 1000, "2026-11-21T10:00:01.000Z"],
      [3, 2000, 3000, "2026-11-21T10:00:03.000Z"],
      [4, 4000, 7000, "2026-11-21T10:00:07.000Z"]
    ])
  })

  it("starts at the epoch unless told otherwise", () => {
    const [first] = Preview.preview(RetryPolicy.fixed("1 minute"))
    assert.strictEqual(first && DateTime.formatIso(first.at), "1970-01-01T00:01:00.000Z")
  })

  it("is empty where there is no retry", () => {
    assert.deepStrictEqual(Preview.preview(RetryPolicy.never), [])
    assert.deepStrictEqual(Preview.preview(RetryPolicy.fixed(1, { maxAttempts: 1 })), [])
  })

  it("shows the rule of a tag", () => {
    const policy = RetryPolicy.fixed("1 second", { maxAttempts: 3 }).pipe(
      RetryPolicy.byTag({ Down: RetryPolicy.fixed("30 seconds"), Full: RetryPolicy.never })
    )
    assert.deepStrictEqual(Preview.preview(policy, { errorTag: "Down" }).map((a) => a.delayMillis), [30_000, 30_000])
    assert.deepStrictEqual(Preview.preview(policy, { errorTag: "Full" }), [])
  })

  it("goes on from the failures and the time that a job already has", () => {
    const policy = RetryPolicy.exponential({ base: "1 second", maxElapsed: "1 minute" })
    const attempts = Preview.preview(policy, { now: 1_000_000, failures: 4, elapsedMillis: 20_000 })
    assert.deepStrictEqual(
      attempts.map((a) => [a.attempt, a.delayMillis, a.elapsedMillis, DateTime.toEpochMillis(a.at)]),
      [
        [5, 8000, 28_000, 1_008_000],
        [6, 16_000, 44_000, 1_024_000]
      ]
    )
  })

  it("has a limit", () => {
    const endless = RetryPolicy.fixed("365 days", { maxAttempts: 1_000_000 })
    assert.lengthOf(Preview.preview(endless), 100)
    assert.lengthOf(Preview.preview(endless, { limit: 5 }), 5)
    assert.lengthOf(Preview.preview(endless, { limit: 1e9 }), Preview.maxLimit)
  })

  it("counts failures below 1 as 1", () => {
    for (const failures of [0, -2, Number.NaN]) {
      assert.strictEqual(Preview.preview(RetryPolicy.fixed(1), { failures })[0]?.attempt, 2)
    }
  })

  it.effect.prop(
    "equals deciding again and again",
    { policy: RetryPolicy.RetryPolicy, seed: Schema.String, errorTag: Schema.String },
    ({ policy, seed, errorTag }) =>
      Effect.sync(() => {
        const expected: Array<number> = []
        let elapsedMillis = 0
        for (let failures = 1; failures <= 100; failures++) {
          const decision = RetryPolicy.decide(policy, { failures, elapsedMillis, seed, errorTag })
          if (decision._tag === "GiveUp") break
          expected.push(decision.delayMillis)
          elapsedMillis += decision.delayMillis
        }
        const attempts = Preview.preview(policy, { seed, errorTag })
        assert.deepStrictEqual(attempts.map((a) => a.delayMillis), expected)
        assert.strictEqual(attempts.at(-1)?.elapsedMillis ?? 0, elapsedMillis)
      })
  )
})
