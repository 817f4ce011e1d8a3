import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as MemoryServiceStorage from "../src/MemoryServiceStorage.ts"

const line = { actor: "k", action: "jobs.create", targets: [], address: null, detail: {} }

describe("MemoryServiceStorage", () => {
  it.effect("drops lines that are older, and keeps the others", () =>
    Effect.gen(function*() {
      const { audit } = yield* MemoryServiceStorage.make
      yield* audit.append([line])
      yield* TestClock.adjust(Duration.days(2))
      yield* audit.append([line])
      assert.strictEqual(yield* audit.prune(86_400_000), 1)
      assert.deepStrictEqual((yield* audit.list({ limit: 9 })).map(({ id }) => id), ["2"])
      yield* audit.append(Array.from({ length: 10_002 }, () => line))
      yield* TestClock.adjust("2 days")
      yield* audit.append([line])
      assert.deepStrictEqual([yield* audit.prune(86_400_000), yield* audit.prune(86_400_000)], [10_000, 3])
      assert.deepStrictEqual((yield* audit.list({ limit: 9 })).map(({ id }) => id), ["10005"])
    }))
})
