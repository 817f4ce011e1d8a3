import { assert, describe, layer } from "@effect/vitest"
import { Queue } from "@millrace/queue"
import { Effect } from "effect"
import * as RawSocket from "./support/RawSocket.ts"
import * as T from "./support/ServerUnderTest.ts"

const path = "/api/v1/jobs"

const good = { name: "SendWelcome", payload: { userId: "u1" } }

/** Asserts that nothing was stored, and that the server still works. */
const unharmed = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  const { items } = yield* queue.list({})
  assert.deepStrictEqual(items, [])
  assert.strictEqual((yield* T.get("/health")).status, 200)
})

interface BadInput {
  readonly title: string
  readonly body: unknown
  readonly status: number
  readonly tag: string
  readonly field?: string
}

/** What a job may not be; each also stands third in a batch. */
const badJobs: ReadonlyArray<BadInput> = [
  { title: "an unknown job name", body: { ...good, name: "Nope" }, status: 422, tag: "UnknownJob", field: "name" },
  {
    title: "a wrong payload",
    body: { ...good, payload: { userId: 5 } },
    status: 422,
    tag: "InvalidPayload",
    field: "payload.userId"
  },
  {
    title: "a payload that lacks a field",
    body: { ...good, payload: {} },
    status: 422,
    tag: "InvalidPayload",
    field: "payload.userId"
  },
  {
    title: "a payload with an unknown field",
    body: { ...good, payload: { userId: "u", x: 1 } },
    status: 422,
    tag: "InvalidPayload",
    field: "payload.x"
  },
  {
    title: "a payload with a NUL byte",
    body: { ...good, payload: { userId: "a\u0000" } },
    status: 400,
    tag: "InvalidRequest",
    field: "payload.userId"
  },
  {
    title: "a payload with a NUL byte in a key",
    body: { name: "Echo", payload: { a: { "k\u0000": 1 } } },
    status: 400,
    tag: "InvalidRequest",
    field: "payload.a"
  },
  {
    title: "a payload with a lone surrogate",
    body: { ...good, payload: { userId: "\uD800" } },
    status: 400,
    tag: "InvalidRequest",
    field: "payload.userId"
  },
  {
    title: "a payload larger than 1 MiB",
    body: { name: "Echo", payload: "x".repeat(1_100_000) },
    status: 422,
    tag: "InvalidPayload"
  },
  { title: "no payload", body: { name: "Echo" }, status: 400, tag: "InvalidRequest", field: "payload" },
  {
    title: "a negative delay",
    body: { ...good, delay: "-5 minutes" },
    status: 400,
    tag: "InvalidRequest",
    field: "delay"
  },
  {
    title: "a delay that is a number",
    body: { ...good, delay: 5000 },
    status: 400,
    tag: "InvalidRequest",
    field: "delay"
  },
  {
    title: "an endless delay",
    body: { ...good, delay: "Infinity" },
    status: 400,
    tag: "InvalidRequest",
    field: "delay"
  },
  {
    title: "delay and runAt",
    body: { ...good, delay: "1 hour", runAt: "2030-01-01T00:00:00Z" },
    status: 400,
    tag: "InvalidRequest",
    field: "delay"
  },
  {
    title: "an instant without a zone",
    body: { ...good, runAt: "2030-01-01T00:00:00" },
    status: 400,
    tag: "InvalidRequest",
    field: "runAt"
  },
  { title: "an unknown field", body: { ...good, retries: 3 }, status: 400, tag: "InvalidRequest", field: "retries" },
  {
    title: "a priority of 101",
    body: { ...good, priority: 101 },
    status: 400,
    tag: "InvalidRequest",
    field: "priority"
  },
  {
    title: "a queue with a line break",
    body: { ...good, queue: "a\nb" },
    status: 400,
    tag: "InvalidRequest",
    field: "queue"
  },
  {
    title: "a name of 10,000 characters",
    body: { ...good, name: "x".repeat(10_000) },
    status: 400,
    tag: "InvalidRequest",
    field: "name"
  },
  { title: "no attempts", body: { ...good, maxAttempts: 0 }, status: 400, tag: "InvalidRequest", field: "maxAttempts" },
  { title: "a list instead of a job", body: [good], status: 400, tag: "InvalidRequest" }
]

const badBodies: ReadonlyArray<BadInput & { readonly body: string }> = [
  { title: "malformed JSON", body: `{"name":`, status: 400, tag: "MalformedJson" },
  { title: "an empty body", body: "", status: 400, tag: "MalformedJson" },
  { title: "two documents", body: "{} {}", status: 400, tag: "MalformedJson" },
  { title: "a bare word", body: "null", status: 400, tag: "InvalidRequest" },
  {
    title: "an own __proto__",
    body: `{"name":"Echo","payload":1,"__proto__":{"name":"x"}}`,
    status: 400,
    tag: "InvalidRequest",
    field: "__proto__"
  },
  {
    title: "nesting 5,000 deep",
    body: `{"name":"Echo","payload":${"[".repeat(5000)}${"]".repeat(5000)}}`,
    status: 400,
    tag: "InvalidRequest"
  },
  {
    title: "nesting 500,000 deep",
    body: `{"name":"Echo","payload":${`{"a":`.repeat(250_000)}1${"}".repeat(250_000)}}`,
    status: 400,
    tag: "InvalidRequest"
  },
  {
    title: "20 MB",
    body: JSON.stringify({ ...good, payload: { userId: "x".repeat(20_000_000) } }),
    status: 413,
    tag: "BodyTooLarge"
  }
]

const queries: ReadonlyArray<readonly [string, string, string]> = [
  ["cursor=abc", "InvalidCursor", "cursor"],
  ["cursor=", "InvalidCursor", "cursor"],
  ["limit=0", "InvalidRequest", "limit"],
  ["limit=201", "InvalidRequest", "limit"],
  ["limit=1e9", "InvalidRequest", "limit"],
  ["limit=-1", "InvalidRequest", "limit"],
  ["limit=ten", "InvalidRequest", "limit"],
  ["limit=1&limit=2", "InvalidRequest", "limit"],
  ["state=done", "InvalidRequest", "state[0]"],
  ["state=dead,", "InvalidRequest", "state[1]"],
  ["offset=10", "InvalidRequest", "offset"],
  ["payload=%7B", "InvalidRequest", "payload"],
  [`payload=${encodeURIComponent(JSON.stringify({ a: "\u0000" }))}`, "InvalidRequest", "payload.a"],
  [`payload=${"%5B".repeat(1000)}${"%5D".repeat(1000)}`, "InvalidRequest", "payload[0][0][0][0][0]"],
  ["name=%00", "InvalidRequest", "name[0]"],
  ["createdAfter=yesterday", "InvalidRequest", "createdAfter"],
  ["__proto__=1", "InvalidRequest", "__proto__"]
]

const chunk = (text: string | Uint8Array) => `${text.length.toString(16)}\r\n${text}\r\n`

const head = (...lines: ReadonlyArray<string>) =>
  ["POST /api/v1/jobs HTTP/1.1", "Host: localhost", "Content-Type: application/json", ...lines, "", ""].join("\r\n")

function* endless(first: string): Generator<string> {
  yield first
  for (;;) yield chunk("x".repeat(65_536))
}

describe("bad input", () => {
  layer(T.layer(), { excludeTestServices: true })("of one job", (it) => {
    for (const { body, field, status, tag, title } of [...badJobs, ...badBodies]) {
      it.effect(`refuses ${title}, and stores nothing`, () =>
        Effect.gen(function*() {
          const answer = yield* T.post(path, body)
          assert.strictEqual(answer.status, status, answer.text)
          const error = T.errorOf(answer)
          assert.strictEqual(error.tag, tag)
          if (field !== undefined) assert.strictEqual(error.field, field)
          yield* unharmed
        }))
    }
  })

  layer(T.layer(), { excludeTestServices: true })("in a batch", (it) => {
    for (const { body, field, status, tag, title } of badJobs) {
      it.effect(`refuses ${title}, and stores nothing of the batch`, () =>
        Effect.gen(function*() {
          const answer = yield* T.post(`${path}/batch`, { jobs: [good, good, body] })
          assert.strictEqual(answer.status, status, answer.text)
          const error = T.errorOf(answer)
          assert.strictEqual(error.tag, tag)
          if (field !== undefined) assert.strictEqual(error.field, `jobs[2].${field}`)
          yield* unharmed
        }))
    }

    it.effect("refuses no job, and more than 1,000", () =>
      Effect.gen(function*() {
        for (const count of [0, 1001, 100_000]) {
          const answer = yield* T.post(`${path}/batch`, { jobs: Array.from({ length: count }, () => good) })
          assert.strictEqual(answer.status, 400)
          assert.deepInclude(T.errorOf(answer), { tag: "InvalidRequest", field: "jobs" })
        }
        yield* unharmed
      }))

    it.effect("takes 3 MB, and not 20", () =>
      Effect.gen(function*() {
        const jobs = (count: number) =>
          Array.from({ length: count }, () => ({ name: "Nope", payload: "x".repeat(1_000_000) }))
        assert.strictEqual((yield* T.post(`${path}/batch`, { jobs: jobs(3) })).status, 422)
        assert.strictEqual((yield* T.post(`${path}/batch`, { jobs: jobs(20) })).status, 413)
        yield* unharmed
      }))
  })

  layer(T.layer(), { excludeTestServices: true })("of a list", (it) => {
    for (const [query, tag, field] of queries) {
      it.effect(`refuses ${query.slice(0, 60)}`, () =>
        Effect.gen(function*() {
          const answer = yield* T.get(`${path}?${query}`)
          assert.strictEqual(answer.status, 400, answer.text)
          assert.deepInclude(T.errorOf(answer), { tag, field })
        }))
    }
  })

  layer(T.layer(), { excludeTestServices: true })("as headers", (it) => {
    const body = JSON.stringify(good)
    const types = [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/xml"
    ]
    for (const type of types) {
      it.effect(`refuses a body sent as ${type}`, () =>
        Effect.gen(function*() {
          for (const url of [path, `${path}/batch`]) {
            const answer = yield* T.send("POST", url, { headers: { "content-type": type }, body })
            assert.strictEqual(answer.status, 415)
            assert.deepInclude(T.errorOf(answer), { tag: "UnsupportedMediaType", field: "content-type" })
          }
          yield* unharmed
        }))
    }

    it.effect("refuses a compressed body", () =>
      Effect.gen(function*() {
        const headers = { "content-type": "application/json", "content-encoding": "gzip" }
        const answer = yield* T.send("POST", path, { headers, body })
        assert.strictEqual(answer.status, 415)
        yield* unharmed
      }))

    it.effect("refuses a page of another site", () =>
      Effect.gen(function*() {
        const headers = { "content-type": "application/json", "origin": "https://evil.example" }
        const answer = yield* T.send("POST", path, { headers, body })
        assert.strictEqual(answer.status, 403)
        assert.strictEqual(T.errorOf(answer).tag, "Forbidden")
        yield* unharmed
      }))

    it.effect("allows no other site to read an answer", () =>
      Effect.gen(function*() {
        const answer = yield* T.send("OPTIONS", path, {
          headers: { "origin": "https://evil.example", "access-control-request-method": "POST" }
        })
        assert.strictEqual(answer.status, 204)
        for (const name of answer.headers.keys()) assert.notMatch(name, /^access-control/)
      }))
  })

  layer(T.layer(), { excludeTestServices: true })("byte by byte", (it) => {
    it.effect("F70: cuts a chunked body without end, and says so", () =>
      Effect.gen(function*() {
        const start = chunk(`{"name":"Echo","payload":"`)
        const answer = yield* RawSocket.exchange(endless(head("Transfer-Encoding: chunked") + start))
        assert.strictEqual(answer.status, 413)
        assert.strictEqual(T.errorOf(answer).tag, "BodyTooLarge")
        yield* unharmed
      }))

    it.effect("F70: believes no Content-Length that is too large", () =>
      Effect.gen(function*() {
        const answer = yield* RawSocket.exchange([head("Content-Length: 1073741824"), "{"])
        assert.strictEqual(answer.status, 413)
        assert.strictEqual(T.errorOf(answer).tag, "BodyTooLarge")
        yield* unharmed
      }))

    const broken: ReadonlyArray<readonly [string, string, number]> = [
      ["what is no HTTP", "EHLO there\r\n\r\n", 400],
      ["a chunk without a size", `${head("Transfer-Encoding: chunked")}zz\r\n{}\r\n0\r\n\r\n`, 400],
      ["both lengths at once", `${head("Content-Length: 2", "Transfer-Encoding: chunked")}0\r\n\r\n`, 400],
      ["a negative length", head("Content-Length: -1"), 400],
      ["headers larger than 16 KiB", head(`X: ${"x".repeat(20_000)}`), 431],
      ["a header with a line break inside", "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", 400],
      ["an unknown expectation", head("Expect: the-unexpected", "Content-Length: 0"), 417],
      ["no host", "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", 403],
      [
        "another host in the target",
        "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        403
      ],
      ["a target that is no path", "GET health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
      ["an asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404],
      [
        "a broken escape in the path",
        "GET /api/v1/jobs/%ZZ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        404
      ],
      ["a NUL byte in the path", "GET /api/v1/jobs/%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400]
    ]
    for (const [title, request, status] of broken) {
      it.effect(`answers ${title} with ${status} and the envelope`, () =>
        Effect.gen(function*() {
          const answer = yield* RawSocket.exchange([request])
          assert.strictEqual(answer.status, status)
          assert.include(answer.head, "content-type: application/json")
          assert.include(answer.head, "x-content-type-options: nosniff")
          T.errorOf(answer)
          yield* unharmed
        }))
    }

    for (const upgrade of ["websocket", "h2c"]) {
      it.effect(`takes a request that offers ${upgrade} for an ordinary one`, () =>
        Effect.gen(function*() {
          const offer = ["Host: localhost", `Upgrade: ${upgrade}`, "Connection: Upgrade, close"].join("\r\n")
          const read = yield* RawSocket.exchange([`GET /health HTTP/1.1\r\n${offer}\r\n\r\n`])
          assert.strictEqual(read.status, 200)
          const body = "Content-Type: application/json\r\nTransfer-Encoding: chunked"
          const written = yield* RawSocket.exchange([
            `POST /api/v1/jobs HTTP/1.1\r\n${offer}\r\n${body}\r\n\r\n${chunk("{}")}0\r\n\r\n`
          ])
          assert.strictEqual(written.status, 400)
          T.errorOf(written)
          yield* unharmed
        }))
    }

    it.effect("does not answer a client that went away, and goes on", () =>
      Effect.gen(function*() {
        const answers = Effect.timeoutOption(
          RawSocket.exchange([head("Content-Length: 1000"), `{"name":`]),
          "50 millis"
        )
        yield* Effect.all(Array.from({ length: 20 }, () => answers), { concurrency: "unbounded" })
        yield* unharmed
      }))
  })
})
