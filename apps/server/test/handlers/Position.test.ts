import { assert, describe, it } from "@effect/vitest"
import { Cursor } from "@millrace/api"
import { Effect } from "effect"
import * as Position from "../../src/handlers/Position.ts"

describe("Position", () => {
  it.effect("begins at the beginning without a cursor, and behind the name of one", () =>
    Effect.gen(function*() {
      assert.isNull(yield* Position.read(undefined))
      assert.strictEqual(yield* Position.read(Cursor.encodeText("a.b ü")), "a.b ü")
      assert.strictEqual(yield* Position.read(Cursor.encodeText("")), "")
    }))

  it.effect("refuses a cursor that was damaged", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Position.read(`${Cursor.encodeText("a")}x`))
      assert.deepInclude(error.error, { tag: "InvalidCursor", field: "cursor" })
    }))
})
