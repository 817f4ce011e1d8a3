import { assert, describe, layer } from "@effect/vitest"
import { Job, Queue, Redaction, Worker } from "@millrace/queue"
import { MemorySampleStorage, MemoryScheduleStorage, MemoryServiceStorage, MemoryStorage } from "@millrace/storage"
import { Effect, Layer, Logger, Schema } from "effect"
import { HttpServer } from "effect/http"
import * as Server from "../src/Server.ts"
import * as ServerConfig from "../src/ServerConfig.ts"
import * as T from "./support/ServerUnderTest.ts"

const secret = "tulip"

const Secret = Schema.String.pipe(Redaction.redacted)

const Pay = Job.make("Pay", {
  payload: { card: Secret, order: Schema.Int, pin: Schema.optionalKey(Secret.check(Schema.isMinLength(4))) },
  success: Schema.Struct({ receipt: Secret }),
  error: Schema.Struct({ _tag: Schema.tag("Declined"), card: Secret }),
  maxAttempts: 1
})

/** Not known to the server. */
const Other = Job.make("Other", { payload: { text: Schema.String }, success: Schema.String })

const handlers = Layer.merge(
  Pay.toLayer(({ card, order }) =>
    order === 0 ? Effect.fail({ _tag: "Declined" as const, card }) : Effect.succeed({ receipt: card })
  ),
  Other.toLayer(({ text }) => Effect.succeed(text))
)

const served = (hideUnknownPayloads: boolean) =>
  Layer.effect(
    T.ServerUnderTest,
    Effect.map(HttpServer.HttpServer, ({ address }) => {
      const port = address._tag === "UnixPathAddress" ? 0 : address.port
      return { port, baseUrl: `http://127.0.0.1:${port}` }
    })
  ).pipe(
    Layer.provide(Server.layer({
      config: { ...ServerConfig.defaults, port: 0, hideUnknownPayloads },
      jobs: { builtIn: [], module: [Pay] }
    })),
    Layer.provideMerge(handlers),
    Layer.provideMerge([Queue.layer, Worker.layer({ pollInterval: "50 millis", graceDuration: "50 millis" })]),
    Layer.provideMerge([MemoryServiceStorage.layer, MemoryScheduleStorage.layer, MemorySampleStorage.layer]),
    Layer.provideMerge(MemoryStorage.layer),
    Layer.provide(Logger.layer([]))
  )

const create = Effect.fnUntraced(function*(name: string, payload: unknown) {
  const created = yield* T.post("/api/v1/jobs", { name, payload })
  assert.strictEqual(created.status, 201, created.text)
  const { id } = created.json as { readonly id: string }
  yield* Queue.Queue.use((queue) => queue.awaitFinished(id as never))
  return id
})

const hidden = "<redacted>"

describe("ShownQueue", () => {
  layer(served(false), { excludeTestServices: true })("of a server that knows the definition", (it) => {
    it.effect("hides marked fields of a job, of lists, of events and of attempts", () =>
      Effect.gen(function*() {
        const good = yield* create("Pay", { card: secret, order: 7, pin: secret })
        const bad = yield* create("Pay", { card: secret, order: 0 })
        assert.deepInclude((yield* T.get(`/api/v1/jobs/${good}`)).json, {
          state: "completed",
          payload: { card: hidden, order: 7, pin: hidden },
          result: { receipt: hidden }
        })
        const dead = yield* T.get(`/api/v1/jobs/${bad}`)
        assert.deepInclude(dead.json, { state: "dead", payload: { card: hidden, order: 0 } })
        assert.deepInclude((dead.json as { readonly error: object }).error, {
          data: { _tag: "Declined", card: hidden }
        })
        for (
          const path of [
            "/api/v1/jobs",
            "/api/v1/jobs?name=Pay&limit=1",
            `/api/v1/jobs/${bad}`,
            `/api/v1/jobs/${bad}/attempts`,
            `/api/v1/jobs/${bad}/explain`,
            `/api/v1/jobs/${good}/events`
          ]
        ) {
          const { status, text } = yield* T.get(path)
          assert.strictEqual(status, 200, path)
          assert.isAbove(text.length, 20, path)
          assert.notInclude(text, secret, path)
        }
        assert.include((yield* T.get(`/api/v1/jobs/${good}/events`)).text, hidden)
        const stored = yield* Queue.Queue.use((queue) => queue.get(good as never))
        assert.deepStrictEqual(stored.payload, { card: secret, order: 7, pin: secret })
      }))

    it.effect("hides them in schedules", () =>
      Effect.gen(function*() {
        const job = { name: "Pay", payload: { card: secret, order: 1 } }
        const made = yield* T.post("/api/v1/schedules", { name: "pay", every: "1 hour", job })
        assert.strictEqual(made.status, 201)
        for (const { text } of [made, yield* T.get("/api/v1/schedules"), yield* T.get("/api/v1/schedules/pay")]) {
          assert.notInclude(text, secret)
          assert.include(text, hidden)
        }
      }))

    it.effect("lets nobody guess them with a payload filter", () =>
      Effect.gen(function*() {
        const id = yield* create("Pay", { card: secret, order: 41 })
        const find = (filter: object) =>
          Effect.map(
            T.get(`/api/v1/jobs?payload=${encodeURIComponent(JSON.stringify(filter))}`),
            ({ json }) => (json as { readonly items: ReadonlyArray<{ readonly id: string }> }).items.map(({ id }) => id)
          )
        assert.deepStrictEqual(yield* find({ order: 41 }), [id])
        assert.deepStrictEqual(yield* find({ card: secret }), [])
        assert.deepStrictEqual(yield* find({ order: 41, card: secret }), [])
      }))

    it.effect("lets nobody guess them by what a page says of others", () =>
      Effect.gen(function*() {
        const guess = `${secret} 2`
        const pages = (limit: number, filter: object) =>
          Effect.gen(function*() {
            const found: Array<ReadonlyArray<string>> = []
            let cursor = ""
            for (;;) {
              const { json } = yield* T.get(
                `/api/v1/jobs?limit=${limit}&payload=${encodeURIComponent(JSON.stringify(filter))}${cursor}`
              )
              const { items, nextCursor } = json as {
                readonly items: ReadonlyArray<{ readonly id: string }>
                readonly nextCursor: string | null
              }
              found.push(items.map(({ id }) => id))
              if (nextCursor === null) return found
              cursor = `&cursor=${nextCursor}`
            }
          })
        yield* create("Pay", { card: guess, order: 52 })
        // The server does not know that one, and shows it.
        const first = yield* create("Other", { text: "", card: guess })
        yield* create("Pay", { card: guess, order: 52 })
        yield* create("Pay", { card: guess, order: 52 })
        const second = yield* create("Other", { text: "", card: guess })
        yield* create("Pay", { card: guess, order: 52 })
        assert.deepStrictEqual(yield* pages(1, { card: guess }), [[second], [first]])
        assert.deepStrictEqual(yield* pages(2, { card: guess }), [[second, first]])
        assert.deepStrictEqual(yield* pages(50, { card: guess }), [[second, first]])
        assert.deepStrictEqual(yield* pages(1, { card: guess, order: 52 }), [[]])
        assert.deepStrictEqual((yield* pages(3, { order: 52 })).map((page) => page.length), [3, 1])
      }))

    it.effect("repeats nothing of a payload that it refuses", () =>
      Effect.gen(function*() {
        for (const payload of [{ card: { [secret]: 1 }, order: 1 }, { card: secret, order: 1, pin: "tul" }]) {
          const refused = yield* T.post("/api/v1/jobs", { name: "Pay", payload })
          assert.strictEqual(refused.status, 422, refused.text)
          assert.notInclude(refused.text, "tul")
        }
      }))

    it.effect("shows jobs that it does not know as they are", () =>
      Effect.gen(function*() {
        const id = yield* create("Other", { text: secret })
        assert.deepInclude((yield* T.get(`/api/v1/jobs/${id}`)).json, { payload: { text: secret }, result: secret })
      }))
  })

  layer(served(true), { excludeTestServices: true })("of a server that hides what it does not know", (it) => {
    it.effect("shows no data of such jobs and schedules, and known ones as ever", () =>
      Effect.gen(function*() {
        const id = yield* create("Other", { text: secret })
        assert.deepInclude((yield* T.get(`/api/v1/jobs/${id}`)).json, { payload: hidden, result: hidden })
        const job = { name: "Other", payload: { text: secret } }
        assert.strictEqual((yield* T.post("/api/v1/schedules", { name: "o", every: "1 hour", job })).status, 201)
        assert.notInclude((yield* T.get("/api/v1/schedules/o")).text, secret)
        const known = yield* create("Pay", { card: secret, order: 3 })
        assert.deepInclude((yield* T.get(`/api/v1/jobs/${known}`)).json, { payload: { card: hidden, order: 3 } })
      }))
  })
})
