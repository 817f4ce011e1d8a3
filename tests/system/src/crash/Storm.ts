/**
 * A storm: producers and workers over one PostgreSQL, faults by a plan, and the judgement.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { PgMigrations, PgStorage } from "@millrace/storage-postgres"
import { Deferred, Effect, Layer, Redacted } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Wait from "../Wait.ts"
import * as CrashJobs from "./CrashJobs.ts"
import * as CrashLedger from "./CrashLedger.ts"
import * as FaultPlan from "./FaultPlan.ts"
import * as Faults from "./Faults.ts"
import * as Fleet from "./Fleet.ts"
import * as StoredJobs from "./StoredJobs.ts"
import type { StormSettings } from "./StormSettings.ts"
import * as TcpProxy from "./TcpProxy.ts"
import * as Verdict from "./Verdict.ts"

/** What happened in a storm. */
export interface StormResult {
  readonly seed: number
  readonly verdict: Verdict.Verdict
  readonly counts: Faults.Counts
  readonly listenersDetectedMillis: ReadonlyArray<number>
  readonly seconds: { readonly faults: number; readonly drain: number; readonly total: number }
}

const moduleOf = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url))

/** The worker whose clock is wrong. */
const skewedPlace = "worker-1"

const skew = new URL("./skewedClock.ts", import.meta.url).href

/** Reads the ledgers of a fleet's workers. */
const executionsOf = (fleet: Fleet.Fleet): ReadonlyArray<CrashLedger.Execution> =>
  fleet.members.flatMap(({ ledger, name }) => CrashLedger.readExecutions(ledger, name))

const acknowledgedOf = (producers: Fleet.Fleet): ReadonlySet<number> =>
  new Set(producers.members.flatMap(({ ledger }) => CrashLedger.readAcknowledged(ledger)))

const orderOf = (name: string, database: string, settings: StormSettings, seed: number) => ({
  name,
  database,
  worker: { queues: ["default"], concurrency: settings.concurrency },
  jobs: Math.ceil(settings.jobs / settings.producers),
  // Done a little before the last fault, so that the faults find work to the end.
  perSecond: settings.jobs / settings.producers / (settings.faultSeconds * 0.97),
  seed,
  poison: settings.poison
})

const launch = Effect.fnUntraced(function*(folder: string, database: string, port: number, settings: StormSettings) {
  const through = new URL(database)
  through.port = String(port)
  mkdirSync(join(folder, "workers"))
  mkdirSync(join(folder, "producers"))
  const workers = yield* Fleet.make({
    folder: join(folder, "workers"),
    module: moduleOf("workerMain.ts"),
    nodeArguments: (place) => place === skewedPlace ? ["--import", skew] : []
  })
  const producers = yield* Fleet.make({ folder: join(folder, "producers"), module: moduleOf("producerMain.ts") })
  const start = (seed: number) => {
    for (let at = 1; at <= settings.workers; at++) {
      workers.enlist(orderOf(`worker-${at}`, through.href, settings, seed), true)
    }
    for (let at = 1; at <= settings.producers; at++) {
      producers.enlist({
        ...orderOf(`producer-${at}`, through.href, settings, seed + at),
        poison: at === 1 ? settings.poison : 0
      }, false)
    }
  }
  return { workers, producers, start }
})

/** A connection past the proxy, for whoever judges. */
const client = (url: Redacted.Redacted) =>
  PgStorage.layer.pipe(
    Layer.provideMerge(
      PgClient.layer({ url, maxConnections: 4, applicationName: "crash-judge", connectTimeout: "3 seconds" })
    )
  )

const prepare = Effect.gen(function*() {
  yield* PgMigrations.migrate()
  const sql = yield* PgClient.PgClient
  yield* sql.unsafe(CrashJobs.effectTable)
})

/** The number of jobs that are neither finished nor dead. */
const unfinished = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql.unsafe<{ readonly n: number }>(`select ((select count(*) from millrace.ready)
    + (select count(*) from millrace.suspect) + (select count(*) from millrace.scheduled)
    + (select coalesce(sum(remaining), 0) from millrace.lease))::int as n`)
  return row?.n ?? -1
})

const isDrained = (fleet: Fleet.Fleet) =>
  Effect.map(Effect.all([unfinished, StoredJobs.leftovers]), ([jobs, { workers }]) => ({
    jobs,
    workers,
    living: fleet.ready().length
  }))

/** Waits until nothing is left to do, or nothing has moved for so long; tells which. */
const drain = Effect.fnUntraced(function*(workers: Fleet.Fleet, patienceMillis: number) {
  let fewest = Infinity
  let movedMillis = performance.now()
  while (performance.now() < movedMillis + patienceMillis) {
    const found = yield* Effect.option(isDrained(workers))
    if (found._tag === "Some") {
      if (found.value.jobs === 0 && found.value.workers === found.value.living) return true
      if (found.value.jobs < fewest) {
        fewest = found.value.jobs
        movedMillis = performance.now()
      }
    }
    yield* Effect.sleep("100 millis")
  }
  return false
})

/** Runs a storm in a folder that stays for whoever looks for the causes. */
export const run = Effect.fnUntraced(function*(options: {
  readonly settings: StormSettings
  readonly seed: number
  readonly folder: string
  /** Is told how the storm goes on. */
  readonly progress: (line: () => string) => void
}) {
  const { folder, progress, seed, settings } = options
  const postgres = yield* EmbeddedPostgres.EmbeddedPostgres
  const startedMillis = performance.now()
  const proxy = yield* TcpProxy.make({ host: postgres.host, port: postgres.port })
  return yield* Effect.gen(function*() {
    yield* prepare
    const { producers, start, workers } = yield* launch(folder, Redacted.value(postgres.url), proxy.port, settings)
    start(seed)
    yield* Wait.until(
      "the first workers",
      "60 seconds",
      Effect.sync(() => workers.ready().length),
      (count) => count >= settings.workers
    )
    const faults = yield* Faults.make({ postgres, proxy, workers })
    const plan = FaultPlan.make(seed, settings.faults, settings.faultSeconds * 1_000)
    progress(() => lineOf(faults.counts, plan.length, workers, producers))
    const faultsMillis = performance.now()
    yield* faults.follow(plan)
    const produced = Effect.forEach(producers.members, ({ ended }) => Deferred.await(ended), { discard: true })
    yield* Effect.timeout(produced, "20 minutes")
    const drainMillis = performance.now()
    const isQuiet = yield* drain(workers, settings.drainSeconds * 1_000)
    const judgeMillis = performance.now()
    // What is not drained shows as stuck, with its history, which must not change while it is read.
    if (!isQuiet) yield* workers.disband
    const verdict = Verdict.judge({
      acknowledged: acknowledgedOf(producers),
      executions: executionsOf(workers),
      lives: workers.members,
      stored: yield* Effect.retry(StoredJobs.read, { times: 3 }),
      stale: faults.stale,
      livingWorkers: workers.ready().length
    })
    const seconds = {
      faults: (drainMillis - faultsMillis) / 1_000,
      drain: (judgeMillis - drainMillis) / 1_000,
      total: (performance.now() - startedMillis) / 1_000
    }
    const result: StormResult = {
      seed,
      verdict,
      counts: faults.counts,
      listenersDetectedMillis: faults.listenersDetectedMillis,
      seconds
    }
    return result
  }).pipe(Effect.provide(client(postgres.url)))
})

const lineOf = (counts: Faults.Counts, planned: number, workers: Fleet.Fleet, producers: Fleet.Fleet): string => {
  const { aborts, cuts, databaseCrashes, halfOpen, kills, locks, restarts, sessionKills, sigstops } = counts
  const alive = `${workers.ready().length} of ${new Set(workers.members.map(({ place }) => place)).size} workers serve`
  const work = producers.members.some(({ state }) => state !== "ended") ? "producing" : "produced"
  return `${work}, ${alive}; ${planned} faults planned: ${kills()} kills, ${aborts()} aborts, ${sigstops} freezes, ` +
    `${databaseCrashes} database crashes, ${sessionKills} sessions ended, ${halfOpen} half-open listeners, ` +
    `${cuts} cuts, ${locks} locks, ${restarts} restarts`
}
