import { assert, describe, layer } from "@effect/vitest"
import { ConnectionPool, StorageError } from "@millrace/storage"
import { Effect, Layer } from "effect"
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
        assert.deepInclude(health.json, { status: "ok", storage: { status: "available", detail: null }, pool: null })
        const ready = yield* T.get("/ready")
        assert.deepStrictEqual([ready.status, ready.json], [200, { status: "ready" }])
      }))
  })

  const pool = { max: 3, total: 2, idle: 0, waiting: 4, waited: 7 }
  const withPool = T.layer().pipe(
    Layer.provide(Layer.succeed(ConnectionPool.ConnectionPool, Effect.sync(() => pool)))
  )

  layer(withPool, { excludeTestServices: true })("with a pool of connections", (it) => {
    it.effect("tells of it, as it is now", () =>
      Effect.gen(function*() {
        const told = { max: 3, total: 2, idle: 0, waiting: 4 }
        assert.deepInclude((yield* T.get("/health")).json, { pool: told })
        const text = (yield* T.get("/metrics")).text
        for (const line of ["max 3", "total 2", "idle 0", "waiting 4"]) {
          assert.include(text, `\nmillrace_db_pool_${line}\n`)
        }
        pool.waiting = 0
        assert.deepInclude((yield* T.get("/health")).json, { pool: { ...told, waiting: 0 } })
        assert.include((yield* T.get("/metrics")).text, "\nmillrace_db_pool_waiting 0\n")
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
