import { assert, describe, it } from "@effect/vitest"
import { ScheduleRequest } from "@millrace/api"
import { Effect, Option } from "effect"
import * as Request from "../src/Request.ts"

describe("Request", () => {
  it.effect("reads a body as the contract does", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Request.decode(ScheduleRequest.ChangeSchedule, { every: "1 hour" }), {
        every: "1 hour"
      })
    }))

  it.effect("names the flag that is wrong", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Request.decode(ScheduleRequest.ChangeSchedule, { timeZone: 7 }))
      assert.match(error.message, /^--time-zone: /)
      assert.strictEqual(error.code, 2)
      assert.include((yield* Effect.flip(Request.json("{"))).message, "no JSON")
    }))

  it("keeps what was given", () => {
    assert.deepStrictEqual(Request.definedOf({ a: Option.some(1), b: Option.none() }), { a: 1 })
  })
})
