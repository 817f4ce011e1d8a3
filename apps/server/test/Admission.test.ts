import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as Admission from "../src/Admission.ts"

describe("Admission", () => {
  it.effect("refuses what is over the limit, and takes it again when others have ended", () =>
    Effect.gen(function*() {
      const admit = Admission.make(2)
      const gate = yield* Deferred.make<void>()
      const running = yield* Effect.forEach([1, 2], () =>
        Effect.forkChild(admit(Deferred.await(gate)), { startImmediately: true }))
      const error = yield* Effect.flip(admit(Effect.void))
      assert.strictEqual(error._tag, "TooManyRequests")
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(running, Fiber.join)
      yield* admit(Effect.void)
    }))

  it.effect("gives the place of a failed, a died and an interrupted request back", () =>
    Effect.gen(function*() {
      const admit = Admission.make(1)
      yield* Effect.exit(admit(Effect.fail("failed")))
      yield* Effect.exit(admit(Effect.die("died")))
      const fiber = yield* Effect.forkChild(admit(Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* admit(Effect.succeed(1)), 1)
    }))
})
