import { assert, describe, it, layer } from "@effect/vitest"
import { ApiClient } from "@millrace/api"
import { Queue } from "@millrace/queue"
import { JobId } from "@millrace/storage"
import { Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as EventReader from "../support/EventReader.ts"
import * as T from "../support/ServerUnderTest.ts"

const create = (job: object) =>
  Effect.map(T.post("/api/v1/jobs", job), ({ json }) => JobId.makeUnsafe((json as { readonly id: string }).id))

describe("EventsHandlers", () => {
  layer(T.layer(), { excludeTestServices: true })("GET /api/v1/events", (it) => {
    it.effect("begins with connected, and tells of a queue that has jobs", () =>
      Effect.gen(function*() {
        const reader = yield* EventReader.open("/api/v1/events")
        assert.strictEqual(reader.status, 200)
        assert.include(reader.contentType, "text/event-stream")
        assert.deepStrictEqual(yield* reader.next, { type: "connected" })
        yield* create({ name: "Echo", payload: 1, queue: "told" })
        assert.deepStrictEqual(yield* EventReader.until(reader, "available"), { type: "available", queue: "told" })
      }))

    it.effect("tells every listener of a job that ended", () =>
      Effect.gen(function*() {
        const readers = [yield* EventReader.open("/api/v1/events"), yield* EventReader.open("/api/v1/events")]
        for (const reader of readers) yield* reader.next
        const id = yield* create({ name: "Echo", payload: 1, delay: "1 hour" })
        yield* T.send("POST", `/api/v1/jobs/${id}/cancel`)
        for (const reader of readers) {
          assert.deepStrictEqual(yield* EventReader.until(reader, "finished"), { type: "finished", ids: [id] })
        }
      }))
  })

  layer(T.layer(), { excludeTestServices: true })("GET /api/v1/jobs/:id/events", (it) => {
    it.effect("shows the job at once, when it changed, and ends with its last state", () =>
      Effect.gen(function*() {
        const id = yield* create({ name: "Echo", payload: 1, delay: "1 hour" })
        const reader = yield* EventReader.open(`/api/v1/jobs/${id}/events`)
        assert.deepInclude((yield* reader.next)?.["job"], { id, state: "scheduled" })
        yield* T.send("POST", `/api/v1/jobs/${id}/promote`)
        assert.deepInclude((yield* EventReader.until(reader, "job"))?.["job"], { state: "available" })
        yield* T.send("POST", `/api/v1/jobs/${id}/cancel`)
        assert.deepInclude((yield* EventReader.until(reader, "job"))?.["job"], { state: "cancelled" })
        assert.isNull(yield* reader.next)
      }))

    it.effect("ends when the job is deleted", () =>
      Effect.gen(function*() {
        const id = yield* create({ name: "Echo", payload: 1 })
        const reader = yield* EventReader.open(`/api/v1/jobs/${id}/events`)
        yield* reader.next
        yield* T.send("DELETE", `/api/v1/jobs/${id}`)
        assert.deepStrictEqual(yield* EventReader.until(reader, "removed"), { type: "removed", id })
        assert.isNull(yield* reader.next)
      }))

    it.effect("answers 404 for a job that is not there, in the envelope", () =>
      Effect.gen(function*() {
        const answer = yield* T.get("/api/v1/jobs/999/events")
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(T.errorOf(answer).tag, "JobNotFound")
      }))

    it.effect("is typed in the client", () =>
      Effect.gen(function*() {
        const { baseUrl } = yield* T.ServerUnderTest
        const client = yield* ApiClient.make({ baseUrl })
        const id = yield* create({ name: "Echo", payload: 1 })
        yield* (yield* Queue.Queue).cancel(id)
        const events = yield* Stream.runCollect(yield* client.events.job({ params: { id } }))
        assert.deepStrictEqual(events.map((event) => event.type === "job" ? event.job.state : event.type), [
          "cancelled"
        ])
      }).pipe(Effect.provide(FetchHttpClient.layer)))
  })

  it.live("does not hold up the stop of the server", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const server = yield* Layer.buildWithScope(T.layer(), scope)
      const reader = yield* Effect.provideContext(
        EventReader.open("/api/v1/events"),
        Context.pick(T.ServerUnderTest)(server)
      )
      yield* reader.next
      // The server's grace is five seconds; a stream that did not end would use it up.
      yield* Scope.close(scope, Exit.void).pipe(Effect.timeout("4 seconds"))
      assert.isNull(yield* reader.next)
    }).pipe(Effect.scoped))
})
