import { assert, describe, it } from "@effect/vitest"
import { Config, Effect, Option } from "effect"
import * as Environment from "../src/Environment.ts"

describe("Environment", () => {
  it.effect("counts an empty variable as not set", () =>
    Effect.gen(function*() {
      const provider = Environment.provider({ A: "1", B: "", C: undefined })
      const all = Config.all([Config.option(Config.String("A")), Config.option(Config.String("B"))])
      assert.deepStrictEqual(yield* all.parse(provider), [Option.some("1"), Option.none()])
    }))
})
