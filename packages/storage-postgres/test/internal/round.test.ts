import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Round from "../../src/internal/round.ts"

const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Walks over the tenants as claims do, `step` at a time, from behind `start`; answers how many it looked at. */
const walk = (tenants: ReadonlyArray<string>, start: string, step: number): number => {
  const sorted = tenants.toSorted(order)
  const line = [...sorted.filter((name) => order(name, start) > 0), ...sorted.filter((name) => order(name, start) <= 0)]
  let from = start
  for (let looked = step;; looked += step) {
    const to = line[(looked - 1) % line.length] ?? ""
    if (Round.isOver(start, from, to)) return looked
    from = to
  }
}

describe("round", () => {
  const Name = Schema.String.check(Schema.isPattern(/^[^\ud800-\udfff]{0,3}$/))
  const Step = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 }))

  it.prop(
    "is over after every tenant was looked at, and at most one step later",
    [Schema.Array(Name), Name, Step],
    ([names, start, step]) => {
      const tenants = [...new Set([...names, "a", "b", "c", "d", "e", "f"])]
      const looked = walk(tenants, start, step)
      assert.isAtLeast(looked, tenants.length)
      assert.isBelow(looked, tenants.length + step + 1)
    }
  )

  it("orders names as the server does, by bytes", () => {
    // U+FF5E is behind U+1F69A by its UTF-16 units, before it by its bytes.
    assert.isFalse(Round.isOver("a", "\uff5e", "🚚"))
    assert.isTrue(Round.isOver("a", "🚚", "\uff5e"))
  })
})
