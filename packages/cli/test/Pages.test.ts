import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as Pages from "../src/Pages.ts"

const numbers = (asked: Array<Pages.Position>) => (position: Pages.Position) =>
  Effect.sync(() => {
    asked.push(position)
    const start = Number(position.cursor ?? 0)
    return { items: [start, start + 1], nextCursor: start + 2 < 6 ? String(start + 2) : null }
  })

describe("Pages", () => {
  it.effect("reads one page, and says how to get on", () =>
    Effect.gen(function*() {
      const asked: Array<Pages.Position> = []
      const page = yield* Pages.read({ all: false, cursor: Option.some("2"), limit: Option.some(2) }, numbers(asked))
      assert.deepStrictEqual(page, { items: [2, 3], nextCursor: "4" })
      assert.deepStrictEqual(asked, [{ cursor: "2", limit: 2 }])
      assert.strictEqual(Pages.more(page), "\nmore: --cursor 4, or --all")
    }))

  it.effect("reads all pages, as large as they come", () =>
    Effect.gen(function*() {
      const asked: Array<Pages.Position> = []
      const page = yield* Pages.read({ all: true, cursor: Option.none(), limit: Option.none() }, numbers(asked))
      assert.deepStrictEqual(page, { items: [0, 1, 2, 3, 4, 5], nextCursor: null })
      assert.deepStrictEqual(asked[0], { limit: 200 })
      assert.strictEqual(Pages.more(page), "")
    }))
})
