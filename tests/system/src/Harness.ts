/**
 * Starts the real programs as real processes, and does to them what happens to programs: signals of all kinds.
 *
 * Whatever a test leaves running is killed when its scope closes, or when the test's own process dies.
 */
import type { Duration } from "effect"
import { Data, Deferred, Effect, Redacted } from "effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as ProcessTable from "./ProcessTable.ts"
import * as Wait from "./Wait.ts"

/** The root of the checkout. */
export const root = dirname(dirname(dirname(import.meta.dirname)))

/** The module of a user that the programs under test load. */
export const ledgerJobs = fileURLToPath(new URL("./LedgerJobs.ts", import.meta.url))

/** The module of a user with jobs under limits. */
export const admissionJobs = fileURLToPath(new URL("./AdmissionJobs.ts", import.meta.url))

/** The module of a user with jobs that have something to hide. */
export const secretJobs = fileURLToPath(new URL("./SecretJobs.ts", import.meta.url))

/** The program that enqueues one key many times at once. */
export const enqueueOnce = fileURLToPath(new URL("./EnqueueOnce.ts", import.meta.url))

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A process under test. */
export interface Proc {
  readonly pid: number
  /** Everything that it printed so far. */
  readonly output: () => string
  /** Waits until it has ended. */
  readonly exit: Effect.Effect<Exit>
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits until it has printed something, and answers the match. */
  readonly printed: (
    pattern: RegExp,
    deadline: Duration.Input
  ) => Effect.Effect<RegExpExecArray, Wait.NeverCame | Ended>
}

/** A process ended that was to print something. */
export class Ended
  extends Data.TaggedError("Ended")<{ readonly name: string; readonly exit: Exit; readonly output: string }>
{
  override get message(): string {
    return `${this.name} ended with ${JSON.stringify(this.exit)}:\n${this.output}`
  }
}

/** What to start. */
export interface Start {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly folder?: string
  /** Added to the environment of the tests; null takes a variable away. */
  readonly environment?: { readonly [variable: string]: string | null }
}

/** Settings of the machine that the tests run on, or of npm, are not to reach the programs. */
const isForeign = (variable: string): boolean =>
  /^(MILLRACE_|DATABASE_URL$|npm_|PG|NODE_OPTIONS$|VITEST|TEST$)/.test(variable)

const environmentOf = (more: Start["environment"] = {}): { readonly [variable: string]: string } =>
  Object.fromEntries(
    Object.entries({ ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name))), ...more })
      .filter((entry): entry is [string, string] => typeof entry[1] === "string")
  )

/** Starts a process in a group of its own; what is left of the group is killed when the scope closes. */
const start = (options: Start) => Effect.map(Effect.acquireRelease(spawned(options), release), toProc(options.name))

interface Spawned {
  readonly child: ChildProcess
  readonly exit: Deferred.Deferred<Exit>
  output: string
}

const spawned = (options: Start) =>
  Effect.sync((): Spawned => {
    const child = spawn(options.command, [...options.args], {
      cwd: options.folder ?? root,
      env: environmentOf(options.environment),
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true
    })
    const made: Spawned = { child, exit: Deferred.makeUnsafe<Exit>(), output: "" }
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => void (made.output += text))
    }
    child.stdio[3]?.on("error", () => undefined)
    child.once("exit", (code, signal) => Deferred.doneUnsafe(made.exit, Effect.succeed({ code, signal })))
    child.once("error", () => Deferred.doneUnsafe(made.exit, Effect.succeed({ code: null, signal: null })))
    return made
  })

const release = ({ child, exit }: Spawned) =>
  Effect.gen(function*() {
    if (child.pid === undefined) return
    yield* ProcessTable.signal(-child.pid, "SIGKILL")
    yield* Deferred.await(exit)
  })

const toProc = (name: string) => (made: Spawned): Proc => {
  const pid = made.child.pid ?? 0
  const exit = Deferred.await(made.exit)
  const ended = Effect.flatMap(exit, (exit) => new Ended({ name, exit, output: made.output }))
  return {
    pid,
    output: () => made.output,
    exit,
    kill: (signal) => ProcessTable.signal(pid, signal),
    printed: (pattern, deadline) =>
      Wait.until(`${pattern} of ${name}`, deadline, Effect.sync(() => made.output), (output) => pattern.test(output))
        .pipe(
          Effect.raceFirst(Effect.delay(ended, "200 millis")),
          Effect.map((output) => pattern.exec(output) ?? [] as unknown as RegExpExecArray)
        )
  }
}

/** The tests' process may die too: then Node stops the program, see apps/dev/src/LifeLine.ts. */
const lifeLine = pathToFileURL(join(root, "apps", "dev", "src", "LifeLinePreload.ts")).href

const program = (name: string, args: ReadonlyArray<string>, environment: Start["environment"]) =>
  start({
    name,
    command: process.execPath,
    args: ["--import", lifeLine, join(root, "apps", name, "src", "main.ts"), ...args],
    environment: { MILLRACE_LIFELINE: "1000", MILLRACE_LOG_FORMAT: "logfmt", ...environment }
  })

/** What a started development run tells of itself. */
export interface Dev extends Proc {
  readonly url: string
  readonly server: number
  readonly worker: number
  /** The line to paste. */
  readonly curl: string
}

/** Settings of a development run. */
export interface DevOptions {
  readonly dataFolder: string
  readonly environment?: Start["environment"]
  /** The checkout that is run. Defaults to this one. */
  readonly checkout?: string
  /** Runs it as npm does, as the child of a shell. Defaults to false. */
  readonly byShell?: boolean
}

/** Starts what `npm start` starts, on any free port, without waiting for it. */
export const launchDev = ({ byShell = false, checkout = root, dataFolder, environment }: DevOptions) => {
  const node = join(checkout, "node_modules", ".bin", "node")
  const entry = join(checkout, "apps", "dev", "src", "main.ts")
  return start({
    name: "dev",
    command: byShell ? "sh" : node,
    // The second command keeps the shell from becoming the first.
    args: byShell ? ["-c", "\"$0\" \"$1\"; exit $?", node, entry] : [entry],
    folder: checkout,
    environment: { MILLRACE_DATA_DIR: dataFolder, MILLRACE_PORT: "0", ...environment }
  })
}

/** Starts what `npm start` starts and waits until it says that everything runs. */
export const startDev = Effect.fnUntraced(function*(options: DevOptions) {
  return yield* awaitBanner(yield* launchDev(options))
})

/** Waits until a development run says that everything runs. */
export const awaitBanner = Effect.fnUntraced(function*(proc: Proc) {
  const [curl] = yield* proc.printed(/curl -sS \S+\/api\/v1\/jobs -H .*/, "2 minutes")
  const [, url = "", server = ""] = yield* proc.printed(/server {4}(http:\S+) {2}\(process (\d+)\)/, "5 seconds")
  const [, worker = ""] = yield* proc.printed(/worker {4}process (\d+)/, "5 seconds")
  const dev: Dev = { ...proc, curl, url, server: Number(server), worker: Number(worker) }
  return dev
})

/** The database and settings of a server or worker. */
export interface ProgramOptions {
  readonly database: Redacted.Redacted
  readonly environment?: Start["environment"]
  readonly args?: ReadonlyArray<string>
}

/** Starts a worker, without waiting until it is registered. */
export const startWorker = ({ args = [], database, environment }: ProgramOptions) =>
  program("worker", args, { DATABASE_URL: Redacted.value(database), ...environment })

/** Starts a program of the tests with Node, without waiting for anything. */
export const startScript = (file: string, { args = [], database, environment }: ProgramOptions) =>
  start({
    name: file,
    command: process.execPath,
    args: ["--import", lifeLine, file, ...args],
    environment: { MILLRACE_LIFELINE: "1000", DATABASE_URL: Redacted.value(database), ...environment }
  })

/** A server with its URL. */
export interface Server extends Proc {
  readonly url: string
}

/** Starts a server on any free port and waits until it is ready. */
export const startServer = Effect.fnUntraced(function*({ args = [], database, environment }: ProgramOptions) {
  const proc = yield* program("server", args, {
    DATABASE_URL: Redacted.value(database),
    MILLRACE_PORT: "0",
    ...environment
  })
  const [, url = ""] = yield* proc.printed(/Millrace API on (http:\/\/[\d.:]+)/, "1 minute")
  const ready = Effect.promise(() => fetch(`${url}/ready`).then(({ status }) => status, () => 0))
  yield* Wait.until("/ready", "1 minute", ready, (status) => status === 200)
  const server: Server = { ...proc, url }
  return server
})
