/**
 * Starts a program of the repository, waits for a line of its output, and stops it.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import * as Example from "./Example.ts"

/** A program that runs. */
export interface Running {
  /** Waits until a line of its output matches, and answers the match. Dies with the output when the program ends. */
  readonly line: (pattern: RegExp) => Effect.Effect<RegExpExecArray>
  /** Sends SIGTERM and answers the exit code. */
  readonly stop: Effect.Effect<number | null>
}

/** Starts `node <entry>`; what still runs at the end of the scope is killed. */
export const start = (
  entry: string,
  parameters: ReadonlyArray<string>,
  environment: { readonly [variable: string]: string }
) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => spawnProgram(entry, parameters, environment)),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    ({ child, output }): Running => ({
      line: (pattern) =>
        Effect.callback((resume) => {
          const look = () => {
            const match = pattern.exec(output.text)
            if (match !== null) resume(Effect.succeed(match))
            else if (child.exitCode !== null) resume(Effect.die(new Error(output.text)))
          }
          child.stdout.on("data", look)
          child.once("close", look)
          look()
        }),
      stop: Effect.callback((resume) => {
        child.once("close", (code) => resume(Effect.succeed(code)))
        child.kill("SIGTERM")
      })
    })
  )

const spawnProgram = (
  entry: string,
  parameters: ReadonlyArray<string>,
  environment: { readonly [variable: string]: string }
) => {
  const child = spawn(process.execPath, [entry, ...parameters], {
    cwd: Example.root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  const output = { text: "" }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8")
    stream.on("data", (part: string) => {
      output.text += part
    })
  }
  return { child, output }
}
