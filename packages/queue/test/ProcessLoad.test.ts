import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ProcessLoad } from "../src/ProcessLoad.ts"

describe("ProcessLoad", () => {
  it.effect("is measured by nobody unless a program does", () =>
    Effect.gen(function*() {
      assert.isNull(yield* ProcessLoad)
    }))
})
