import { assert, describe, layer } from "@effect/vitest"
import { Storage } from "@millrace/storage"
import { Effect, Layer, Tracer } from "effect"
import * as T from "./support/ServerUnderTest.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"
const traceparent = `00-${traceId}-${spanId}-01`

const create = Effect.fnUntraced(function*(path: string, body: unknown, headers: Record<string, string>) {
  const answer = yield* T.send("POST", path, {
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body)
  })
  assert.strictEqual(answer.status, 201, answer.text)
  const storage = yield* Storage.Storage
  const { items: [newest] } = yield* storage.list({ limit: 1 })
  return JSON.stringify(newest?.retry)
})

const job = { name: "Echo", payload: 1 }

describe("CallerTrace", () => {
  layer(T.layer(), { excludeTestServices: true })("of a server without a tracer", (it) => {
    it.effect("keeps the caller's traceparent with the jobs that it creates", () =>
      Effect.gen(function*() {
        const one = yield* create("/api/v1/jobs", job, { traceparent })
        assert.strictEqual(one, JSON.stringify({ "millrace:trace": traceparent }))
        const many = yield* create("/api/v1/jobs/batch", { jobs: [job, job] }, { traceparent })
        assert.strictEqual(many, JSON.stringify({ "millrace:trace-batch": traceparent }))
      }))

    it.effect("keeps nothing without one, or of one that can not be", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* create("/api/v1/jobs", job, {}), "null")
        for (const wrong of ["00-1-2-01", `00-${"0".repeat(32)}-${spanId}-01`, "x"]) {
          assert.strictEqual(yield* create("/api/v1/jobs", job, { traceparent: wrong }), "null", wrong)
        }
      }))
  })

  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })

  layer(T.layer().pipe(Layer.provide(Layer.succeed(Tracer.Tracer, tracer))), { excludeTestServices: true })(
    "of a server with a tracer",
    (it) => {
      it.effect("lets jobs belong to a span of the server, in the trace of the caller", () =>
        Effect.gen(function*() {
          const stored = yield* create("/api/v1/jobs", job, { traceparent })
          const [, trace, parent] = /"millrace:trace":"00-(\w+)-(\w+)-01"/.exec(stored) ?? []
          assert.strictEqual(trace, traceId)
          assert.notStrictEqual(parent, spanId)
          assert.include(spans.map((span) => span.spanId), parent)
        }))
    }
  )
})
