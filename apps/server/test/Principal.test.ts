import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Principal from "../src/Principal.ts"

const caller = (more: Partial<Principal.Principal>): Principal.Principal => ({ ...Principal.admin("k"), ...more })

const sees = (queues: ReadonlyArray<string>, queue: string) => Principal.seesQueue(caller({ queues }), queue)

describe("Principal", () => {
  it.effect("is nobody where no authorization was", () =>
    Effect.gen(function*() {
      const principal = yield* Principal.CurrentPrincipal
      assert.strictEqual(principal, Principal.nobody)
      assert.isFalse(Principal.seesJob(principal, { queue: "default", tenant: "" }))
      assert.isString(Principal.refuse(principal, { scope: "read", reach: "jobs" }))
    }))

  it("sees the queues of its patterns, where a star stands for any characters", () => {
    for (
      const [pattern, queue] of [
        ["*", ""],
        ["*", "anything"],
        ["mail", "mail"],
        ["mail-*", "mail-"],
        ["mail-*", "mail-out"],
        ["*-out", "mail-out"],
        ["a*c*e", "abcde"],
        ["a*c*e", "ace"],
        ["a**b", "ab"],
        ["(.*)", "(.)"]
      ] as const
    ) assert.isTrue(sees([pattern], queue), `${pattern} ${queue}`)
    for (
      const [pattern, queue] of [
        ["mail", "mail2"],
        ["mail-*", "mail"],
        ["*-out", "-out-"],
        ["ab*ba", "aba"],
        ["a*c*e", "aec"],
        [".*", "x"],
        ["", "x"]
      ] as const
    ) assert.isFalse(sees([pattern], queue), `${pattern} ${queue}`)
    assert.isTrue(sees(["x", "y*"], "yes"))
    assert.isFalse(sees([], "x"))
  })

  it("does not take longer for a pattern of many stars", () => {
    assert.isFalse(sees(["*a".repeat(120) + "b"], "a".repeat(255)))
  })

  it("sees jobs of its tenant in its queues only", () => {
    const principal = caller({ tenant: "acme", queues: ["mail"] })
    assert.isTrue(Principal.seesJob(principal, { tenant: "acme", queue: "mail" }))
    for (const job of [{ tenant: "", queue: "mail" }, { tenant: "acme", queue: "x" }, { tenant: "b", queue: "mail" }]) {
      assert.isFalse(Principal.seesJob(principal, job))
    }
  })

  it("is kept from what shows more than it may see", () => {
    const refuse = (more: Partial<Principal.Principal>, reach: "everything" | "queues" | "jobs") =>
      Principal.refuse(caller(more), { scope: "read", reach }) !== null
    assert.deepStrictEqual((["everything", "queues", "jobs"] as const).map((reach) => refuse({ tenant: "t" }, reach)), [
      true,
      true,
      false
    ])
    assert.deepStrictEqual(
      (["everything", "queues", "jobs"] as const).map((reach) => refuse({ queues: ["q"] }, reach)),
      [
        true,
        false,
        false
      ]
    )
    assert.isFalse(refuse({}, "everything"))
  })
})
