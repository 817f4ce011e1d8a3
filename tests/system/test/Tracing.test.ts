/**
 * Traces from enqueue to execution, on both storages in real time.
 */
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { Handlers } from "@millrace/queue"
import { Job, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import type { JobId, Storage, StorageError } from "@millrace/storage"
import { MemoryStorage } from "@millrace/storage"
import { PgStorage } from "@millrace/storage-postgres"
import { DateTime, Effect, Layer, Logger, Option, Schema, Tracer } from "effect"
import * as Http from "node:http"
import * as Harness from "../src/Harness.ts"
import * as Wait from "../src/Wait.ts"

const storages = {
  "the memory storage": MemoryStorage.layer,
  "PostgreSQL": PgStorage.layerMigrated().pipe(Layer.provideMerge(TestDatabase.layer), Layer.orDie)
}

const Step = Job.make("Step", {
  payload: { fails: Schema.Int, next: Schema.Boolean },
  error: Schema.String,
  retry: RetryPolicy.fixed("10 millis", { maxAttempts: 3 })
})

const step = Step.toLayer(({ fails, next }, job) =>
  Effect.gen(function*() {
    if (job.attempt <= fails) return yield* Effect.fail("not yet")
    if (next) yield* Effect.orDie(Step.enqueue({ fails: 0, next: false }, { tags: ["second"] }))
  })
)

/** A tracer that remembers its spans. */
const recorder = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

const ended = (id: JobId.JobId) => Queue.Queue.use((queue) => queue.awaitFinished(id))

/** The spans of a job's attempts, as many as are expected. */
const attemptsOf = (spans: ReadonlyArray<Tracer.NativeSpan>, id: JobId.JobId, count: number) =>
  Wait.until(
    `${count} spans of job ${id}`,
    "20 seconds",
    Effect.sync(() =>
      spans.filter(({ attributes, status }) => attributes.get("millrace.job") === id && status._tag === "Ended")
    ),
    (found) => found.length === count
  )

const parentOf = (span: Tracer.NativeSpan | undefined) =>
  span === undefined ? undefined : Option.getOrUndefined(span.parent)

/** Runs an effect in a span of a tracer, and answers that too. */
const inSpan = <A, E, R>(tracer: Tracer.Tracer, name: string, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const span = yield* Effect.currentSpan
    return { span, value: yield* effect }
  }).pipe(Effect.withSpan(name), Effect.provideService(Tracer.Tracer, tracer))

/** A worker with a tracer, until the scope closes. */
const work = (tracer: Tracer.Tracer, handlers: Layer.Layer<never, never, Handlers.Handlers | Queue.Queue>) =>
  Layer.build(handlers.pipe(
    Layer.provideMerge(Worker.layer({ pollInterval: "50 millis", graceDuration: "50 millis" }))
  )).pipe(Effect.provideService(Tracer.Tracer, tracer))

for (const [name, storage] of Object.entries(storages)) {
  const live = Queue.layer.pipe(
    Layer.provideMerge(storage as Layer.Layer<Storage.Storage, StorageError.StorageError>),
    Layer.provideMerge(Logger.layer([]))
  )
  layer(live, { excludeTestServices: true, timeout: "60 seconds" })(`traces on ${name}`, (it) => {
    it.effect("have the first attempt as a child of the enqueue, and retries as traces with a link to it", () =>
      Effect.gen(function*() {
        const producer = recorder()
        const consumer = recorder()
        yield* work(consumer.tracer, step)
        const { span, value } = yield* inSpan(
          producer.tracer,
          "order",
          Step.enqueue({ fails: 2, next: false }, {
            delay: "50 millis",
            deadline: DateTime.makeUnsafe("2999-01-01T00:00:00Z")
          })
        )
        yield* ended(value.id)
        const [first, ...retries] = yield* attemptsOf(consumer.spans, value.id, 3)
        assert.strictEqual(first?.traceId, span.traceId)
        assert.strictEqual(parentOf(first)?.spanId, span.spanId)
        assert.isTrue(first?.sampled)
        assert.lengthOf(first?.links ?? [], 0)
        for (const retry of retries) {
          assert.isUndefined(parentOf(retry))
          assert.notStrictEqual(retry.traceId, span.traceId)
          assert.deepStrictEqual(retry.links.map(({ span: { spanId, traceId } }) => [traceId, spanId]), [
            [span.traceId, span.spanId]
          ])
        }
        assert.strictEqual(new Set(retries.map(({ traceId }) => traceId)).size, 2)
      }))

    it.effect("link jobs that were enqueued many at a time", () =>
      Effect.gen(function*() {
        const { spans, tracer } = recorder()
        yield* work(tracer, step)
        const { span, value } = yield* inSpan(
          tracer,
          "import",
          Step.enqueueAll([{ payload: { fails: 0, next: false } }, { payload: { fails: 0, next: false } }])
        )
        for (const { id } of value) {
          yield* ended(id)
          const [attempt] = yield* attemptsOf(spans, id, 1)
          assert.isUndefined(parentOf(attempt))
          assert.deepStrictEqual(attempt?.links.map(({ span: { spanId } }) => spanId), [span.spanId])
        }
      }))

    it.effect("go on through a job that enqueues another", () =>
      Effect.gen(function*() {
        const { spans, tracer } = recorder()
        yield* work(tracer, step)
        const { span, value } = yield* inSpan(tracer, "order", Step.enqueue({ fails: 0, next: true }))
        yield* ended(value.id)
        const queue = yield* Queue.Queue
        const { items: [second] } = yield* queue.list({ tags: ["second"], limit: 1 })
        assert(second !== undefined)
        yield* ended(second.id)
        const [outer] = yield* attemptsOf(spans, value.id, 1)
        const [inner] = yield* attemptsOf(spans, second.id, 1)
        assert.strictEqual(inner?.traceId, span.traceId)
        assert.strictEqual(parentOf(inner)?.spanId, outer?.spanId)
      }))

    it.effect("are those of the caller's caller where the program itself has no tracer", () =>
      Effect.gen(function*() {
        const { spans, tracer } = recorder()
        yield* work(tracer, step)
        const caller = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: false })
        const { id } = yield* Step.enqueue({ fails: 0, next: false }).pipe(
          Effect.withSpan("nobody sees this"),
          Effect.withParentSpan(caller)
        )
        yield* ended(id)
        const [attempt] = yield* attemptsOf(spans, id, 1)
        assert.deepInclude(parentOf(attempt), { traceId: caller.traceId, spanId: caller.spanId })
        assert.isFalse(attempt?.sampled)
      }))

    it.effect("begin with the attempt where nobody traces, or propagation is off", () =>
      Effect.gen(function*() {
        const { spans, tracer } = recorder()
        yield* work(tracer, step)
        const untraced = yield* Effect.withSpan(Step.enqueue({ fails: 0, next: false }), "nobody sees this")
        const { value: off } = yield* inSpan(
          tracer,
          "order",
          Effect.provideService(Step.enqueue({ fails: 0, next: false }), Tracer.DisablePropagation, true)
        )
        for (const { id } of [untraced, off]) {
          yield* ended(id)
          const [attempt] = yield* attemptsOf(spans, id, 1)
          assert.isUndefined(parentOf(attempt))
          assert.lengthOf(attempt?.links ?? [], 0)
        }
      }))
  })
}

interface Exported {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

/** A collector of OTLP over HTTP that remembers the spans it was sent. */
const collector = Effect.gen(function*() {
  const spans: Array<Exported> = []
  const server = Http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        readonly resourceSpans: ReadonlyArray<
          { readonly scopeSpans: ReadonlyArray<{ readonly spans: Array<Exported> }> }
        >
      }
      for (const { scopeSpans } of body.resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans)
      response.end("{}")
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close().closeAllConnections())
  )
  const address = server.address()
  return { spans, port: typeof address === "object" && address !== null ? address.port : 0 }
})

layer(Layer.fresh(TestDatabase.layer), { excludeTestServices: true, timeout: "3 minutes" })(
  "traces of the programs",
  (it) => {
    it.effect(
      "go from a caller over HTTP through the server to the attempt in the worker",
      () =>
        Effect.gen(function*() {
          const { url: database } = yield* TestDatabase.TestDatabase
          const { port, spans } = yield* collector
          const environment = {
            MILLRACE_JOBS: Harness.secretJobs,
            OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
            OTEL_TRACES_EXPORTER: "otlp",
            OTEL_BSP_SCHEDULE_DELAY: "100"
          }
          const server = yield* Harness.startServer({ database, environment })
          const worker = yield* Harness.startWorker({ database, environment })
          yield* worker.printed(/worker ready/, "1 minute")
          const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
          const status = yield* Effect.promise(() =>
            fetch(`${server.url}/api/v1/jobs`, {
              method: "POST",
              headers: { "content-type": "application/json", traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
              body: JSON.stringify({ name: "whisper", payload: { text: "tulip", to: "Ada" } })
            }).then((response) => response.status)
          )
          assert.strictEqual(status, 201)
          const ours = yield* Wait.until(
            "the span of the attempt",
            "1 minute",
            Effect.sync(() => spans.filter((span) => span.traceId === traceId)),
            (found) => found.some(({ name }) => name === "job whisper")
          )
          const attempt = ours.find(({ name }) => name === "job whisper")
          yield* Wait.until(
            "the span of the request, above that of the attempt and below the caller's",
            "1 minute",
            Effect.sync(() => ancestorsOf(spans, attempt)),
            (ancestors) => ancestors.at(-1) === "00f067aa0ba902b7" && ancestors.length > 1
          )
        }),
      120_000
    )
  }
)

/** The ids of the spans above a span, the nearest first. */
const ancestorsOf = (spans: ReadonlyArray<Exported>, span: Exported | undefined): ReadonlyArray<string> => {
  const parent = span?.parentSpanId
  if (parent === undefined || parent === "") return []
  return [parent, ...ancestorsOf(spans, spans.find(({ spanId }) => spanId === parent))]
}
