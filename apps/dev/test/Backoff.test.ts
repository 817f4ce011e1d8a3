import { assert, describe, it } from "@effect/vitest"
import * as Backoff from "../src/Backoff.ts"

describe("Backoff", () => {
  it("doubles up to its cap", () => {
    const pauses: Array<number> = []
    for (let round = 0; round < 8; round++) pauses.push(Backoff.next(pauses.at(-1) ?? 0, 100))
    assert.deepStrictEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000])
  })

  it("starts anew after a steady run", () => {
    assert.strictEqual(Backoff.next(8_000, Backoff.steadyMillis), Backoff.firstMillis)
    assert.strictEqual(Backoff.next(8_000, Backoff.steadyMillis - 1), Backoff.capMillis)
  })
})
