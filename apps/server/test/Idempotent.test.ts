import { assert, describe, layer } from "@effect/vitest"
import { ApiClient, Idempotency } from "@millrace/api"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Queue } from "@millrace/queue"
import { ServiceStorage } from "@millrace/storage"
import { PgScheduleStorage, PgServiceStorage, PgStorage } from "@millrace/storage-postgres"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import * as T from "./support/ServerUnderTest.ts"

const job = { name: "Echo", payload: { a: 1 } }

const sendWith = (key: string, path: string, body: unknown) =>
  T.send("POST", path, {
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body)
  })

const jobsOf = (queue: string) =>
  Effect.flatMap(Queue.Queue, (all) => Effect.map(all.list({ queues: [queue], limit: 200 }), ({ items }) => items))

const suite = (
  name: string,
  server: () => Layer.Layer<T.ServerUnderTest | Queue.Queue | ServiceStorage.ServiceStorage, unknown>
) =>
  layer(server(), { excludeTestServices: true, timeout: 60_000 })(name, (it) => {
    it.effect("creates one job for a key, answers the second request as the first, and writes one line of it", () =>
      Effect.gen(function*() {
        const first = yield* sendWith("a", "/api/v1/jobs", { ...job, queue: "a" })
        const again = yield* sendWith("a", "/api/v1/jobs", { ...job, queue: "a" })
        assert.strictEqual(first.status, 201)
        assert.isNull(first.headers.get("idempotency-replayed"))
        assert.strictEqual(again.status, 201)
        assert.strictEqual(again.text, first.text)
        assert.strictEqual(again.headers.get("idempotency-replayed"), "true")
        assert.include(again.headers.get("content-type") ?? "", "application/json")
        assert.strictEqual((yield* jobsOf("a")).length, 1)
        const { audit } = yield* ServiceStorage.ServiceStorage
        const { id } = first.json as { readonly id: string }
        assert.strictEqual((yield* audit.list({ limit: 100, target: id })).length, 1)
      }))

    it.effect("creates one job for twenty requests at the same time", () =>
      Effect.gen(function*() {
        const answers = yield* Effect.all(
          Array.from({ length: 20 }, () => sendWith("b", "/api/v1/jobs", { ...job, queue: "b" })),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([...new Set(answers.map(({ status }) => status))], [201])
        assert.strictEqual(new Set(answers.map(({ text }) => text)).size, 1)
        assert.strictEqual(answers.filter(({ headers }) => headers.get("idempotency-replayed") === null).length, 1)
        assert.strictEqual((yield* jobsOf("b")).length, 1)
      }))

    it.effect("creates one job when the caller goes away before its answer, and sends the request again", () =>
      Effect.gen(function*() {
        for (let round = 0; round < 5; round++) {
          const request = sendWith(`lost ${round}`, "/api/v1/jobs", { ...job, queue: `lost-${round}` })
          yield* Effect.raceFirst(request, Effect.sleep(round * 4))
          const again = yield* request
          assert.strictEqual(again.status, 201)
          const [only, ...others] = yield* jobsOf(`lost-${round}`)
          assert.strictEqual(only?.id, (again.json as { readonly id: string }).id)
          assert.deepStrictEqual(others, [])
        }
      }))

    it.effect("refuses another body with the key, and changes nothing", () =>
      Effect.gen(function*() {
        yield* sendWith("c", "/api/v1/jobs", { ...job, queue: "c" })
        const other = yield* sendWith("c", "/api/v1/jobs", { ...job, queue: "c", priority: "high" })
        assert.strictEqual(other.status, 422)
        assert.deepInclude(T.errorOf(other), { tag: "IdempotencyKeyReused", field: "idempotency-key" })
        assert.strictEqual((yield* jobsOf("c")).length, 1)
      }))

    it.effect("keeps nothing of a refused request", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* sendWith("d", "/api/v1/jobs", { ...job, name: "Unknown" })).status, 422)
        assert.strictEqual((yield* sendWith("d", "/api/v1/jobs", { ...job, queue: "d", delay: "soon" })).status, 400)
        const good = yield* sendWith("d", "/api/v1/jobs", { ...job, queue: "d" })
        assert.strictEqual(good.status, 201)
        assert.isNull(good.headers.get("idempotency-replayed"))
      }))

    it.effect("refuses what is no key", () =>
      Effect.gen(function*() {
        for (const key of ["", "x".repeat(256), "naïve"]) {
          const answer = yield* sendWith(key, "/api/v1/jobs", { ...job, queue: "e" })
          assert.strictEqual(answer.status, 400)
          assert.strictEqual(T.errorOf(answer).field, "idempotency-key")
        }
        assert.deepStrictEqual(yield* jobsOf("e"), [])
      }))

    it.effect("holds for batches and schedules too, each with keys of its own", () =>
      Effect.gen(function*() {
        const batch = { jobs: [{ ...job, queue: "f" }, { ...job, queue: "f" }] }
        const first = yield* sendWith("f", "/api/v1/jobs/batch", batch)
        assert.strictEqual((yield* sendWith("f", "/api/v1/jobs/batch", batch)).text, first.text)
        assert.strictEqual((yield* jobsOf("f")).length, 2)
        const schedule = { name: "nightly", cron: "30 2 * * *", job }
        const created = yield* sendWith("f", "/api/v1/schedules", schedule)
        assert.strictEqual(created.status, 201)
        const again = yield* sendWith("f", "/api/v1/schedules", schedule)
        assert.strictEqual(again.text, created.text)
        assert.strictEqual((yield* T.post("/api/v1/schedules", schedule)).status, 409)
      }))

    it.effect("takes the key of the typed client", () =>
      Effect.gen(function*() {
        const { baseUrl } = yield* T.ServerUnderTest
        const client = yield* ApiClient.make({ baseUrl })
        const create = client.jobs.create({ payload: { ...job, queue: "g" } })
        const first = yield* create.pipe(Idempotency.withKey("g"))
        assert.deepStrictEqual(yield* create.pipe(Idempotency.withKey("g")), first)
        assert.notDeepEqual(yield* create, first)
      }).pipe(Effect.provide(FetchHttpClient.layer)))
  })

describe("Idempotent", () => {
  suite("on a storage in memory", () => T.layer())

  suite("on PostgreSQL", () =>
    T.layerOnStorages().pipe(
      Layer.provideMerge([Layer.fresh(PgScheduleStorage.layer), Layer.fresh(PgServiceStorage.layer)]),
      Layer.provideMerge(Layer.fresh(PgStorage.layerMigrated())),
      Layer.provide(Layer.fresh(TestDatabase.layer))
    ))
})
