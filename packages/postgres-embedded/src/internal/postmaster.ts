/**
 * Runs one server over one data directory: start, wait until ready, stop in
 * steps, kill.
 *
 * Start, stop and crash are serialised; each is harmless when there is nothing to do.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { join } from "node:path"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as DataPath from "./dataPath.ts"
import * as OsProcess from "./osProcess.ts"
import type { Binaries } from "./platform.ts"
import * as PostmasterFile from "./postmasterFile.ts"
import * as ProcessTable from "./processTable.ts"
import { inRealTime } from "./realTime.ts"
import * as ServerLog from "./serverLog.ts"
import * as Settings from "./settings.ts"
import type { SystemUser } from "./systemUser.ts"

/** What a server is started with. */
export interface PostmasterOptions {
  readonly binaries: Binaries
  readonly user: SystemUser | undefined
  readonly directory: string
  readonly access: DataPath.Access
  readonly log: string
  readonly settings: Settings.Settings
  readonly port: number
  /** Folder that is removed when this process dies without stopping the server, or empty. */
  readonly doomed: string
  readonly startTimeout: Duration.Duration
  /** How long each step of a stop may take before the next, harder one. */
  readonly stopTimeout: Duration.Duration
}

/** `fast` disconnects clients and writes a checkpoint; `immediate` aborts, the next start recovers. */
export type StopMode = "fast" | "immediate"

type Failure = EmbeddedPostgresError.EmbeddedPostgresError

/** One server that can be started and stopped many times. */
export interface Postmaster {
  readonly start: Effect.Effect<void, Failure>
  readonly stop: (mode: StopMode) => Effect.Effect<void>
  readonly crash: Effect.Effect<void>
  /** Process id while running. */
  readonly pid: Effect.Effect<number | undefined>
  /** Waits until the server ends without having been asked to, and fails then. */
  readonly failure: Effect.Effect<never, Failure>
}

interface Run {
  readonly server: OsProcess.Spawned
  readonly logOffset: number
  /** Somebody asked for the end that is to come. */
  isStopping: boolean
}

const pollInterval = Duration.millis(10)
/** How long the children of a killed server may take to be gone. */
const killTimeout = Duration.seconds(5)

const fail = Effect.fnUntraced(function*(options: PostmasterOptions, detail: string, logOffset: number) {
  const log = yield* ServerLog.tail(options.log, logOffset)
  return yield* EmbeddedPostgresError.because(
    /could not (bind|create any TCP)/.test(log)
      ? new EmbeddedPostgresError.PortInUse({ port: options.port })
      : new EmbeddedPostgresError.ServerFailed({ directory: options.directory, detail, log })
  )
})

const readFile = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(join(directory, "postmaster.pid")).pipe(
    Effect.map(PostmasterFile.parse),
    Effect.orElseSucceed(() => undefined)
  )
})

/** Polls the server's own status line, as pg_ctl does. */
const awaitReady = Effect.fnUntraced(function*(directory: string, pid: number) {
  while (true) {
    const file = yield* readFile(directory)
    if (file?.pid === pid && file.status === "ready") return
    yield* Effect.sleep(pollInterval)
  }
})

const awaitReadyOrExit = (options: PostmasterOptions, run: Run) =>
  awaitReady(options.directory, run.server.pid).pipe(
    Effect.raceFirst(Effect.flatMap(run.server.exit, (status) =>
      fail(options, `ended while starting (${OsProcess.describeExit(status)})`, run.logOffset))),
    Effect.timeoutOrElse({
      duration: options.startTimeout,
      orElse: () =>
        fail(options, `was not ready after ${Duration.format(options.startTimeout)}`, run.logOffset)
    })
  )

const spawn = Effect.fnUntraced(function*(
  options: PostmasterOptions
): Effect.fn.Return<Run, Failure, FileSystem.FileSystem> {
  const logOffset = yield* ServerLog.size(options.log)
  const server = yield* OsProcess.spawn({
    command: options.binaries.postgres,
    args: ["-D", DataPath.argument(options.directory, options.access), ...Settings.toArguments(options.settings)],
    cwd: options.directory,
    user: options.user,
    log: options.log,
    lifeLine: { doomed: options.doomed }
  })
  return { server, logOffset, isStopping: false }
})

/** Windows has no signals: pg_ctl speaks to the server there. */
const signal = (options: PostmasterOptions, pid: number, name: "SIGINT" | "SIGQUIT" | "SIGKILL") =>
  process.platform === "win32"
    ? Effect.asVoid(OsProcess.run({
      command: options.binaries.pgCtl,
      args: ["kill", name.slice("SIG".length), String(pid)],
      cwd: options.directory,
      user: undefined
    }))
    : Effect.asVoid(ProcessTable.signal(pid, name))

/** A killed server leaves its segment of 56 bytes in the kernel, where only a next start on the same data would remove it. */
const removeSegment = (segment: number | undefined) =>
  segment === undefined || process.platform === "win32"
    ? Effect.void
    : Effect.asVoid(
      OsProcess.run({ command: "ipcrm", args: ["-m", String(segment)], cwd: "/", user: undefined })
    )

/** Kills the server and all its backends at once, as a power cut would; the server is frozen first so it forks no more. */
const killTree = Effect.fnUntraced(function*(options: PostmasterOptions, server: OsProcess.Spawned) {
  if (process.platform !== "win32") yield* ProcessTable.signal(server.pid, "SIGSTOP")
  const file = yield* readFile(options.directory)
  const backends = yield* ProcessTable.childrenOf(server.pid)
  yield* signal(options, server.pid, "SIGKILL")
  yield* Effect.forEach(backends, (pid) => ProcessTable.signal(pid, "SIGKILL"))
  yield* server.exit
  yield* Effect.forEach(backends, (pid) => ProcessTable.awaitGone(pid, killTimeout))
  yield* removeSegment(file?.segment)
})

/** Sends a signal and waits; true when the server is gone. */
const ask = (options: PostmasterOptions, server: OsProcess.Spawned, name: "SIGINT" | "SIGQUIT") =>
  signal(options, server.pid, name).pipe(
    Effect.andThen(server.exit),
    Effect.as(true),
    Effect.timeoutOrElse({ duration: options.stopTimeout, orElse: () => Effect.succeed(false) })
  )

const shutDown = Effect.fnUntraced(function*(options: PostmasterOptions, server: OsProcess.Spawned, mode: StopMode) {
  if (mode === "fast" && (yield* ask(options, server, "SIGINT"))) return
  if (yield* ask(options, server, "SIGQUIT")) return
  yield* killTree(options, server)
})

/** Reports the end of a server that nobody asked to end. */
const watch = Effect.fnUntraced(function*(
  options: PostmasterOptions,
  run: Run,
  failure: Deferred.Deferred<never, Failure>
) {
  const status = yield* run.server.exit
  if (run.isStopping) return
  const error = yield* Effect.flip(fail(options, `ended by itself (${OsProcess.describeExit(status)})`, run.logOffset))
  yield* Effect.logError(error.message)
  yield* Deferred.fail(failure, error)
})

/** Backends that outlived a killed server are gone soon: PostgreSQL refuses to start as long as one is there. */
const isOldMemoryInUse = (error: Failure): boolean =>
  error.reason._tag === "ServerFailed" && error.reason.log.includes("pre-existing shared memory block")

const startOnce = Effect.fnUntraced(function*(options: PostmasterOptions, take: (run: Run) => void) {
  const run = yield* spawn(options)
  take(run)
  return run
}, Effect.uninterruptible)

/** Makes a server that is not running yet; it is stopped when the scope closes. */
export const make = Effect.fnUntraced(function*(options: PostmasterOptions) {
  const context = yield* Effect.context<FileSystem.FileSystem | Scope.Scope>()
  const lock = yield* Semaphore.make(1)
  const failure = yield* Deferred.make<never, Failure>()
  let current: Run | undefined
  const running = () => current === undefined || current.server.hasEnded() ? undefined : current

  const end = (how: (server: OsProcess.Spawned) => Effect.Effect<void, never, FileSystem.FileSystem>) =>
    Effect.suspend(() => {
      const run = running()
      if (run === undefined) return Effect.void
      run.isStopping = true
      return how(run.server)
    }).pipe(Effect.uninterruptible)

  const start = Effect.gen(function*() {
    if (running() !== undefined) return
    const run = yield* startOnce(options, (started) => (current = started))
    yield* awaitReadyOrExit(options, run).pipe(
      Effect.onError(() => end((server) => shutDown(options, server, "immediate")))
    )
    yield* Effect.forkScoped(watch(options, run, failure))
  }).pipe(Effect.retry({ while: isOldMemoryInUse, schedule: Schedule.spaced("100 millis"), times: 50 }))

  const provide = <A, E>(self: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>): Effect.Effect<A, E> =>
    self.pipe(lock.withPermits(1), inRealTime, Effect.provideContext(context))

  const postmaster: Postmaster = {
    start: provide(start),
    stop: (mode) => provide(end((server) => shutDown(options, server, mode))),
    crash: provide(end((server) => killTree(options, server))),
    pid: Effect.sync(() => running()?.server.pid),
    failure: Deferred.await(failure)
  }
  yield* Effect.addFinalizer(() => postmaster.stop("fast"))
  return postmaster
})
