/**
 * What a worker costs that has nothing to do, and how soon it wakes.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Job, Queue, Worker } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Context, Deferred, Effect, Layer, Ref, Tracer } from "effect"

const Ping = Job.make("ping", { payload: {} })

/** Where another process enqueues: it has no storage in common with the worker but the database. */
const producer = Effect.fnUntraced(function*() {
  const { url } = yield* TestDatabase.TestDatabase
  const built = Queue.layer.pipe(
    Layer.provide(PgStorage.layer),
    Layer.provide(PgClient.layer({ url, applicationName: "producer", maxConnections: 2 }))
  )
  return Context.get(yield* Layer.build(built), Queue.Queue)
})

const idleMillis = 20_000

/** The statements that were sent, by their first words. Every statement of the client has a span. */
const counting = () => {
  const sent = new Map<string, number>()
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const { attribute } = span
      span.attribute = (key, value) => {
        if (key === "db.query.text") {
          const text = String(value).replaceAll(/\s+/g, " ").slice(0, 60)
          sent.set(text, (sent.get(text) ?? 0) + 1)
        }
        attribute.call(span, key, value)
      }
      return span
    }
  })
  return { sent, tracer }
}

layer(TestDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("an idle worker", (it) => {
  it.effect(
    "sends at most two statements a second, and starts a job as soon as it is there",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const { sent, tracer } = counting()
        const started = yield* Ref.make(yield* Deferred.make<number>())
        const handler = Ping.toLayer(() =>
          Effect.flatMap(Ref.get(started), (next) => Deferred.succeed(next, performance.now())).pipe(Effect.asVoid)
        )
        const worker = handler.pipe(
          Layer.provide(Worker.layer()),
          Layer.provide(PgStorage.layerMigrated()),
          Layer.provide(PgClient.layer({ url, applicationName: "idle worker", maxConnections: 4 }))
        )
        yield* Effect.provideService(Layer.build(worker), Tracer.Tracer, tracer)
        const other = yield* producer()
        const startAfter = Effect.gen(function*() {
          const next = yield* Deferred.make<number>()
          yield* Ref.set(started, next)
          yield* Effect.provideService(Ping.enqueue({}), Queue.Queue, other)
          const enqueuedAt = performance.now()
          return (yield* Deferred.await(next)) - enqueuedAt
        })
        // The first job waits for the worker's registration.
        yield* startAfter
        yield* Effect.sleep("3 seconds")

        sent.clear()
        yield* Effect.sleep(idleMillis)
        const statements = [...sent.values()].reduce((sum, n) => sum + n, 0)
        const perSecond = statements * 1_000 / idleMillis
        console.info(`an idle worker sent ${perSecond.toFixed(2)} statements a second`)
        assert.isAbove(statements, 0)
        // Beside these its LISTEN connection may notify itself, every ten seconds.
        assert.isAtMost(perSecond, 2, JSON.stringify([...sent], null, 1))

        const waits = yield* Effect.forEach(
          [1, 2, 3, 4, 5],
          () => Effect.andThen(Effect.sleep("300 millis"), startAfter)
        )
        console.info(`a job of another process started after ${waits.map((millis) => millis.toFixed(0)).join(", ")} ms`)
        // Without hints it would be half a second on average: five of them below the poll interval are no chance.
        assert.isBelow(waits.toSorted((a, b) => a - b)[2] ?? Infinity, 400)
      }),
    90_000
  )
})
