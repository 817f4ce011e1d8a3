import { assert, describe, layer } from "@effect/vitest"
import { Job, Queue } from "@millrace/queue"
import { MemorySampleStorage, MemoryScheduleStorage, MemoryServiceStorage, MemoryStorage } from "@millrace/storage"
import { Effect, Layer, Logger, Redacted, Schema } from "effect"
import { HttpServer } from "effect/http"
import * as Server from "../../src/Server.ts"
import * as ServerConfig from "../../src/ServerConfig.ts"
import * as T from "../support/ServerUnderTest.ts"

const secret = "a secret of a cron host"

const Count = Job.make("Count", { payload: { millis: Schema.Int } })
const Fail = Job.make("Fail", { payload: {}, error: Schema.String, maxAttempts: 1 })
const Parent = Job.make("Parent", { payload: {} })

const handlers = [
  Count.toLayer(({ millis }) => Effect.sleep(millis)),
  Fail.toLayer(() => Effect.fail("no")),
  Parent.toLayer(() => Effect.orDie(Count.enqueue({ millis: 0 }, { queue: "children" })))
]

const served = (drainSecret: string | null) =>
  Layer.effect(
    T.ServerUnderTest,
    Effect.map(HttpServer.HttpServer, ({ address }) => {
      const port = address._tag === "UnixPathAddress" ? 0 : address.port
      return { port, baseUrl: `http://127.0.0.1:${port}` }
    })
  ).pipe(
    Layer.provide(Server.layer({
      config: {
        ...ServerConfig.defaults,
        port: 0,
        drainSecret: drainSecret === null ? null : Redacted.make(drainSecret)
      },
      jobs: { builtIn: [], module: [Count, Fail, Parent] },
      handlers
    })),
    Layer.provideMerge(Queue.layer),
    Layer.provideMerge([MemoryServiceStorage.layer, MemoryScheduleStorage.layer, MemorySampleStorage.layer]),
    Layer.provideMerge(MemoryStorage.layer),
    Layer.provide(Logger.layer([]))
  )

const drain = (body: object, headers: Record<string, string> = { authorization: `Bearer ${secret}` }) =>
  T.send("POST", "/api/v1/drain", {
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body)
  })

describe("DrainHandlers", () => {
  layer(served(secret), { excludeTestServices: true })("POST /api/v1/drain", (it) => {
    it.effect("answers at once when nothing is due", () =>
      Effect.gen(function*() {
        yield* Count.enqueue({ millis: 0 }, { delay: "1 hour", queue: "later" })
        const answer = yield* drain({ maxRuntimeMs: 30_000 })
        assert.strictEqual(answer.status, 200)
        assert.deepInclude(answer.json, { completed: 0, failed: 0, dead: 0, other: 0, ended: "idle" })
        assert.isBelow((answer.json as { readonly runtimeMs: number }).runtimeMs, 1000)
      }))

    it.effect("runs all that is due, in every queue, and what those jobs enqueue", () =>
      Effect.gen(function*() {
        yield* Count.enqueueAll([1, 2, 3].map(() => ({ payload: { millis: 0 } })))
        yield* Count.enqueue({ millis: 0 }, { queue: "children" })
        yield* Fail.enqueue({}, { queue: "other" })
        yield* Parent.enqueue({})
        const answer = yield* drain({ maxRuntimeMs: 20_000 })
        assert.deepInclude(answer.json, { completed: 6, failed: 0, dead: 1, other: 0, ended: "idle" })
        assert.deepInclude((yield* drain({})).json, { completed: 0, ended: "idle" })
      }))

    it.effect("runs no more jobs than it may", () =>
      Effect.gen(function*() {
        yield* Count.enqueueAll([1, 2, 3].map(() => ({ payload: { millis: 0 } })))
        assert.deepInclude((yield* drain({ maxJobs: 2 })).json, { completed: 2, ended: "jobs" })
        assert.deepInclude((yield* drain({})).json, { completed: 1, ended: "idle" })
      }))

    it.effect("stops in time, and gives back what does not end, without an attempt spent", () =>
      Effect.gen(function*() {
        const { id } = yield* Count.enqueue({ millis: 60_000 })
        const answer = yield* drain({ maxRuntimeMs: 1000 })
        assert.deepInclude(answer.json, { completed: 0, ended: "time" })
        const job = yield* (yield* Queue.Queue).get(id)
        assert.deepInclude(job, { state: "available", failures: 0, crashes: 0 })
        yield* (yield* Queue.Queue).remove(id)
      }))

    it.effect("asks for the secret, as either header", () =>
      Effect.gen(function*() {
        for (
          const headers of [
            {},
            { authorization: "Bearer wrong" },
            { authorization: secret },
            { "x-drain-secret": "" },
            { authorization: `Bearer mr_boss.${"s".repeat(43)}` }
          ]
        ) {
          const answer = yield* drain({}, headers)
          assert.strictEqual(answer.status, 401)
          assert.strictEqual(T.errorOf(answer).tag, "Unauthorized")
        }
        assert.strictEqual((yield* drain({}, { "x-drain-secret": secret })).status, 200)
      }))

    it.effect("refuses limits that can not be", () =>
      Effect.gen(function*() {
        for (const [body, field] of [[{ maxJobs: 0 }, "maxJobs"], [{ maxRuntimeMs: 1e9 }, "maxRuntimeMs"]] as const) {
          const answer = yield* drain(body)
          assert.strictEqual(answer.status, 400)
          assert.strictEqual(T.errorOf(answer).field, field)
        }
      }))
  })

  layer(served(null), { excludeTestServices: true })("without a secret", (it) => {
    it.effect("is refused", () =>
      Effect.gen(function*() {
        const answer = yield* drain({})
        assert.strictEqual(answer.status, 403)
        assert.include(T.errorOf(answer).hint, "MILLRACE_DRAIN_SECRET")
      }))
  })
})
