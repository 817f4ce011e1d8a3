import { assert, describe, it } from "@effect/vitest"
import { JobId } from "@millrace/storage"
import { Schema } from "effect"
import * as Rows from "../../src/internal/rows.ts"

const idMax = 9_223_372_036_854_775_807n

describe("rows", () => {
  const Place = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))
  const Id = Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 1n, maximum: idMax }))

  it.prop("finds lease, place and size again in the id of a lease", [Id, Place, Place], ([lease, place, size]) => {
    assert.deepStrictEqual(Rows.parseLeaseId(Rows.leaseId(lease, place, size)), {
      lease: String(lease),
      place,
      size,
      isLimited: false
    })
  })

  it("takes nothing else for the id of a lease", () => {
    for (
      const text of [
        "",
        "1.2",
        "1.2.3.4",
        "0.1.1",
        "1.0.1",
        "1.1.0",
        "a.1.1",
        "1.1.99999",
        "-1.1.1",
        `${idMax + 1n}.1.1`
      ]
    ) {
      assert.isNull(Rows.parseLeaseId(text), text)
    }
  })

  it("tells ids that the server can hold from those that it can not", () => {
    assert.isTrue(Rows.isId(JobId.makeUnsafe(idMax)))
    assert.isTrue(Rows.isId(JobId.makeUnsafe("1")))
    assert.isFalse(Rows.isId(JobId.makeUnsafe(idMax + 1n)))
    assert.isFalse(Rows.isId(JobId.makeUnsafe("9999999999999999999")))
  })
})
