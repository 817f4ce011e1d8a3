import { assert, describe, layer } from "@effect/vitest"
import { Job, PayloadCodec, Queue } from "@millrace/queue"
import {
  MemorySampleStorage,
  MemoryScheduleStorage,
  MemoryServiceStorage,
  MemoryStorage,
  Storage
} from "@millrace/storage"
import { Effect, Layer, Logger, Redacted, Schema } from "effect"
import { HttpServer } from "effect/http"
import * as Server from "../src/Server.ts"
import * as ServerConfig from "../src/ServerConfig.ts"
import * as T from "./support/ServerUnderTest.ts"

const codec = PayloadCodec.aes256gcm({
  keys: [{ id: "2026", secret: Redacted.make(Buffer.alloc(32, 1).toString("base64")) }]
})

const drainSecret = "a secret of a cron host"

const secret = "tulip"

const Pay = Job.make("Pay", { payload: { card: Schema.String }, success: Schema.String })

const pay = Pay.toLayer(({ card }, job) => Effect.as(job.log(`charging ${card}`), `paid ${card}`))

const served = (codec: PayloadCodec.Codec | null) =>
  Layer.effect(
    T.ServerUnderTest,
    Effect.map(HttpServer.HttpServer, ({ address }) => {
      const port = address._tag === "UnixPathAddress" ? 0 : address.port
      return { port, baseUrl: `http://127.0.0.1:${port}` }
    })
  ).pipe(
    Layer.provide(Server.layer({
      config: { ...ServerConfig.defaults, port: 0, drainSecret: Redacted.make(drainSecret) },
      jobs: { builtIn: [], module: [Pay] },
      handlers: [pay]
    })),
    Layer.provide(PayloadCodec.layer(codec)),
    Layer.provideMerge([MemoryServiceStorage.layer, MemoryScheduleStorage.layer, MemorySampleStorage.layer]),
    Layer.provideMerge(MemoryStorage.layer),
    Layer.provide(Logger.layer([]))
  )

const drain = T.send("POST", "/api/v1/drain", {
  headers: { "content-type": "application/json", authorization: `Bearer ${drainSecret}` },
  body: JSON.stringify({ maxRuntimeMs: 10_000 })
})

const stored = Storage.Storage.use((storage) =>
  Effect.gen(function*() {
    const { items } = yield* storage.list({})
    return JSON.stringify([items, yield* Effect.forEach(items, ({ id }) => storage.inspect.logs(id))])
  })
)

describe("Encryption", () => {
  layer(served(codec), { excludeTestServices: true })("of a server with a key", (it) => {
    it.effect("stores what it is sent encrypted, runs it, and shows it to whoever may read it", () =>
      Effect.gen(function*() {
        const created = yield* T.post("/api/v1/jobs", { name: "Pay", payload: { card: secret } })
        assert.strictEqual(created.status, 201)
        const { id } = created.json as { readonly id: string }
        const first = yield* T.get(`/api/v1/jobs/${id}`)
        assert.deepInclude(first.json, { state: "available", payload: { card: secret } })
        assert.deepInclude((yield* drain).json, { completed: 1, other: 0 })
        const done = yield* T.get(`/api/v1/jobs/${id}`)
        assert.deepInclude(done.json, { state: "completed", payload: { card: secret }, result: `paid ${secret}` })
        assert.include((yield* T.get(`/api/v1/jobs/${id}/logs`)).text, `charging ${secret}`)
        assert.include((yield* T.get("/api/v1/jobs")).text, secret)
        assert.notInclude(yield* stored, secret)
      }))

    it.effect("keeps schedules encrypted", () =>
      Effect.gen(function*() {
        const made = yield* T.post("/api/v1/schedules", {
          name: "pay",
          every: "1 hour",
          job: { name: "Pay", payload: { card: secret } }
        })
        assert.strictEqual(made.status, 201)
        assert.include((yield* T.get("/api/v1/schedules/pay")).text, secret)
        assert.strictEqual((yield* T.post("/api/v1/schedules/pay/trigger", {})).status, 200)
        assert.notInclude(yield* stored, secret)
      }))
  })

  layer(served(null), { excludeTestServices: true })("of a server without the key", (it) => {
    it.effect("shows what is stored", () =>
      Effect.gen(function*() {
        const { id } = yield* Effect.provide(
          Pay.enqueue({ card: secret }),
          Queue.layer.pipe(Layer.provide(PayloadCodec.layer(codec)))
        )
        const { json, text } = yield* T.get(`/api/v1/jobs/${id}`)
        assert.notInclude(text, secret)
        const { payload } = json as { readonly payload: object }
        assert.deepInclude(payload, { $millrace: "a256gcm", k: "2026" })
      }))
  })
})
