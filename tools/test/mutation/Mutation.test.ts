import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Mutation from "../../src/mutation/Mutation.ts"

const mutant = { id: "settle.settle#1", clause: "where", dropped: "l.worker_id  = $1" } as const

describe("Mutation", () => {
  it("judges by the list of equivalents", () => {
    const known = { "settle.settle: l.worker_id = $1": "the same is said elsewhere" }
    assert.strictEqual(Mutation.judge(mutant, {}, true), "killed")
    assert.strictEqual(Mutation.judge(mutant, {}, false), "survived")
    assert.strictEqual(Mutation.judge(mutant, known, false), "equivalent")
    assert.strictEqual(Mutation.judge(mutant, known, true), "misjudged")
  })

  it.effect("selects the guards of modules and of single statements", () =>
    Effect.gen(function*() {
      const all = yield* Mutation.select(["settle"])
      const some = yield* Mutation.select(["settle.settleCompleted"])
      assert.isAbove(some.length, 5)
      assert.isAbove(all.length, some.length)
      assert.isTrue(some.every((one) => one.id.startsWith("settle.settleCompleted#")))
    }))

  it("sums up", () => {
    assert.strictEqual(
      Mutation.summary([{ verdict: "killed" }, { verdict: "survived" }]),
      "2 guards dropped: 1 noticed, 0 equivalent, 1 unnoticed, 0 wrongly listed as equivalent"
    )
  })
})
