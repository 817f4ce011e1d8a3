import { assert, describe, layer } from "@effect/vitest"
import { StorageError } from "@millrace/storage"
import { Effect } from "effect"
import * as T from "../support/ServerUnderTest.ts"

const away = Effect.fail(
  new StorageError.StorageError({ reason: new StorageError.Unavailable({ operation: "list", detail: "ECONNREFUSED" }) })
)

describe("SystemHandlers", () => {
  layer(T.layer(), { excludeTestServices: true })("with the storage", (it) => {
    it.effect("is alive and ready", () =>
      Effect.gen(function*() {
        const health = yield* T.get("/health")
        assert.strictEqual(health.status, 200)
        assert.deepInclude(health.json, { status: "ok", storage: { status: "available", detail: null } })
        const ready = yield* T.get("/ready")
        assert.deepStrictEqual([ready.status, ready.json], [200, { status: "ready" }])
      }))
  })

  layer(T.layerWithStorage(() => ({ list: () => away })), { excludeTestServices: true })(
    "without the storage",
    (it) => {
      it.effect("is alive, and says what is missing", () =>
        Effect.gen(function*() {
          const health = yield* T.get("/health")
          assert.strictEqual(health.status, 200)
          assert.deepInclude((health.json as { readonly storage: object }).storage, { status: "unavailable" })
          assert.notInclude(health.text, "ECONNREFUSED")
        }))

      it.effect("is not ready", () =>
        Effect.gen(function*() {
          const ready = yield* T.get("/ready")
          assert.strictEqual(ready.status, 503)
          assert.strictEqual(T.errorOf(ready).tag, "Unavailable")
          assert.strictEqual(ready.headers.get("retry-after"), "2")
        }))
    }
  )
})
