/**
 * Runs one Node program as a child process: in a process group of its own, so that a terminal's Ctrl-C does not reach it,
 * with a life line, and with its output cut into lines.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import * as LifeLine from "./LifeLine.ts"
import type { Output } from "./Output.ts"
import { splitter } from "./Output.ts"

/** A program to run. */
export interface Program {
  readonly name: string
  /** The module that Node runs. */
  readonly entry: string
  readonly folder: string
  /** Its whole environment. */
  readonly environment: { readonly [variable: string]: string | undefined }
  /** Time that it gets to stop by itself when this process has died. Defaults to 8 seconds. */
  readonly patienceMillis?: number
}

/** A started program. `exit` tells how it ended, in words, after its last line was handed over. */
export interface Running {
  readonly pid: number | undefined
  readonly exit: Effect.Effect<string>
  readonly hasEnded: () => boolean
  /** Harmless when the program has ended. */
  readonly signal: (name: "SIGTERM") => void
  /** Kills it and what it started, at once. */
  readonly kill: () => void
}

/** How long the output of an ended program is waited for: a grandchild may hold on to it. */
const lastLinesMillis = 300

/** Starts a program. One that can not be started ends at once. */
export const start = (program: Program, output: Output): Running => {
  const child = spawn(process.execPath, [...LifeLine.nodeArguments, program.entry], {
    cwd: program.folder,
    env: { ...program.environment, [LifeLine.variable]: String(program.patienceMillis ?? LifeLine.patienceMillis) },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: process.platform !== "win32",
    windowsHide: true
  })
  // The other end of the life line is closed when the program ends.
  child.stdio[LifeLine.descriptor]?.on("error", () => undefined)
  forward(child.stdout, program.name, output)
  forward(child.stderr, program.name, output)
  const exit = exitOf(child)
  return {
    pid: child.pid,
    exit: Deferred.await(exit),
    hasEnded: () => Deferred.isDoneUnsafe(exit),
    signal: (name) => void child.kill(name),
    kill: () => killGroup(child)
  }
}

const forward = (stream: ChildProcess["stdout"], name: string, output: Output): void => {
  const lines = splitter((line) => output.line(name, line))
  stream?.setEncoding("utf8")
  stream?.on("data", lines.push)
  stream?.once("end", lines.end)
}

const exitOf = (child: ChildProcess): Deferred.Deferred<string> => {
  const exit = Deferred.makeUnsafe<string>()
  const done = (how: string) => Deferred.doneUnsafe(exit, Effect.succeed(how))
  child.once("error", (error) => done(error.message))
  child.once("exit", (code, signal) => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`
    child.once("close", () => done(how))
    setTimeout(() => done(how), lastLinesMillis)
  })
  return exit
}

const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL")
  } catch {
    // It ended meanwhile.
  }
}
