import { assert, describe, it } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Storage } from "@millrace/storage"
import { PgStorage } from "@millrace/storage-postgres"
import { Context, Deferred, Effect, Layer, Redacted, Schedule } from "effect"
import * as ChildProcess from "node:child_process"
import * as NodePath from "node:path"
import * as Gateway from "./support/Gateway.ts"
import * as RedisServer from "./support/RedisServer.ts"
import * as T from "./support/ServerUnderTest.ts"
import * as SilentDatabase from "./support/SilentDatabase.ts"

const main = NodePath.resolve(import.meta.dirname, "../src/main.ts")

/** Starts the program, and waits for the line that tells its address. */
const start = Effect.fnUntraced(function*(env: Record<string, string>, args: ReadonlyArray<string> = []) {
  const address = yield* Deferred.make<string>()
  const ended = yield* Deferred.make<number | null>()
  let output = ""
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      ChildProcess.spawn(process.execPath, [main, ...args], {
        env: { PATH: process.env["PATH"] ?? "", MILLRACE_PORT: "0", ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      output += data.toString()
      const url = /Millrace API on (http:\S+?),/.exec(output)?.[1]
      if (url !== undefined) Deferred.doneUnsafe(address, Effect.succeed(url))
    })
  }
  child.on("close", (code) => Deferred.doneUnsafe(ended, Effect.succeed(code)))
  const inside = Effect.provideServiceEffect(
    T.ServerUnderTest,
    Effect.map(Deferred.await(address), (baseUrl) => ({ baseUrl, port: Number(new URL(baseUrl).port) }))
  )
  const said = (pattern: RegExp) =>
    Effect.suspend(() => pattern.test(output) ? Effect.void : Effect.fail("not yet")).pipe(
      Effect.retry(Schedule.spaced("20 millis"))
    )
  return {
    inside,
    said,
    output: () => output,
    stop: Effect.sync(() => child.kill("SIGTERM")),
    ended: Deferred.await(ended)
  }
})

const until = (status: number, path: string) =>
  T.get(path).pipe(
    Effect.flatMap((answer) => answer.status === status ? Effect.succeed(answer) : Effect.fail(answer.status)),
    Effect.retry(Schedule.spaced("50 millis"))
  )

const email = { to: "ada@example.com", template: "welcome", data: { name: "Ada" } }

describe("main", () => {
  it.live(
    "starts before its database, migrates it when it comes, serves it, and stops with 0",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const target = new URL(Redacted.value(url))
        yield* Effect.gen(function*() {
          const gateway = yield* Gateway.Gateway
          const through = new URL(target)
          through.port = String(gateway.port)
          const server = yield* start({
            DATABASE_URL: through.href,
            MILLRACE_METRICS_INTERVAL: "50 millis",
            MILLRACE_MAX_ATTEMPTS: "3"
          }, [
            "--jobs",
            NodePath.join(import.meta.dirname, "support/jobs.ts")
          ])
          yield* server.inside(Effect.gen(function*() {
            yield* until(503, "/ready")
            assert.strictEqual((yield* T.get("/api/v1/jobs")).status, 503)
            yield* server.said(/database pool\b.*\bmax=10\b/)
            yield* gateway.set("open")
            yield* until(200, "/ready")

            const { pool } = (yield* T.get("/health")).json as { readonly pool: Record<string, number> }
            assert.deepInclude(pool, { max: 10, waiting: 0 })
            assert.isAtLeast(pool["total"] ?? 0, 1)
            assert.match((yield* T.get("/metrics")).text, /^millrace_db_pool_total [1-9]/m)

            const types = (yield* T.get("/api/v1/job-types")).json as {
              readonly items: ReadonlyArray<{ readonly name: string }>
            }
            assert.includeMembers(types.items.map((type) => type.name), [
              "Resize",
              "data-processing",
              "email-notification"
            ])
            const created = yield* T.post("/api/v1/jobs", { name: "Resize", payload: { width: 100 } })
            assert.strictEqual(created.status, 201)
            const wrong = yield* T.post("/api/v1/jobs", { name: "Resize", payload: { width: "wide" } })
            assert.deepInclude(T.errorOf(wrong), { tag: "InvalidPayload", field: "payload.width" })
            const { id } = created.json as { readonly id: string }
            assert.deepInclude((yield* T.get(`/api/v1/jobs/${id}`)).json, {
              state: "available",
              maxAttempts: 3,
              payload: { width: 100 }
            })
          }))
          yield* server.stop
          assert.strictEqual(yield* server.ended, 0, server.output())
          assert.notInclude(server.output(), target.password)
        }).pipe(Effect.provide(Gateway.layer(Number(target.port), "shut")))
      }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer)),
    60_000
  )

  it.live(
    "reads lists from the replica, single jobs and all writes from the primary, and does without when it is away",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        // Another database in its place: its other contents show who answered.
        const copy = yield* Layer.build(Layer.fresh(TestDatabase.layer))
        const replica = new URL(Redacted.value(Context.get(copy, TestDatabase.TestDatabase).url))
        const storage = Context.get(
          yield* Layer.build(Layer.provide(PgStorage.layerMigrated(), Layer.succeedContext(copy))),
          Storage.Storage
        )
        yield* storage.control({ _tag: "PauseQueue", queue: "of-the-replica" })
        const gateway = yield* Gateway.Gateway.use(Effect.succeed).pipe(
          Effect.provide(yield* Layer.build(Gateway.layer(Number(replica.port))))
        )
        replica.port = String(gateway.port)
        const server = yield* start({ DATABASE_URL: Redacted.value(url), MILLRACE_REPLICA_URL: replica.href })
        yield* server.inside(Effect.gen(function*() {
          yield* until(200, "/ready")
          yield* server.said(/the replica answers reads/)
          const queues = Effect.map(
            T.get("/api/v1/queues"),
            ({ json }) =>
              (json as { readonly items: ReadonlyArray<{ readonly name: string }> }).items.map(({ name }) => name)
          )
          const job = { name: "email-notification", queue: "of-the-primary", payload: email, delay: "1 hour" }
          const created = yield* T.post("/api/v1/jobs", job)
          assert.strictEqual(created.status, 201, created.text)
          const { id } = created.json as { readonly id: string }
          assert.deepStrictEqual(yield* queues, ["of-the-replica"])
          assert.deepInclude((yield* T.get("/api/v1/jobs")).json, { items: [] })
          assert.deepInclude((yield* T.get(`/api/v1/jobs/${id}`)).json, { id, queue: "of-the-primary" })
          const changed = yield* T.sendJson("PATCH", `/api/v1/jobs/${id}`, { priority: 1 })
          assert.deepInclude(changed.json, { id, priority: 1 })
          yield* gateway.set("shut")
          assert.deepStrictEqual(yield* queues, ["of-the-primary"])
          yield* server.said(/the primary answers in place of the replica/)
          yield* gateway.set("open")
          yield* Effect.retry(
            Effect.flatMap(queues, ([name]) => name === "of-the-replica" ? Effect.void : Effect.fail("not yet")),
            Schedule.spaced("50 millis")
          )
        }))
        yield* server.stop
        assert.strictEqual(yield* server.ended, 0, server.output())
        assert.notInclude(server.output(), replica.password)
      }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer)),
    60_000
  )

  it.live.skipIf(!RedisServer.isThere)(
    "shares counts with other servers, and does without a cache that is away",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const port = yield* RedisServer.freePort
        const redis = yield* RedisServer.start(port)
        const fleet = {
          DATABASE_URL: Redacted.value(url),
          MILLRACE_CACHE_URL: RedisServer.urlOf(port),
          MILLRACE_CACHE_TTL: "1 minute"
        }
        const [first, second] = yield* Effect.all([start(fleet), start(fleet)])
        const counted = Effect.map(T.get("/api/v1/queues"), ({ json }) =>
          json as { readonly items: ReadonlyArray<unknown> })
        const storage = Context.get(
          yield* Layer.build(PgStorage.layerMigrated()),
          Storage.Storage
        )
        const onBoth = <A, E>(effect: Effect.Effect<A, E, T.ServerUnderTest>) =>
          Effect.all([first.inside(effect), second.inside(effect)])
        yield* onBoth(until(200, "/ready"))
        // A queue of its own each time, until an answer lacks it: it came out of the cache.
        let made = 0
        const isKept = Effect.gen(function*() {
          made += 1
          yield* storage.control({ _tag: "PauseQueue", queue: `queue-${made}` })
          const [here, there] = yield* onBoth(counted)
          if (here.items.length === made || there.items.length === made) {
            return yield* Effect.fail("not yet")
          }
          assert.deepStrictEqual(here, there)
        })
        yield* Effect.retry(isKept, Schedule.spaced("50 millis"))
        const [totals] = yield* onBoth(Effect.map(T.get("/api/v1/stats"), ({ text }) =>
          text))
        yield* storage.control({ _tag: "PauseQueue", queue: "one-more" })
        assert.deepStrictEqual(yield* onBoth(Effect.map(T.get("/api/v1/stats"), ({ text }) => text)), [totals, totals])
        yield* redis.signal("SIGKILL")
        yield* Effect.retry(
          Effect.flatMap(onBoth(counted), (found) =>
            found.every(({ items }) => items.length === made + 1)
              ? Effect.void
              : Effect.fail("not yet")),
          Schedule.spaced("50 millis")
        )
        yield* first.said(/the database answers in place of the cache: /)
        yield* Effect.all([first.stop, second.stop])
        assert.deepStrictEqual(yield* Effect.all([first.ended, second.ended]), [0, 0])
        assert.notInclude(first.output() + second.output(), RedisServer.password)
      }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer)),
    60_000
  )

  it.live("keeps as many connections open as it is told", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const server = yield* start({
        DATABASE_URL: Redacted.value(url),
        MILLRACE_METRICS_INTERVAL: "50 millis",
        MILLRACE_DATABASE_CONNECTIONS: "9",
        MILLRACE_DATABASE_MIN_CONNECTIONS: "8"
      })
      yield* server.said(/database pool.*max=9 total=[89]\b/)
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer)), 30_000)

  it.live("closes connections that nobody used for as long as it is told", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const server = yield* start({
        DATABASE_URL: Redacted.value(url),
        MILLRACE_METRICS_INTERVAL: "20 millis",
        MILLRACE_DATABASE_IDLE_TIMEOUT: "100 millis"
      })
      yield* server.inside(until(200, "/ready"))
      // Nobody asks for anything. With the minute that is the default, one would stay.
      yield* server.said(/database pool.*total=[1-9][^]*database pool.*total=0\b/)
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer)), 50_000)

  it.live("gives a connection no more time to open than it is told", () =>
    Effect.gen(function*() {
      const silent = yield* SilentDatabase.listen
      const server = yield* start({ DATABASE_URL: silent.url, MILLRACE_DATABASE_CONNECT_TIMEOUT: "100 millis" })
      yield* server.said(/Waiting for the database: .*Connection timed out/)
      // Unless it is told, it is 5 seconds. A busy machine may be late now and then, not always.
      yield* Effect.repeat(Effect.sync(silent.lasted), {
        until: (lasted) => lasted.some((millis) => millis < 3000),
        schedule: Schedule.spaced("50 millis")
      })
    }).pipe(Effect.scoped), 60_000)

  const wrong: ReadonlyArray<readonly [string, Record<string, string>]> = [
    ["DATABASE_URL", {}],
    ["MILLRACE_HOST", { DATABASE_URL: "postgres://localhost:1/x", MILLRACE_HOST: "0.0.0.0" }],
    [
      "MILLRACE_CACHE_URL is wrong: expected the URL of a Redis or Valkey, such as redis://user:password@localhost:6379/0, or rediss://… with TLS; it is \"http://cache:6379/\"",
      { DATABASE_URL: "postgres://localhost:1/x", MILLRACE_CACHE_URL: "http://:hunter2@cache:6379" }
    ],
    ["./missing.ts", { DATABASE_URL: "postgres://localhost:1/x", MILLRACE_JOBS: "./missing.ts" }]
  ]
  for (const [mention, env] of wrong) {
    it.live(`does not start with ${JSON.stringify(env)}, and says so in one line`, () =>
      Effect.gen(function*() {
        const server = yield* start(env)
        assert.strictEqual(yield* server.ended, 1)
        assert.match(server.output(), /^millrace-server: .+\n$/)
        assert.include(server.output(), mention)
      }).pipe(Effect.scoped))
  }
})
