/**
 * The ground of one fault: a database of its own, a proxy before it, and a fleet of workers with their ledgers.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Queue } from "@millrace/queue"
import type { WorkerOptions } from "@millrace/queue/WorkerOptions"
import { PgMigrations, PgStorage } from "@millrace/storage-postgres"
import type { Duration } from "effect"
import { Context, Effect, Layer, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as TestFolder from "../TestFolder.ts"
import * as Wait from "../Wait.ts"
import * as CrashJobs from "./CrashJobs.ts"
import * as CrashLedger from "./CrashLedger.ts"
import * as Fleet from "./Fleet.ts"
import * as StoredJobs from "./StoredJobs.ts"
import * as TcpProxy from "./TcpProxy.ts"

/** The payload of a job. */
export type Payload = typeof CrashJobs.Work.payloadSchema.Type

const make = Effect.gen(function*() {
  const postgres = yield* EmbeddedPostgres.EmbeddedPostgres
  const folder = yield* TestFolder.make
  const proxy = yield* TcpProxy.make(postgres)
  yield* PgMigrations.migrate()
  const sql = yield* PgClient.PgClient
  yield* sql.unsafe(CrashJobs.effectTable)
  const through = new URL(Redacted.value(postgres.url))
  through.port = String(proxy.port)
  const workers = yield* Fleet.make({
    folder,
    module: fileURLToPath(new URL("./workerMain.ts", import.meta.url)),
    nodeArguments
  })
  return { postgres, proxy, workers, through: Redacted.make(through.href), folder }
})

const skewedClock = new URL("./skewedClock.ts", import.meta.url).href

/** A place whose name begins with `skewed` has a clock an hour ahead, one with `small` little memory. */
const nodeArguments = (place: string): ReadonlyArray<string> => {
  if (place.startsWith("skewed")) return ["--import", skewedClock]
  return place.startsWith("small") ? ["--max-old-space-size=120"] : []
}

/** The service of a test. */
export class Arena extends Context.Service<Arena, Effect.Success<typeof make>>()("Arena") {}

/** Everything that a test needs, on a durable server, with a client, a storage and a queue past the proxy. */
export const layerOn = <E>(server: Layer.Layer<EmbeddedPostgres.EmbeddedPostgres, E>) =>
  Layer.effect(Arena, make).pipe(
    Layer.provideMerge(Queue.layer),
    Layer.provideMerge(PgStorage.layer),
    Layer.provideMerge(Layer.unwrap(EmbeddedPostgres.EmbeddedPostgres.use(({ url }) =>
      Effect.succeed(
        PgClient.layer({ url, maxConnections: 6, applicationName: "crash-judge", connectTimeout: "3 seconds" })
      )
    ))),
    Layer.provideMerge(server)
  )

/** The usual ground. */
export const layer = layerOn(EmbeddedPostgres.ephemeral({ durable: true }))

/** Starts workers and waits until they serve. */
export const start = Effect.fnUntraced(function*(names: ReadonlyArray<string>, worker: WorkerOptions = {}) {
  const { through, workers } = yield* Arena
  for (const name of names) {
    workers.enlist(
      { name, database: Redacted.value(through), worker, jobs: 0, perSecond: 0, seed: 0, poison: 0 },
      true
    )
  }
  yield* Wait.until(
    "the workers",
    "60 seconds",
    Effect.sync(() => workers.ready().length),
    (count) => count >= names.length
  )
})

/** The process that serves at a place. */
export const memberAt = Effect.fnUntraced(function*(place: string) {
  const { workers } = yield* Arena
  const found = () => workers.ready().find((member) => member.place === place)
  const [member] = yield* Wait.until(
    `a process at ${place}`,
    "30 seconds",
    Effect.sync(() => [found()]),
    ([member]) => member !== undefined
  )
  return member === undefined ? yield* Effect.die("no member") : member
})

/** Enqueues jobs; answers their ids. */
export const enqueue = (
  jobs: ReadonlyArray<{ readonly payload: Payload; readonly options?: Parameters<typeof CrashJobs.Work.enqueue>[1] }>
) =>
  Effect.map(
    CrashJobs.Work.enqueueAll(
      jobs.map(({ options, payload }) => options === undefined ? { payload } : { payload, options })
    ),
    (results) => results.map(({ id }) => Number(id))
  )

/** So many jobs that take so long. */
export const plain = (count: number, millis: number) =>
  enqueue(Array.from({ length: count }, () => ({ payload: { kind: "plain" as const, millis } })))

/** The executions of all workers so far, oldest first. */
export const executions = Arena.use(({ workers }) =>
  Effect.sync(() =>
    workers.members
      .flatMap(({ ledger, name }) => readIfThere(ledger, name))
      .toSorted((one, other) => one.startedMillis - other.startedMillis)
  )
)

const readIfThere = (ledger: string, name: string): ReadonlyArray<CrashLedger.Execution> => {
  try {
    return CrashLedger.readExecutions(ledger, name)
  } catch {
    // The process has not come so far.
    return []
  }
}

/** Waits until all of some jobs have ended, and answers everything that is stored. */
export const finished = (ids: ReadonlyArray<number>, deadline: Duration.Input) => {
  const wanted = new Set(ids)
  const open = Effect.map(StoredJobs.read, ({ jobs }) => jobs.filter(({ id }) => wanted.has(id)))
  return Effect.andThen(
    Wait.until(
      `the end of ${ids.length} jobs`,
      deadline,
      Effect.map(
        open,
        (jobs) => jobs.filter(({ state }) => !["completed", "dead", "cancelled"].includes(state)).length
      ),
      (count) => count === 0
    ),
    StoredJobs.read
  )
}

/** What a worker's place has logged so far. */
export const logOf = (place: string) =>
  Arena.use(({ folder }) => Effect.sync(() => readFileSync(join(folder, `${place}.log`), "utf8")))

/** Jobs that were started more than once. */
export const repeated = Effect.map(executions, (all) => {
  const counts = new Map<number, number>()
  for (const { id } of all) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [...counts].filter(([, count]) => count > 1).map(([id]) => id)
})
