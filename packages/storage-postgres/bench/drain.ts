/**
 * Drives the driver alone, without a worker: insert, claim and settle in batches, and prints jobs per second.
 *
 * Run: `node packages/storage-postgres/bench/drain.ts postgres://…`. Drops and fills the schema `millrace_bench`.
 */
import { PgClient } from "@effect/sql-pg"
import { Fixture } from "@millrace/storage-test"
import { Storage } from "@millrace/storage/Storage"
import { Console, Effect, Layer, Redacted } from "effect"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as PgStorage from "../src/PgStorage.ts"

const { newJob, outcomes, settlement } = Fixture

const url = process.argv[2] ?? "postgres://postgres@127.0.0.1:5432/postgres"
const jobs = Number(process.argv[3] ?? 100_000)
const batch = Number(process.argv[4] ?? 500)
const lanes = Number(process.argv[5] ?? 2)
const schema = "millrace_bench"

const job = (i: number) =>
  newJob({
    name: "noop",
    payload: { i, to: "someone@example.com", data: { name: "Ada", plan: "pro", tags: ["a", "b"] } },
    maxAttempts: 5
  })

const timed = <A, E, R>(what: string, n: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const cpu = process.cpuUsage()
    const start = performance.now()
    const result = yield* effect
    const seconds = (performance.now() - start) / 1000
    const used = process.cpuUsage(cpu)
    yield* Console.log(
      `${what}: ${Math.round(n / seconds)} jobs/s, client CPU ${((used.user + used.system) / n).toFixed(1)} us/job`
    )
    return result
  })

const lane = (workerId: string) =>
  Effect.gen(function*() {
    const storage = yield* Storage
    for (;;) {
      const claims = yield* storage.claim({
        workerId,
        queue: "default",
        handles: [{ name: "noop", versionMin: 1, versionMax: 1 }],
        limit: batch,
        perTenant: 20
      })
      if (claims.length === 0) return
      yield* storage.settle(
        "w",
        claims.map((claim) => settlement(claim, outcomes.completed(), { startedAfterMillis: 1, endedAfterMillis: 2 }))
      )
    }
  })

const program = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const storage = yield* Storage
  yield* sql.unsafe(`drop schema if exists ${schema} cascade`)
  yield* PgMigrations.migrate({ schema })
  const info = { host: "bench", pid: 1, release: "0", queues: ["default"], names: ["noop"], concurrency: 1 }
  yield* storage.renew({ _tag: "Register", workerId: "w", leaseMillis: 3_600_000, info })
  const chunks = Array.from(
    { length: jobs / 1000 },
    (_, chunk) => Array.from({ length: 1000 }, (_, index) => job(chunk * 1000 + index))
  )
  yield* timed("insert 1000 per call", jobs, Effect.forEach(chunks, storage.insert, { discard: true }))
  yield* sql.unsafe(`vacuum analyze ${schema}.ready`)
  yield* timed(
    `drain, ${lanes} lanes of ${batch}`,
    jobs,
    Effect.all(Array.from({ length: lanes }, () => lane("w")), { concurrency: "unbounded", discard: true })
  )
  yield* Console.log(JSON.stringify((yield* storage.overview).queues))
})

const client = PgClient.layer({ url: Redacted.make(url), maxConnections: 10 })
await Effect.runPromise(
  program.pipe(Effect.provide(PgStorage.layerWith({ schema }).pipe(Layer.provideMerge(client))))
)
