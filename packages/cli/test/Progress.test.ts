import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../src/Progress.ts"

describe("Progress", () => {
  it("draws the share, the count, the pace and a note", () => {
    assert.strictEqual(
      Progress.render({ done: 5, total: 10, seconds: 2, note: "x" }),
      "[###############---------------] 5 of 10 (50 %), 3/s, x"
    )
    assert.include(Progress.render({ done: 0, total: 0, seconds: 0, note: "" }), "0 of 0 (100 %)")
  })

  it.effect("draws ten times a second at most, and at the end", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const canvas = Layer.succeed(Progress.Canvas, { draw: (line) => Effect.sync(() => void lines.push(line)) })
      yield* Effect.scoped(Effect.gen(function*() {
        const bar = yield* Progress.start(100)
        yield* TestClock.adjust("1 second")
        for (let i = 0; i < 50; i++) yield* bar.advance(1)
        yield* TestClock.adjust("1 second")
        yield* bar.advance(50)
      })).pipe(Effect.provide(canvas))
      assert.strictEqual(lines.length, 3)
      assert.match(lines.at(-1) ?? "", /100 of 100 \(100 %\), 50\/s\n$/)
    }))

  it.effect("draws nothing where nobody watches", () =>
    Effect.scoped(Effect.gen(function*() {
      const bar = yield* Progress.start(1)
      yield* bar.advance(1)
    })).pipe(Effect.provide(Progress.layerNone)))
})
