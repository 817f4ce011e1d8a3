import { assert, describe, layer } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as T from "./support/ServerUnderTest.ts"

/** Slow, not endless: the queue waits for its statement before it closes. */
const slow = T.layerWithStorage((storage) => ({ insert: (jobs) => Effect.delay(storage.insert(jobs), "2 seconds") }), {
  requestTimeout: Duration.millis(300)
})

const dying = T.layerWithStorage(() => ({ list: () => Effect.die(new Error("secret of the house")) }))

describe("EndpointRules", () => {
  layer(slow, { excludeTestServices: true })("a storage that is slow", (it) => {
    it.effect("is answered with Unavailable when the time of the request is over", () =>
      Effect.gen(function*() {
        const answer = yield* T.post("/api/v1/jobs", { name: "Echo", payload: 1 })
        assert.strictEqual(answer.status, 503)
        assert.include(T.errorOf(answer).hint, "unique key")
        assert.strictEqual(answer.headers.get("retry-after"), "2")
      }))
  })

  layer(dying, { excludeTestServices: true })("a defect", (it) => {
    it.effect("is answered with InternalError, without its cause", () =>
      Effect.gen(function*() {
        const answer = yield* T.get("/api/v1/jobs")
        assert.strictEqual(answer.status, 500)
        assert.strictEqual(T.errorOf(answer).tag, "InternalError")
        assert.notInclude(answer.text, "secret")
      }))

    it.effect("does not harm the requests after it", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* T.post("/api/v1/jobs", { name: "Echo", payload: 1 })).status, 201)
      }))
  })
})
