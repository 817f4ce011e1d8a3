import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { HttpClient, HttpClientResponse, UrlParams } from "effect/http"
import type { HttpClientRequest } from "effect/http"
import * as ApiClient from "../src/ApiClient.ts"
import * as ApiError from "../src/ApiError.ts"

/** A client whose server answers everything the same way; the requests are kept. */
const answering = Effect.fnUntraced(function*(status: number, body: unknown) {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const http = HttpClient.make((request, url) => {
    requests.push(request)
    const response = new Response(body === undefined ? null : JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json", "x-url": url.href }
    })
    return Effect.succeed(HttpClientResponse.fromWeb(request, response))
  })
  const client = yield* ApiClient.make({ baseUrl: "http://127.0.0.1:4080" }).pipe(
    Effect.provideService(HttpClient.HttpClient, http)
  )
  return { client, requests }
})

const job = {
  id: "7",
  name: "SendWelcome",
  state: "scheduled",
  queue: "default",
  tenant: null,
  priority: 50,
  payload: { userId: "u1" },
  result: null,
  error: null,
  attempt: 0,
  maxAttempts: 25,
  createdAt: "2026-11-22T08:00:00.000Z",
  runAt: "2026-11-22T09:00:00.000Z",
  startedAt: null,
  finishedAt: null,
  progress: null,
  tags: []
}

describe("ApiClient", () => {
  it.effect("reads answers as typed values", () =>
    Effect.gen(function*() {
      const { client } = yield* answering(200, { items: [job], nextCursor: null })
      const page = yield* client.jobs.list({ query: { state: ["scheduled"] } })
      const [first] = page.items
      assert.strictEqual(first?.id, "7")
      assert.strictEqual(first === undefined ? "" : DateTime.formatIso(first.runAt), job.runAt)
    }))

  it.effect("writes filters into the query string", () =>
    Effect.gen(function*() {
      const { client, requests } = yield* answering(200, { items: [], nextCursor: null })
      yield* client.jobs.list({ query: { state: ["dead", "running"], payload: { a: 1 }, limit: 5 } })
      assert.strictEqual(
        UrlParams.toString(requests[0]?.urlParams ?? UrlParams.empty),
        "state=dead&state=running&payload=%7B%22a%22%3A1%7D&limit=5"
      )
    }))

  it.effect("fails with the error of the server, by its tag", () =>
    Effect.gen(function*() {
      const { client } = yield* answering(404, {
        error: { tag: "JobNotFound", message: "There is no job 7", jobId: "7" }
      })
      const error = yield* Effect.flip(client.jobs.get({ params: { id: "7" as never } }))
      assert.instanceOf(error, ApiError.JobNotFound)
      assert.strictEqual(error._tag === "JobNotFound" ? error.error.jobId : "", "7")
    }))

  it.effect("tells two errors of one status apart", () =>
    Effect.gen(function*() {
      const { client } = yield* answering(422, { error: { tag: "InvalidPayload", message: "m", field: "payload.a" } })
      const error = yield* Effect.flip(client.jobs.create({ payload: { name: "a", payload: {} } }))
      assert.strictEqual(error._tag, "InvalidPayload")
    }))
})
