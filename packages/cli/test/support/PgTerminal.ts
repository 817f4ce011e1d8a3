/**
 * The command line as a process of its own, as `npx millrace` starts it.
 */
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"

const entry = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** How a process ended. */
export interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}

/** Runs the program with these arguments and no variables but those given. */
export const start = (args: ReadonlyArray<string>, variables: { readonly [name: string]: string } = {}) =>
  Effect.callback<Ended>((resume) => {
    const env = { PATH: process.env["PATH"] ?? "", ...variables }
    const child = execFile(process.execPath, [entry, ...args], { env, timeout: 120_000 }, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1
      resume(Effect.succeed({ code, output, errors }))
    })
    return Effect.sync(() => void child.kill())
  })
