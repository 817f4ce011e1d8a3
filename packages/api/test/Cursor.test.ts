import { assert, describe, it } from "@effect/vitest"
import { JobId } from "@millrace/storage"
import { Option, Schema } from "effect"
import * as Cursor from "../src/Cursor.ts"

const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_="

describe("Cursor", () => {
  it.prop("comes back as the id that it was made of", {
    id: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 53 - 1 }))
  }, ({ id }) => {
    const before = JobId.makeUnsafe(id)
    assert.deepStrictEqual(Cursor.decode(Cursor.encode(before)), Option.some(before))
  })

  it("F42: holds the largest id", () => {
    const before = JobId.makeUnsafe("9223372036854775807")
    assert.deepStrictEqual(Cursor.decode(Cursor.encode(before)), Option.some(before))
  })

  it("needs no escaping in a URL", () => {
    assert.match(Cursor.encode(JobId.makeUnsafe(1234567890)), /^[A-Za-z0-9_-]+$/)
  })

  it("refuses a cursor with any one character changed, cut or added", () => {
    const cursor = Cursor.encode(JobId.makeUnsafe(40317))
    for (let at = 0; at < cursor.length; at++) {
      for (const digit of digits) {
        const changed = cursor.slice(0, at) + digit + cursor.slice(at + 1)
        if (changed !== cursor) assert.isTrue(Option.isNone(Cursor.decode(changed)), changed)
      }
      assert.isTrue(Option.isNone(Cursor.decode(cursor.slice(0, at))))
      assert.isTrue(Option.isNone(Cursor.decode(`${cursor.slice(0, at)}A${cursor.slice(at)}`)))
    }
  })

  it("refuses what is no cursor", () => {
    for (const text of ["", "abc", "40317", "\u0000", "%%%", "MS40MDMxNw", "😀", "a".repeat(100_000)]) {
      assert.isTrue(Option.isNone(Cursor.decode(text)))
    }
  })
})
