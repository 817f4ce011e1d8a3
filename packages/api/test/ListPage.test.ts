import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as ListPage from "../src/ListPage.ts"

describe("ListPage", () => {
  const isPage = Schema.is(ListPage.of(Schema.Int))

  it("has items, and a cursor that is null at the end", () => {
    assert.isTrue(isPage({ items: [1, 2], nextCursor: "x" }))
    assert.isTrue(isPage({ items: [], nextCursor: null }))
    assert.isFalse(isPage({ items: [1] }))
    assert.isFalse(isPage({ items: ["a"], nextCursor: null }))
  })
})
