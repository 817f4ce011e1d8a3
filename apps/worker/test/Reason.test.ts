import { assert, describe, it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Effect } from "effect"
import * as Reason from "../src/Reason.ts"

describe("Reason", () => {
  it("is the message of what failed or was thrown", () => {
    assert.deepStrictEqual(Reason.ofCause(Cause.fail(new TypeError("no"))), ["no"])
    assert.deepStrictEqual(Reason.ofCause(Cause.die("odd")), ["odd"])
    assert.deepStrictEqual(Reason.ofCause(Cause.fail({ message: "plain" })), ["plain"])
    assert.strictEqual(Reason.of(null), "null")
  })

  it.effect("is one line for each variable that is wrong", () =>
    Effect.gen(function*() {
      const config = Config.all({ a: Config.Int("A"), b: Config.Int("B") })
      const exit = yield* Effect.exit(config.parse(ConfigProvider.fromEnv({ env: { A: "x", B: "y" } })))
      const reasons = exit._tag === "Failure" ? Reason.ofCause(exit.cause) : []
      assert.match(reasons.join("\n"), /^A is wrong: /)
    }))
})
