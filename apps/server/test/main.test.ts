import { assert, describe, it } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Deferred, Effect, Redacted, Schedule } from "effect"
import * as ChildProcess from "node:child_process"
import * as NodePath from "node:path"
import * as Gateway from "./support/Gateway.ts"
import * as T from "./support/ServerUnderTest.ts"

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

  const wrong: ReadonlyArray<readonly [string, Record<string, string>]> = [
    ["DATABASE_URL", {}],
    ["MILLRACE_HOST", { DATABASE_URL: "postgres://localhost:1/x", MILLRACE_HOST: "0.0.0.0" }],
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
