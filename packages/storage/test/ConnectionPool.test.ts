import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ConnectionPool from "../src/ConnectionPool.ts"

const figures = { max: 2, total: 2, idle: 0, waiting: 0, waited: 0 }

describe("ConnectionPool", () => {
  it.effect("tells nothing when no driver does", () =>
    Effect.gen(function*() {
      assert.isNull(yield* ConnectionPool.ConnectionPool)
    }))

  it("is exhausted when all connections that there may be are in use", () => {
    assert.isTrue(ConnectionPool.isExhausted(figures))
    assert.isFalse(ConnectionPool.isExhausted({ ...figures, idle: 1 }))
    assert.isFalse(ConnectionPool.isExhausted({ ...figures, total: 1 }))
  })
})
