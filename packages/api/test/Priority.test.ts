import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Priority from "../src/Priority.ts"

const isPriority = Schema.is(Priority.Priority)

describe("Priority", () => {
  it("is a name or a whole number from 0 to 100", () => {
    for (const priority of ["urgent", "high", "normal", "low", 0, 50, 100]) assert.isTrue(isPriority(priority))
    for (const priority of ["", "High", "1", -1, 101, 1.5, Number.NaN, null]) assert.isFalse(isPriority(priority))
  })

  it("says in one sentence what would be right", () => {
    for (const priority of ["first", 101, 1.5, {}]) {
      const decoded = Schema.decodeUnknownResult(Priority.Priority)(priority)
      assert.include(decoded._tag === "Failure" ? decoded.failure.message : "", "Expected")
    }
  })
})
