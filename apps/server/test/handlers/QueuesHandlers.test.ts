import { assert, describe, layer } from "@effect/vitest"
import { ApiClient } from "@millrace/api"
import { Storage } from "@millrace/storage"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import * as T from "../support/ServerUnderTest.ts"

interface Items {
  readonly items: ReadonlyArray<Record<string, unknown>>
}

const register = Effect.gen(function*() {
  const storage = yield* Storage.Storage
  const info = { host: "h", pid: 1, release: "7", queues: ["mail", "other"], names: ["Echo"], concurrency: 10 }
  yield* storage.renew({ _tag: "Register", workerId: "w1", leaseMillis: 60_000, info })
})

describe("QueuesHandlers", () => {
  layer(T.layer(), { excludeTestServices: true })("queues", (it) => {
    it.effect("lists queues with their counts, and reads one", () =>
      Effect.gen(function*() {
        yield* T.post("/api/v1/jobs", { name: "Echo", payload: 1, queue: "a/b ü" })
        yield* T.post("/api/v1/jobs", { name: "Echo", payload: 1, queue: "a/b ü", delay: "1 hour" })
        const { json } = yield* T.get("/api/v1/queues")
        assert.deepInclude((json as Items).items.find((queue) => queue["name"] === "a/b ü")?.["counts"], {
          available: 1,
          scheduled: 1,
          running: 0,
          dead: 0
        })
        const one = yield* T.get(`/api/v1/queues/${encodeURIComponent("a/b ü")}`)
        assert.deepInclude(one.json, { name: "a/b ü", paused: false })
      }))

    it.effect("does not know a queue that never was", () =>
      Effect.gen(function*() {
        const answer = yield* T.get("/api/v1/queues/never")
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(T.errorOf(answer).tag, "QueueNotFound")
      }))

    it.effect("pauses and resumes, and repeating it changes nothing", () =>
      Effect.gen(function*() {
        for (
          const [action, paused] of [["pause", true], ["pause", true], ["resume", false], ["resume", false]] as const
        ) {
          const answer = yield* T.send("POST", `/api/v1/queues/mail/${action}`)
          assert.deepStrictEqual([answer.status, answer.json], [200, { name: "mail", paused }])
          assert.deepInclude((yield* T.get("/api/v1/queues/mail")).json, { paused })
        }
      }))

    it.effect("refuses a name that no queue can have", () =>
      Effect.gen(function*() {
        const answer = yield* T.send("POST", `/api/v1/queues/${"x".repeat(300)}/pause`)
        assert.strictEqual(answer.status, 400)
        assert.strictEqual(T.errorOf(answer).field, "name")
      }))
  })

  layer(T.layer(), { excludeTestServices: true })("workers and totals", (it) => {
    it.effect("lists workers, and sums up", () =>
      Effect.gen(function*() {
        yield* register
        yield* T.post("/api/v1/jobs", { name: "Echo", payload: 1, queue: "mail" })
        const [worker] = ((yield* T.get("/api/v1/workers")).json as Items).items
        assert.deepInclude(worker, { id: "w1", host: "h", release: "7", concurrency: 10, running: 0 })
        const { json } = yield* T.get("/api/v1/stats")
        assert.deepInclude(json, {
          queues: { total: 1, paused: 0 },
          workers: { total: 1, active: 0, idle: 1, slots: 10, running: 0 }
        })
        assert.deepInclude((json as { readonly jobs: object }).jobs, { available: 1, completed: 0 })
      }))

    it.effect("is typed in the client", () =>
      Effect.gen(function*() {
        const { baseUrl } = yield* T.ServerUnderTest
        const { queues } = yield* ApiClient.make({ baseUrl })
        assert.deepStrictEqual(yield* queues.pause({ params: { name: "mail" } }), { name: "mail", paused: true })
        assert.strictEqual((yield* queues.get({ params: { name: "mail" } })).paused, true)
        assert.strictEqual((yield* queues.list()).items.length, 1)
        assert.deepStrictEqual(yield* queues.resume({ params: { name: "mail" } }), { name: "mail", paused: false })
        assert.strictEqual((yield* Effect.flip(queues.get({ params: { name: "no" } })))._tag, "QueueNotFound")
        assert.strictEqual((yield* queues.workers()).items[0]?.pid, 1)
        assert.strictEqual((yield* queues.stats()).workers.slots, 10)
      }).pipe(Effect.provide(FetchHttpClient.layer)))
  })
})
