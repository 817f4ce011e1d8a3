import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as MemoryIdempotentRequests from "../src/MemoryIdempotentRequests.ts"

const request = { caller: "k", endpoint: "jobs.create", key: "a", fingerprint: "f", keepMillis: 60_000 }

const run = Effect.succeed({ status: 201, body: "{}" })

describe("MemoryIdempotentRequests", () => {
  it.effect("keeps an answer for its time and no longer", () =>
    Effect.gen(function*() {
      const { once, prune } = yield* MemoryIdempotentRequests.make
      yield* once(request, run)
      yield* TestClock.adjust(Duration.seconds(59))
      assert.strictEqual((yield* once(request, run))._tag, "Kept")
      assert.strictEqual(yield* prune, 0)
      yield* TestClock.adjust(Duration.seconds(1))
      assert.strictEqual(yield* prune, 1)
      assert.strictEqual((yield* once(request, run))._tag, "Ran")
    }))
})
