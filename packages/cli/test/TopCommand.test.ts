import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { Look } from "../src/TopCommand.ts"
import * as TopCommand from "../src/TopCommand.ts"
import * as T from "./support/Terminal.ts"

const look = (atMillis: number, completed: number): Look =>
  ({ atMillis, queues: [], workers: [], stats: { jobs: { completed, dead: 0 } } }) as unknown as Look

describe("TopCommand", () => {
  it("computes the pace between two looks, and none before the second", () => {
    assert.isNull(TopCommand.paceOf(null, look(1000, 5)))
    assert.deepStrictEqual(TopCommand.paceOf(look(1000, 5), look(3000, 25)), { completed: 10, dead: 0 })
    assert.deepStrictEqual(TopCommand.paceOf(look(1000, 25), look(2000, 5)), { completed: 0, dead: 0 })
  })

  layer(T.server(), { excludeTestServices: true })("top", (it) => {
    it.effect("draws as often as it is told", () =>
      Effect.gen(function*() {
        yield* T.enqueue("Echo", "1", "--queue", "drawn")
        const drawn = yield* T.run("top", "--count", "2", "--interval", "100 millis")
        assert.strictEqual(drawn.code, 0, drawn.errors)
        assert.match(drawn.output, /^millrace http/)
        assert.include(drawn.output, "1 available, 0 running")
        assert.match(drawn.output, /^drawn /m)
        assert.include(drawn.output, "0.0 completed/s")
      }))

    it.effect("writes one line of JSON for each look", () =>
      Effect.gen(function*() {
        const { output } = yield* T.run("top", "--count", "2", "--interval", "100 millis", "--json")
        const lines = output.split("\n").map((line) => JSON.parse(line) as { readonly pace: unknown })
        assert.strictEqual(lines.length, 2)
        assert.isNull(lines[0]?.pace)
        assert.deepStrictEqual(lines[1]?.pace, { completed: 0, dead: 0 })
      }))

    it.effect("refuses an interval that is none", () =>
      Effect.gen(function*() {
        for (const interval of ["often", "1 milli"]) {
          const ended = yield* T.run("top", "--interval", interval)
          assert.strictEqual(ended.code, 2)
          assert.include(ended.errors, "--interval")
        }
      }))
  })
})
