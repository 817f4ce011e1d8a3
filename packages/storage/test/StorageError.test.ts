import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as StorageError from "../src/StorageError.ts"

const detail = { operation: "claim", detail: "gone" }

const reasons: ReadonlyArray<readonly [StorageError.StorageError["reason"], isTransient: boolean]> = [
  [new StorageError.Unavailable(detail), true],
  [new StorageError.Conflict(detail), true],
  [new StorageError.Invalid({ ...detail, field: "limit" }), false],
  [new StorageError.OutdatedSchema(detail), false],
  [new StorageError.Corrupt(detail), false]
]

describe("StorageError", () => {
  for (const [reason, isTransient] of reasons) {
    it(`says what failed when ${reason._tag}, and whether to try again`, () => {
      const error = new StorageError.StorageError({ reason })
      assert.strictEqual(error.isTransient, isTransient)
      assert.strictEqual(error.message, reason.message)
      assert.include(error.message, "claim")
      assert.include(error.message, "gone")
    })

    it(`survives encoding when ${reason._tag}`, () => {
      const json = JSON.stringify(
        Schema.encodeSync(StorageError.StorageError)(new StorageError.StorageError({ reason }))
      )
      const decoded = Schema.decodeUnknownSync(StorageError.StorageError)(JSON.parse(json))
      assert.strictEqual(decoded.reason._tag, reason._tag)
      assert.strictEqual(decoded.message, reason.message)
    })
  }

  it("names the refused field", () => {
    assert.include(new StorageError.Invalid({ ...detail, field: "limit" }).message, "limit")
  })
})
