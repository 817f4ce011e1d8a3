import { assert, describe, layer } from "@effect/vitest"
import { CreateJob } from "@millrace/api"
import { StorageError } from "@millrace/storage"
import { Arbitrary, Duration, Effect, Schedule, Schema } from "effect"
import * as RawSocket from "./support/RawSocket.ts"
import * as T from "./support/ServerUnderTest.ts"

const path = "/api/v1/jobs"

const away = Effect.fail(
  new StorageError.StorageError({ reason: new StorageError.Unavailable({ operation: "x", detail: "ECONNREFUSED" }) })
)

/** A storage that a test takes away and brings back. */
const outage = { isOn: false }
const flaky = T.layerWithStorage((storage) => {
  const unlessAway = <A>(effect: Effect.Effect<A, StorageError.StorageError>) =>
    Effect.suspend((): Effect.Effect<A, StorageError.StorageError> => outage.isOn ? away : effect)
  return {
    insert: (jobs) => unlessAway(storage.insert(jobs)),
    list: (query) => unlessAway(storage.list(query)),
    inspect: { ...storage.inspect, history: (id) => unlessAway(storage.inspect.history(id)) },
    transition: (ids, action) => unlessAway(storage.transition(ids, action)),
    overview: unlessAway(storage.overview)
  }
})

const calls: { lists: number; others: number } = { lists: 0, others: 0 }
const counting = T.layerWithStorage((storage) => ({
  list: (query) => Effect.andThen(Effect.sync(() => calls.lists++), storage.list(query)),
  inspect: {
    ...storage.inspect,
    history: (id) => Effect.andThen(Effect.sync(() => calls.others++), storage.inspect.history(id))
  }
}))

describe("Server", () => {
  layer(T.layer(), { excludeTestServices: true })("under load", (it) => {
    it.effect("keeps 200 concurrent requests apart", () =>
      Effect.gen(function*() {
        const one = Effect.fnUntraced(function*(index: number) {
          const tenant = `tenant-${index}`
          const created = yield* T.post(path, { name: "Echo", payload: { tenant }, tenant })
          const { id } = created.json as { readonly id: string }
          const read = yield* T.get(`${path}/${id}`)
          assert.deepInclude(read.json, { id, tenant, payload: { tenant } })
          return id
        })
        const ids = yield* Effect.forEach(Array.from({ length: 200 }, (_, index) => index), one, {
          concurrency: "unbounded"
        })
        assert.strictEqual(new Set(ids).size, 200)
      }))

    it.effect("answers whatever is made from the contract with 201 or a 4xx of the envelope", () =>
      Effect.gen(function*() {
        const jobs = yield* Arbitrary.sampleEffect(Arbitrary.schema(Schema.toEncoded(CreateJob.CreateJob)), {
          count: 300,
          seed: 7
        })
        for (const job of jobs) {
          const answer = yield* T.post(path, { ...job, name: "Echo" })
          assert.include([201, 400, 422], answer.status, `${JSON.stringify(job)} ${answer.text}`)
          if (answer.status !== 201) T.errorOf(answer)
        }
      }))
  })

  layer(flaky, { excludeTestServices: true })("while the database is away", (it) => {
    const requests = [
      ["POST", path, { name: "Echo", payload: 1 }],
      ["POST", `${path}/batch`, { jobs: [{ name: "Echo", payload: 1 }] }],
      ["POST", path, { name: "Unknown", payload: 1 }],
      ["GET", path, undefined],
      ["GET", `${path}/1`, undefined],
      ["GET", `${path}/1/attempts`, undefined],
      ["POST", `${path}/1/cancel`, undefined],
      ["POST", `${path}/1/retry`, undefined],
      ["DELETE", `${path}/1`, undefined],
      ["GET", "/api/v1/job-types", undefined],
      ["GET", "/ready", undefined]
    ] as const

    it.effect("answers everything that needs it with 503, Retry-After and a hint, and recovers by itself", () =>
      Effect.gen(function*() {
        outage.isOn = true
        for (const [method, url, body] of requests) {
          const answer = yield* body === undefined ? T.send(method, url) : T.sendJson(method, url, body)
          assert.strictEqual(answer.status, 503, `${method} ${url}`)
          const error = T.errorOf(answer)
          assert.strictEqual(error.tag, "Unavailable")
          assert.isString(error.hint)
          assert.notInclude(answer.text, "ECONNREFUSED")
          assert.strictEqual(answer.headers.get("retry-after"), "2")
        }
        assert.strictEqual((yield* T.get("/health")).status, 200)
        outage.isOn = false
        assert.strictEqual((yield* T.post(path, { name: "Echo", payload: 1 })).status, 201)
        assert.strictEqual((yield* T.get(path)).status, 200)
      }))
  })

  layer(
    T.layerWithStorage((storage) => ({ list: (query) => Effect.delay(storage.list(query), "200 millis") }), {
      maxRequests: 3
    }),
    {
      excludeTestServices: true
    }
  )("with more requests than it may take", (it) => {
    it.effect("answers the others 429 with Retry-After, and works on", () =>
      Effect.gen(function*() {
        const answers = yield* Effect.all(Array.from({ length: 10 }, () => T.get(path)), { concurrency: "unbounded" })
        const refused = answers.filter((answer) => answer.status === 429)
        assert.strictEqual(refused.length, 7)
        for (const answer of refused) {
          assert.strictEqual(T.errorOf(answer).tag, "TooManyRequests")
          assert.strictEqual(answer.headers.get("retry-after"), "2")
        }
        assert.strictEqual((yield* T.get(path)).status, 200)
      }))
  })

  layer(counting, { excludeTestServices: true })("listing", (it) => {
    it.effect("asks the storage once for a page, however many jobs it has", () =>
      Effect.gen(function*() {
        yield* T.post(`${path}/batch`, { jobs: Array.from({ length: 300 }, () => ({ name: "Echo", payload: 1 })) })
        yield* T.get(`${path}?limit=200`)
        assert.deepStrictEqual(calls, { lists: 1, others: 0 })
      }))
  })

  const sayHost = (host: string) =>
    RawSocket.exchange([`GET /health HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`])

  layer(T.layer(), { excludeTestServices: true })("without further hosts", (it) => {
    it.effect("answers requests that name another host with 403", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* sayHost("localhost")).status, 200)
        assert.strictEqual((yield* sayHost("jobs.internal")).status, 403)
      }))
  })

  layer(T.layer({ allowedHosts: ["jobs.internal"], keepAnswers: Duration.millis(100) }), { excludeTestServices: true })(
    "with settings of its own",
    (it) => {
      it.effect("answers requests that name a host of its list", () =>
        Effect.gen(function*() {
          assert.strictEqual((yield* sayHost("jobs.internal")).status, 200)
          assert.strictEqual((yield* sayHost("jobs.external")).status, 403)
        }))

      it.effect("keeps the answer to a request with a key as long as it is told", () =>
        Effect.gen(function*() {
          const create = Effect.map(
            T.send("POST", path, {
              headers: { "content-type": "application/json", "idempotency-key": "once" },
              body: JSON.stringify({ name: "Echo", payload: 1 })
            }),
            ({ json }) => (json as { readonly id: string }).id
          )
          const first = yield* create
          yield* Effect.repeat(create, { until: (id) => id !== first, schedule: Schedule.spaced("50 millis") })
        }))
    }
  )
})
