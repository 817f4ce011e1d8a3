import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Heart from "../src/Heart.ts"

const read = Effect.map(Heart.Heart, (heart) => heart)

describe("Heart", () => {
  it.effect("is none unless a driver brings one", () =>
    Effect.gen(function*() {
      assert.isNull(yield* read)
      const heart: Heart.HeartService = {
        keep: () => ({ sentMillis: () => -Infinity, stop: () => {} }),
        sign: () => {}
      }
      assert.strictEqual(yield* Effect.provideService(read, Heart.Heart, heart), heart)
    }))
})
