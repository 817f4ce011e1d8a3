/**
 * The limit of SQL: our own statements without any JavaScript.
 *
 * The contender's own code prepares the store; then the text of its statements
 * runs over and over, and what comes out is the most that any client could get
 * from these statements on this server. Two drivers:
 *
 * - `pgbench`, when it is on the PATH: a C program, prepared statements, one
 *   connection a client. What is left out is JavaScript; the protocol is in.
 * - `plpgsql` otherwise: a `DO` loop inside the server, one session a client,
 *   a commit after every statement. Neither protocol nor client is in, so the
 *   limit is a little higher than with pgbench.
 */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { BenchmarkFailed, failedIn } from "./BenchmarkFailed.ts"
import * as Cluster from "./Cluster.ts"
import * as Stopwatch from "./Stopwatch.ts"

/** Statements that do the same work as the contender in one scenario. */
export interface RawScript {
  /** Name of the scenario whose limit this is. */
  readonly scenario: string
  /** Whether it works off a backlog, which the contender lays, or makes one. */
  readonly prefilled: boolean
  /** Jobs that one pass of the script moves. */
  readonly batch: number
  /** Sessions that run it at the same time. */
  readonly clients: number
  /** Run once before the first pass. */
  readonly prepare?: string
  /** One pass for pgbench: statements ended by `;`, or by `\gset` to keep the one row they answer. */
  readonly pgbench: string
  /** What the variables of the first pass are, beside those that pgbench has. */
  readonly variables?: Readonly<Record<string, number>>
  /** One pass as PL/pgSQL, with a `commit;` after each statement that the contender commits. */
  readonly plpgsql: { readonly declare: string; readonly body: string }
}

/** What a driver measured. */
export interface RawRate {
  readonly jobsPerSecond: number
  readonly driver: "pgbench" | "plpgsql"
}

/** Passes that each client makes so that together they move all jobs. */
export const passesPerClient = (jobs: number, script: Pick<RawScript, "batch" | "clients">): number =>
  Math.ceil(jobs / script.batch / script.clients)

/** Reads the rate from the report of pgbench, in passes per second without connection time; null when there is none. */
export const parseTps = (report: string): number | null => {
  const found = /^tps = ([\d.]+) \(without initial connection time\)/m.exec(report)
  return found === null ? null : Number(found[1])
}

/** Whether pgbench can be run. */
export const hasPgbench: Effect.Effect<boolean> = Effect.promise(() =>
  promisify(execFile)("pgbench", ["--version"]).then(() => true, () => false)
)

const pgbenchReport = async (url: string, script: RawScript, passes: number): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "millrace-pgbench-"))
  const file = join(directory, "script.sql")
  const variables = Object.entries(script.variables ?? {}).flatMap(([name, value]) => ["-D", `${name}=${value}`])
  const sizes = ["-c", `${script.clients}`, "-j", "1", "-t", `${passes}`]
  const flags = ["-n", "-M", "prepared", ...sizes, ...variables, "-f", file]
  try {
    await writeFile(file, script.pgbench)
    return (await promisify(execFile)("pgbench", [...flags, url])).stdout
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Runs the script with pgbench until `jobs` jobs are moved. */
const withPgbench = Effect.fnUntraced(function*(url: string, script: RawScript, jobs: number) {
  const passes = passesPerClient(jobs, script)
  const report = yield* Effect.tryPromise({
    try: () => pgbenchReport(url, script, passes),
    catch: failedIn("run pgbench")
  })
  const tps = parseTps(report)
  if (tps === null) {
    return yield* new BenchmarkFailed({ step: "run pgbench", detail: `no rate in its report:\n${report}` })
  }
  const rate: RawRate = { jobsPerSecond: jobs / (passes * script.clients / tps), driver: "pgbench" }
  return rate
})

/** The loop of one session. */
const loopText = (script: RawScript, passes: number): string =>
  `do $loop$ declare ${script.plpgsql.declare} begin for pass in 1..${passes} loop
${script.plpgsql.body}
end loop; end $loop$`

/** Runs the script as loops inside the server until `jobs` jobs are moved. */
export const withPlpgsql = Effect.fnUntraced(
  function*(url: string, script: RawScript, jobs: number) {
    const text = loopText(script, passesPerClient(jobs, script))
    const sessions = yield* Effect.replicateEffect(Cluster.connect(url), script.clients)
    yield* Effect.forEach(sessions, (sql) => sql`select 1`, { discard: true })
    const startedAt = Stopwatch.epochNow()
    yield* Effect.forEach(sessions, (sql) => sql.unsafe(text), { concurrency: "unbounded", discard: true })
    const rate: RawRate = { jobsPerSecond: jobs / ((Stopwatch.epochNow() - startedAt) / 1000), driver: "plpgsql" }
    return rate
  },
  Effect.mapError(failedIn("run the statements in the server")),
  Effect.scoped
)

const prepare = Effect.fnUntraced(
  function*(url: string, text: string) {
    const sql = yield* Cluster.connect(url)
    yield* sql.unsafe(text)
  },
  Effect.mapError(failedIn("prepare the statements")),
  Effect.scoped
)

/** Runs the script with the best driver of this machine. */
export const run = Effect.fnUntraced(function*(url: string, script: RawScript, jobs: number) {
  if (script.prepare !== undefined) yield* prepare(url, script.prepare)
  return yield* (yield* hasPgbench) ? withPgbench(url, script, jobs) : withPlpgsql(url, script, jobs)
})
