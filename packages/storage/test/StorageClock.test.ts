import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as StorageClock from "../src/StorageClock.ts"

const read = Effect.map(StorageClock.StorageClock, (clock) => clock)

describe("StorageClock", () => {
  it.effect("is the database's unless a test says otherwise", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read, "database")
      assert.strictEqual(yield* Effect.provideService(read, StorageClock.StorageClock, "effect"), "effect")
    }))
})
