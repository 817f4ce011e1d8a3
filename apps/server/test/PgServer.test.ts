import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { MemoryServiceStorage } from "@millrace/storage"
import { PgMigrations, PgScheduleStorage, PgStorage } from "@millrace/storage-postgres"
import { Duration, Effect, Layer, Redacted, Schedule } from "effect"
import { admissionSuite } from "./support/admissionSuite.ts"
import * as Gateway from "./support/Gateway.ts"
import { jobsSuite } from "./support/jobsSuite.ts"
import { schedulesSuite } from "./support/schedulesSuite.ts"
import * as T from "./support/ServerUnderTest.ts"

const migrated = () => Layer.fresh(PgStorage.layerMigrated()).pipe(Layer.provideMerge(Layer.fresh(TestDatabase.layer)))

jobsSuite("JobsHandlers on PostgreSQL", () => T.layerOnStorage().pipe(Layer.provideMerge(migrated())))

admissionSuite("AdmissionHandlers on PostgreSQL", () => T.layerOnStorage().pipe(Layer.provideMerge(migrated())))

schedulesSuite("SchedulesHandlers on PostgreSQL", () =>
  T.layerOnStorages().pipe(
    Layer.provide([Layer.fresh(PgScheduleStorage.layer), MemoryServiceStorage.layer]),
    Layer.provideMerge(migrated())
  ))

/** A server whose way to the database a test opens and shuts. Statements get half a second. */
const behindGateway = Layer.unwrap(
  TestDatabase.TestDatabase.use(({ url }) =>
    Effect.sync(() => {
      const target = new URL(Redacted.value(url))
      const storage = Layer.unwrap(Gateway.Gateway.use(({ port }) =>
        Effect.sync(() => {
          const through = new URL(target)
          through.port = String(port)
          return PgStorage.layerWith({ deadline: "500 millis" }).pipe(
            Layer.provide(PgClient.layer({ url: Redacted.make(through.href), maxConnections: 5 }))
          )
        })
      ))
      return T.layerOnStorage({ requestTimeout: Duration.seconds(5) }).pipe(
        Layer.provide(storage),
        Layer.provideMerge(Gateway.layer(Number(target.port)))
      )
    })
  )
).pipe(
  Layer.provide(Layer.effectDiscard(PgMigrations.migrate())),
  Layer.provide(TestDatabase.layer)
)

const job = { name: "Echo", payload: { a: 1 } }

/** Waits until a request is answered like this: what a load balancer would do. */
const until = (status: number, path: string) =>
  T.get(path).pipe(
    Effect.flatMap((answer) => answer.status === status ? Effect.succeed(answer) : Effect.fail(answer.status)),
    Effect.retry(Schedule.spaced("50 millis"))
  )

const withoutTables = T.layerOnStorage().pipe(
  Layer.provide(Layer.fresh(PgStorage.layer)),
  Layer.provide(Layer.fresh(TestDatabase.layer))
)

describe("a server without its tables", () => {
  layer(withoutTables, { excludeTestServices: true })("that nobody migrated", (it) => {
    it.effect("is not ready, and says what is missing", () =>
      Effect.gen(function*() {
        const ready = yield* T.get("/ready")
        assert.strictEqual(ready.status, 503)
        assert.include(T.errorOf(ready).hint, "Run the migrations")
        assert.strictEqual((yield* T.post("/api/v1/jobs", job)).status, 503)
        assert.strictEqual((yield* T.get("/health")).status, 200)
      }))
  })
})

describe("a server without its database", () => {
  layer(behindGateway, { excludeTestServices: true, timeout: 60_000 })("that comes and goes", (it) => {
    for (const state of ["shut", "stuck"] as const) {
      it.effect(`answers 503 while the way is ${state}, and works again by itself`, () =>
        Effect.gen(function*() {
          const gateway = yield* Gateway.Gateway
          yield* until(200, "/ready")
          const first = yield* T.post("/api/v1/jobs", { ...job, unique: `before ${state}` })
          assert.strictEqual(first.status, 201)

          yield* gateway.set(state)
          yield* until(503, "/ready")
          assert.strictEqual((yield* T.get("/health")).status, 200)
          const refused = yield* Effect.all([
            T.post("/api/v1/jobs", job),
            T.get("/api/v1/jobs"),
            T.get("/api/v1/jobs/1"),
            T.send("DELETE", "/api/v1/jobs/1")
          ], { concurrency: "unbounded" })
          for (const answer of refused) {
            assert.strictEqual(answer.status, 503)
            assert.strictEqual(T.errorOf(answer).tag, "Unavailable")
            assert.strictEqual(answer.headers.get("retry-after"), "2")
          }

          yield* gateway.set("open")
          yield* until(200, "/ready")
          const again = yield* T.post("/api/v1/jobs", { ...job, unique: `before ${state}` })
          assert.deepStrictEqual(again.json, { ...(first.json as object), outcome: "duplicate" })
        }), 60_000)
    }
  })
})
