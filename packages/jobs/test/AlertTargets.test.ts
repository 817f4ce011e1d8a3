import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AlertTargets from "../src/AlertTargets.ts"

describe("AlertTargets", () => {
  it.effect("are nobody, unless said", () =>
    Effect.gen(function*() {
      const targets = yield* AlertTargets.AlertTargets
      assert.deepStrictEqual(targets, { ...AlertTargets.nobody, email: "ops@example.com" })
    }).pipe(Effect.provide(AlertTargets.layer({ email: "ops@example.com" }))))
})
