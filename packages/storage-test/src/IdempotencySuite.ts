/**
 * What every `ServiceStorage` does with requests that have a key: each runs once, and its answer is kept.
 *
 * @since 0.1.0
 */
import { assert, layer } from "@effect/vitest"
import { ServiceStorage } from "@millrace/storage"
import type { IdempotentRequest } from "@millrace/storage"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

const request = (
  key: string,
  more: Partial<IdempotentRequest.IdempotentRequest> = {}
): IdempotentRequest.IdempotentRequest => ({
  caller: "k1",
  endpoint: "jobs.create",
  key,
  fingerprint: "f1",
  keepMillis: 3_600_000,
  ...more
})

/** A run that says how often it ran. */
const counted = () => {
  const times = { runs: 0 }
  const run = Effect.andThen(
    Effect.yieldNow,
    Effect.sync((): IdempotentRequest.KeptAnswer => {
      times.runs += 1
      return { status: 201, body: `{"id":"${times.runs}","quote":"'\\u2028"}` }
    })
  )
  return { times, run }
}

const requests = Effect.map(ServiceStorage.ServiceStorage, (storage) => storage.requests)

/**
 * Declares the tests for a driver. Its storage must be empty.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = <E>(name: string, driver: Layer.Layer<ServiceStorage.ServiceStorage, E>): void => {
  layer(driver, { excludeTestServices: true, timeout: 60_000 })(`Idempotent requests (${name})`, (it) => {
    it.effect("runs a request once, and answers it again as it was", () =>
      Effect.gen(function*() {
        const { once } = yield* requests
        const { run, times } = counted()
        const first = yield* once(request("a"), run)
        const again = yield* once(request("a"), run)
        assert.strictEqual(first._tag, "Ran")
        assert.deepStrictEqual(again, { ...first, _tag: "Kept" })
        assert.strictEqual(times.runs, 1)
      }))

    it.effect("runs one of many at the same time, and answers the others alike", () =>
      Effect.gen(function*() {
        const { once } = yield* requests
        const { run, times } = counted()
        const results = yield* Effect.all(Array.from({ length: 12 }, () => once(request("b"), run)), {
          concurrency: "unbounded"
        })
        assert.strictEqual(times.runs, 1)
        assert.strictEqual(results.filter(({ _tag }) => _tag === "Ran").length, 1)
        assert.strictEqual(results.filter(({ _tag }) => _tag === "Kept").length, 11)
      }))

    it.effect("tells another content from the one that has the key", () =>
      Effect.gen(function*() {
        const { once } = yield* requests
        const { run, times } = counted()
        yield* once(request("c"), run)
        assert.deepStrictEqual(yield* once(request("c", { fingerprint: "f2" }), run), { _tag: "Other" })
        assert.strictEqual(times.runs, 1)
      }))

    it.effect("keeps the keys of callers and endpoints apart", () =>
      Effect.gen(function*() {
        const { once } = yield* requests
        const { run, times } = counted()
        yield* once(request("d"), run)
        yield* once(request("d", { caller: "k2" }), run)
        yield* once(request("d", { endpoint: "schedules.create" }), run)
        assert.strictEqual(times.runs, 3)
      }))

    it.effect("keeps nothing of a run that fails: the next one runs", () =>
      Effect.gen(function*() {
        const { once } = yield* requests
        const { run, times } = counted()
        const failing = once(request("e"), Effect.andThen(Effect.yieldNow, Effect.fail("refused" as const)))
        const refused = yield* Effect.all([Effect.flip(failing), Effect.flip(failing)], { concurrency: 2 })
        assert.deepStrictEqual(refused, ["refused", "refused"])
        assert.strictEqual((yield* once(request("e"), run))._tag, "Ran")
        assert.strictEqual(times.runs, 1)
      }))

    it.effect("forgets a request when its time is over, and drops it", () =>
      Effect.gen(function*() {
        const { once, prune } = yield* requests
        const { run, times } = counted()
        yield* once(request("f", { keepMillis: 0 }), run)
        assert.strictEqual((yield* once(request("f", { fingerprint: "f2", keepMillis: 0 }), run))._tag, "Ran")
        yield* once(request("g", { keepMillis: 0 }), run)
        assert.strictEqual(times.runs, 3)
        assert.strictEqual(yield* prune, 2)
        assert.strictEqual(yield* prune, 0)
        assert.strictEqual((yield* once(request("a"), run))._tag, "Kept")
      }))
  })
}
