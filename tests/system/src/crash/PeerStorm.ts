/**
 * The comparison: the same jobs, the same faults by the same plan, for Millrace and for other queues on PostgreSQL.
 *
 * Each gets a database of its own on one server, four workers of ten slots, and the library's default crash budgets.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Deferred, Effect, Redacted } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { root } from "../Harness.ts"
import * as Wait from "../Wait.ts"
import * as CrashLedger from "./CrashLedger.ts"
import * as FaultPlan from "./FaultPlan.ts"
import * as Fleet from "./Fleet.ts"
import * as PeerVerdict from "./PeerVerdict.ts"
import type { ProcessOrder } from "./ProcessOrder.ts"

const peersFolder = join(root, "benchmarks", "peers")

const adapterOf = (file: string): string => join(peersFolder, "src", "crash", file)

/** Who takes part. */
export const contenders: ReadonlyArray<{ readonly name: string; readonly adapter: string }> = [
  { name: "Millrace", adapter: fileURLToPath(new URL("./MillracePeer.ts", import.meta.url)) },
  { name: "graphile-worker", adapter: adapterOf("graphileWorker.ts") },
  { name: "pg-boss", adapter: adapterOf("pgBoss.ts") },
  { name: "BullMQ on PostgreSQL", adapter: adapterOf("bullmqPostgres.ts") }
]

/** Installs the peers from their lockfile unless they are there; they are no part of the workspace. */
export const install = Effect.sync(() => {
  if (["graphile-worker", "pg-boss", "bullmq"].every((name) => existsSync(join(peersFolder, "node_modules", name)))) {
    return
  }
  const flags = ["--no-save", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
  execFileSync("npm", ["install", ...flags], { cwd: peersFolder, stdio: "inherit" })
})

const workers = 4
const slots = 10
const jobs = 10_000
const faultSeconds = 60

/** The faults of a peer's run. */
const faults = {
  kill: 40,
  freeze: 0,
  crashDatabase: 10,
  endSession: 20,
  silenceListener: 0,
  silenceQuery: 0,
  cut: 0,
  lockTables: 0,
  rollingRestart: 0
}

/** Longest time that a queue gets after the last fault. */
const drainSeconds = 120

/** Jobs of the run with poison: every 24th aborts its process. */
const poisonJobs = 120

/** What became of a queue. */
export interface PeerResult {
  readonly name: string
  readonly verdict: PeerVerdict.PeerVerdict
  readonly kills: number
  readonly databaseCrashes: number
  /** From the last fault until nothing was unfinished; null when something still was at the end. */
  readonly drainedSeconds: number | null
  /** Innocent jobs beside poison that never ran to their end. */
  readonly innocentsLost: number
  readonly innocents: number
}

interface Ground {
  readonly fleet: Fleet.Fleet
  readonly enlist: (
    name: string,
    role: ProcessOrder["role"],
    restarts: boolean,
    more?: Partial<ProcessOrder>
  ) => Fleet.Member
}

const groundOf = Effect.fnUntraced(function*(folder: string, database: string, adapter: string) {
  mkdirSync(folder, { recursive: true })
  const fleet = yield* Fleet.make({ folder, module: fileURLToPath(new URL("./peerMain.ts", import.meta.url)) })
  const ground: Ground = {
    fleet,
    enlist: (name, role = "worker", restarts, more = {}) =>
      fleet.enlist({
        name,
        database,
        adapter,
        role,
        worker: { concurrency: slots },
        jobs: 0,
        perSecond: 0,
        seed: 0,
        poison: 0,
        ...more
      }, restarts)
  }
  const setup = ground.enlist("setup", "setup", false)
  yield* Effect.timeout(Deferred.await(setup.ended), "1 minute")
  return ground
})

const workersOf = ({ fleet }: Ground) => fleet.members.filter(({ place }) => place.startsWith("worker"))

const executionsOf = (ground: Ground) =>
  workersOf(ground).flatMap(({ ledger, name }) => existsSync(ledger) ? CrashLedger.readExecutions(ledger, name) : [])

const acknowledgedOf = ({ fleet }: Ground) =>
  new Set(
    fleet.members.filter(({ ledger, place }) => place === "producer" && existsSync(ledger))
      .flatMap(({ ledger }) => CrashLedger.readAcknowledged(ledger))
  )

const judge = (ground: Ground) => PeerVerdict.judge(acknowledgedOf(ground), executionsOf(ground), workersOf(ground))

const start = Effect.fnUntraced(function*(ground: Ground, count: number, poison: number) {
  for (let at = 1; at <= count; at++) ground.enlist(`worker-${at}`, "worker", true, { poison })
  yield* Wait.until(
    "the workers",
    "1 minute",
    Effect.sync(() => ground.fleet.ready().length),
    (ready) => ready >= count
  )
})

const act = (ground: Ground, counts: { databaseCrashes: number }) =>
  Effect.fnUntraced(function*({ choice, fault }: FaultPlan.PlannedFault) {
    const postgres = yield* EmbeddedPostgres.EmbeddedPostgres
    if (fault === "kill") {
      const ready = workersOf(ground).filter(({ state }) => state === "ready")
      const victim = ready[Math.floor(choice * ready.length)]
      if (victim === undefined) return yield* Effect.delay(Effect.fail("nobody serves"), "200 millis")
      yield* ground.fleet.kill(victim)
    } else if (fault === "crashDatabase") {
      yield* postgres.crash
      yield* Effect.sleep("200 millis")
      yield* postgres.start
      counts.databaseCrashes += 1
    } else {
      const sql = yield* PgClient.PgClient
      yield* sql.unsafe(
        `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend'
        and pid <> pg_backend_pid() order by md5(pid::text || $1) limit 1`,
        [String(choice)]
      )
    }
  })

const storm = Effect.fnUntraced(function*(ground: Ground, seed: number) {
  const counts = { databaseCrashes: 0 }
  yield* start(ground, workers, 0)
  const producer = ground.enlist("producer", "producer", false, { jobs, perSecond: jobs / faultSeconds })
  const perform = act(ground, counts)
  const plan = FaultPlan.make(seed, faults, faultSeconds * 1_000)
  yield* Effect.forEach(
    plan,
    (planned) => Effect.ignore(Effect.retry(perform(planned), { times: 100 })).pipe(Effect.delay(planned.atMillis)),
    { concurrency: "unbounded", discard: true }
  )
  yield* Effect.timeout(Deferred.await(producer.ended), "3 minutes")
  const calmMillis = performance.now()
  const done = yield* Effect.option(Wait.until(
    "the last job",
    drainSeconds * 1_000,
    Effect.sync(() => judge(ground).unfinished),
    (unfinished) => unfinished === 0
  ))
  const drainedSeconds = done._tag === "Some" ? (performance.now() - calmMillis) / 1_000 : null
  const kills = workersOf(ground).filter(({ fate }) => fate === "killed").length
  return { ...counts, kills, drainedSeconds, verdict: judge(ground) }
})

const poisoned = Effect.fnUntraced(function*(ground: Ground) {
  yield* start(ground, 2, 1)
  ground.enlist("producer", "producer", false, { jobs: poisonJobs, perSecond: 10_000 })
  const innocents = Array.from({ length: poisonJobs }).map((_, number) => number).filter((number) => number % 24 !== 5)
  const left = Effect.sync(() => {
    const ended = new Set(executionsOf(ground).flatMap(({ how, id }) => how === "completed" ? [id] : []))
    return innocents.filter((number) => !ended.has(number)).length
  })
  yield* Effect.option(Wait.until("the innocent jobs", "3 minutes", left, (count) => count === 0))
  return { innocents: innocents.length, innocentsLost: yield* left }
})

/** Runs one queue: the storm, then the poison, each on a fresh database. */
export const run = Effect.fnUntraced(function*(
  contender: typeof contenders[number],
  options: { readonly seed: number; readonly folder: string; readonly progress: (line: () => string) => void }
) {
  const postgres = yield* EmbeddedPostgres.EmbeddedPostgres
  const part = Effect.fnUntraced(function*(name: string) {
    const database = `${name}_${contenders.indexOf(contender)}`
    const url = yield* postgres.createDatabase(database)
    options.progress(() => `${contender.name}: ${name}`)
    return yield* groundOf(join(options.folder, database), Redacted.value(url), contender.adapter)
  })
  const stormed = yield* Effect.scoped(Effect.flatMap(part("storm"), (ground) => storm(ground, options.seed)))
  const hurt = yield* Effect.scoped(Effect.flatMap(part("poison"), poisoned))
  const result: PeerResult = { name: contender.name, ...stormed, ...hurt }
  return result
})

const columns: ReadonlyArray<readonly [string, (result: PeerResult) => string]> = [
  ["", ({ name }) => name],
  ["acknowledged", ({ verdict }) => String(verdict.acknowledged)],
  ["not run to the end", ({ verdict }) => String(verdict.unfinished)],
  ["re-executions", ({ verdict }) => String(verdict.reExecutions)],
  ["in flight at kills", ({ verdict }) => String(verdict.inFlight)],
  ["of finished work", ({ verdict }) => String(verdict.ofFinished)],
  ["by the database", ({ verdict }) => String(verdict.byDatabase)],
  [
    "drained after",
    ({ drainedSeconds }) => drainedSeconds === null ? `not in ${drainSeconds} s` : `${drainedSeconds.toFixed(0)} s`
  ],
  ["innocents lost to poison", ({ innocents, innocentsLost }) => `${innocentsLost} of ${innocents}`]
]

/** The comparison as a table. */
export const table = (results: ReadonlyArray<PeerResult>): string => {
  const rows = [columns.map(([title]) => title), ...results.map((result) => columns.map(([, show]) => show(result)))]
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return [
    `${faults.kill} kills, ${faults.crashDatabase} database crashes, ${faults.endSession} ended sessions over ` +
    `${faultSeconds} s; ${workers} workers of ${slots} slots; handlers of 20 to 60 ms`,
    ...rows.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`)
  ].join("\n")
}
