/**
 * What limits cost: the server's CPU time for each job of insert, claim and settle, without limits and under three that
 * are stacked, in turns on one connection; prints medians and how many times the plain cost each is.
 *
 * Run: `node packages/storage-postgres/bench/limits.ts [rounds] [jobs a round] [postgres://…]`. Without an address it
 * boots a server of its own. Drops and fills the schema `millrace_bench`. The server must run on this machine, on Linux.
 */
import { PgClient } from "@effect/sql-pg"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import type { Claim, Limit, NewJob } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Storage } from "@millrace/storage/Storage"
import { Array as Arr, Console, Effect, Layer, Order, Redacted } from "effect"
import { readFileSync } from "node:fs"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as PgStorage from "../src/PgStorage.ts"

const { newJob, outcomes, settlement } = Fixture

const rounds = Number(process.argv[2] ?? 15)
const jobs = Number(process.argv[3] ?? 2000)
const url = process.argv[4]
const schema = "millrace_bench"
const sizes = [10, 20, 100, 500]
const phases = ["insert", "claim", "settle"] as const

const rule = (name: string, kind: Limit.LimitRule["kind"]): Limit.LimitRule => ({
  name,
  kind,
  max: 1_000_000,
  perMillis: kind === "rate" ? 1000 : null,
  burst: null
})

const rules = [
  rule("all", "concurrency"),
  rule("each", "concurrency"),
  rule("own", "concurrency"),
  rule("mail", "rate")
]

/** Jobs to compare: under which limits, and of how many tenants, each of which has a key of its own. */
interface Kind {
  readonly title: string
  readonly tenants: number
  readonly limits: ReadonlyArray<string>
}

const kinds: ReadonlyArray<Kind> = [
  { title: "no limits, 1 tenant", tenants: 1, limits: [] },
  { title: "2 concurrency + rate, 1 tenant", tenants: 1, limits: ["all", "each", "mail"] },
  { title: "3 concurrency, 1 tenant", tenants: 1, limits: ["all", "each", "own"] },
  { title: "no limits, 20 tenants", tenants: 20, limits: [] },
  { title: "2 concurrency + rate, 20 tenants", tenants: 20, limits: ["all", "each", "mail"] }
]

const job = (kind: Kind, i: number): NewJob.NewJob => {
  const tenant = `t${i % kind.tenants}`
  return newJob({
    name: "noop",
    tenant,
    payload: { i, to: "someone@example.com", data: { name: "Ada", plan: "pro", tags: ["a", "b"] } },
    maxAttempts: 5,
    limits: kind.limits.map((name) => ({ name, key: name === "each" ? tenant : "", weight: 1 }))
  })
}

/** Nanoseconds that a process has run. */
const cpuOf = (pid: number) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0])

const claimAll = (limit: number) =>
  Effect.gen(function*() {
    const storage = yield* Storage
    const batches: Array<ReadonlyArray<Claim.Claim>> = []
    for (let left = jobs; left > 0;) {
      const claims = yield* storage.claim({
        workerId: "w",
        queue: "default",
        handles: [{ name: "noop", versionMin: 1, versionMax: 1 }],
        limit,
        perTenant: 20
      })
      if (claims.length === 0) return yield* Effect.die(`${left} jobs were not claimed`)
      left -= claims.length
      batches.push(claims)
    }
    return batches
  })

const settleAll = (batches: ReadonlyArray<ReadonlyArray<Claim.Claim>>) =>
  Effect.forEach(batches, (claims) =>
    Storage.use((storage) =>
      storage.settle(
        "w",
        claims.map((claim) => settlement(claim, outcomes.completed(), { startedAfterMillis: 1, endedAfterMillis: 2 }))
      )
    ), { discard: true })

/** Microseconds of the server for each job, by phase. */
const round = Effect.fnUntraced(function*(pid: number, kind: Kind, size: number) {
  const storage = yield* Storage
  const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const from = cpuOf(pid)
      return Effect.map(effect, (value) => ({ value, micros: (cpuOf(pid) - from) / 1000 / jobs }))
    })
  const batches = Arr.chunksOf(Arr.makeBy(jobs, (i) => job(kind, i)), Math.min(jobs, 500))
  const insert = yield* timed(Effect.forEach(batches, storage.insert, { discard: true }))
  const claim = yield* timed(claimAll(size))
  const settle = yield* timed(settleAll(claim.value))
  return [insert.micros, claim.micros, settle.micros]
})

const median = (values: ReadonlyArray<number>) => Arr.sort(values, Order.Number)[Math.floor(values.length / 2)] ?? 0

const compare = Effect.fnUntraced(function*(pid: number, size: number) {
  const sql = yield* PgClient.PgClient
  const seen = kinds.map((): Array<ReadonlyArray<number>> => [])
  for (let n = -1; n < rounds; n++) {
    for (const [index, kind] of kinds.entries()) {
      const costs = yield* round(pid, kind, size)
      // The first round plans the statements and warms the caches.
      if (n >= 0) seen[index]?.push([...costs, costs.reduce((a, b) => a + b, 0)])
      for (const table of ["ready", "lease", "hold", "limit_bucket", "count_delta"]) {
        yield* sql.unsafe(`vacuum ${schema}.${table}`)
      }
      yield* sql.unsafe(`truncate ${schema}.finished`)
    }
  }
  yield* Console.log(`claims of ${size}, µs of the server for each job, and times that of no limits:`)
  for (const [index, kind] of kinds.entries()) {
    const plain = kinds.findIndex(({ limits, tenants }) => limits.length === 0 && tenants === kind.tenants)
    const cells = [...phases, "in all"].map((phase, column) => {
      const own = seen[index]?.map((costs) => costs[column] ?? 0) ?? []
      const ratio = median(own.map((cost, n) => cost / (seen[plain]?.[n]?.[column] ?? cost)))
      return `${phase} ${median(own).toFixed(1).padStart(6)} (${ratio.toFixed(2)})`
    })
    yield* Console.log(`  ${kind.title.padEnd(34)} ${cells.join("  ")}`)
  }
})

const program = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const storage = yield* Storage
  yield* sql.unsafe(`drop schema if exists ${schema} cascade`)
  yield* PgMigrations.migrate({ schema })
  const info = { host: "bench", pid: 1, release: "0", queues: ["default"], names: ["noop"], concurrency: 1 }
  yield* storage.renew({ _tag: "Register", workerId: "w", leaseMillis: 3_600_000, info })
  yield* storage.control({ _tag: "DeclareLimits", release: "1", rules })
  const [backend] = yield* sql<{ pid: number }>`select pg_backend_pid() as pid`
  for (const size of sizes) yield* compare(backend?.pid ?? 0, size)
})

// One connection, so that one process of the server does all the work.
const clientOf = (address: Redacted.Redacted) => PgClient.layer({ url: address, maxConnections: 1 })
const client = url === undefined
  ? Layer.unwrap(Effect.map(EmbeddedPostgres.EmbeddedPostgres, (server) => clientOf(server.url))).pipe(
    Layer.provide(EmbeddedPostgres.ephemeral())
  )
  : clientOf(Redacted.make(url))
await Effect.runPromise(
  program.pipe(Effect.provide(PgStorage.layerWith({ schema }).pipe(Layer.provideMerge(client))))
)
