/**
 * Starts and watches operating-system processes.
 *
 * `node:child_process` rather than `effect/process`: the server has to run
 * under another user (`uid`, `gid`), with its log in a file and a pipe as third
 * descriptor, and to be stopped in steps of its own. `effect/process` has none
 * of these and would signal the whole process group.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { execFile, spawn as nodeSpawn } from "node:child_process"
import type { StdioOptions } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Writable } from "node:stream"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as LifeLine from "./lifeLine.ts"
import type { SystemUser } from "./systemUser.ts"

/** A command with the user and folder to run it in. */
export interface Command {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** Entered before the user is changed, so its parents need not be open to that user. */
  readonly cwd: string
  readonly user: SystemUser | undefined
}

/** A command whose output goes to the end of a file. */
export interface LoggedCommand extends Command {
  readonly log: string
  /** A regular file to be standard input. */
  readonly stdin?: string | undefined
  /** Stops the process when this one dies; `doomed` is a folder to remove then, or empty. */
  readonly lifeLine?: { readonly doomed: string } | undefined
}

/** How a process ended: a code, or the signal that killed it. */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: string | null
}

/** A started process. */
export interface Spawned {
  readonly pid: number
  readonly exit: Effect.Effect<ExitStatus>
  readonly hasEnded: () => boolean
}

/** Says how a process ended. */
export const describeExit = (status: ExitStatus): string =>
  status.signal === null ? `exit code ${status.code}` : `signal ${status.signal}`

const isWindows = process.platform === "win32"

const failed = (operation: string, path: string) => (cause: unknown): EmbeddedPostgresError.EmbeddedPostgresError =>
  EmbeddedPostgresError.because(
    new EmbeddedPostgresError.SystemFailed({
      operation,
      path,
      detail: cause instanceof Error ? cause.message : String(cause)
    })
  )

/** Fixed, so that a server behaves the same whoever starts it; Windows needs its own variables. */
const environment = isWindows ? {} : { env: { LC_ALL: "C", PATH: "/usr/local/bin:/usr/bin:/bin" } }

const identity = (user: SystemUser | undefined) => user === undefined ? {} : { uid: user.uid, gid: user.gid }

const openFile = (path: string, flags: "a" | "r") =>
  Effect.acquireRelease(
    Effect.try({ try: () => openSync(path, flags, 0o600), catch: failed("open", path) }),
    (descriptor) => Effect.sync(() => closeSync(descriptor))
  )

const start = (options: LoggedCommand, stdio: StdioOptions) => {
  const { args, command } = options.lifeLine === undefined || isWindows
    ? options
    : LifeLine.wrap({ command: options.command, args: options.args, doomed: options.lifeLine.doomed })
  return nodeSpawn(command, args, {
    cwd: options.cwd,
    ...environment,
    ...identity(options.user),
    stdio,
    // A group of its own: Ctrl-C in a terminal must not reach the server before its clients are done.
    detached: !isWindows,
    windowsHide: true
  })
}

/** Writes the farewell and closes the owner's end. */
const letGo = (line: Writable | undefined) => {
  if (line === undefined || line.destroyed) return
  line.end(LifeLine.farewell)
}

/** Starts a process in a group of its own, and fails when the system can not start it. */
export const spawn = (options: LoggedCommand): Effect.Effect<Spawned, EmbeddedPostgresError.EmbeddedPostgresError> =>
  Effect.scoped(Effect.gen(function*() {
    const log = yield* openFile(options.log, "a")
    const stdin = options.stdin === undefined ? "ignore" as const : yield* openFile(options.stdin, "r")
    const tied = options.lifeLine !== undefined && !isWindows
    return yield* Effect.callback<Spawned, EmbeddedPostgresError.EmbeddedPostgresError>((resume) => {
      const exit = Deferred.makeUnsafe<ExitStatus>()
      const child = start(options, tied ? [stdin, log, log, "pipe"] : [stdin, log, log])
      const line = child.stdio[LifeLine.descriptor] as Writable | undefined
      line?.on("error", () => undefined)
      child.once("error", (error) => resume(Effect.fail(failed("start", options.command)(error))))
      child.once("exit", (code, signal) => {
        letGo(line)
        Deferred.doneUnsafe(exit, Effect.succeed({ code, signal }))
      })
      if (child.pid === undefined) return
      resume(
        Effect.succeed({ pid: child.pid, exit: Deferred.await(exit), hasEnded: () => Deferred.isDoneUnsafe(exit) })
      )
    })
  }))

/** What a short command printed and how it ended. */
export interface Finished {
  readonly ok: boolean
  readonly output: string
}

/** Runs a short command to its end, at most 30 s; a command that can not start is not ok. */
export const run = (options: Command): Effect.Effect<Finished> =>
  Effect.callback<Finished>((resume) => {
    const child = execFile(options.command, [...options.args], {
      cwd: options.cwd,
      ...environment,
      ...identity(options.user),
      timeout: 30_000,
      windowsHide: true
    }, (error, stdout, stderr) => {
      const detail = error === null ? "" : error.message
      resume(Effect.succeed({ ok: error === null, output: `${stdout}${stderr}` || detail }))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
