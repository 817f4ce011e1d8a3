import { Data, Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

const entry = new URL("../../src/main.ts", import.meta.url).pathname

/** The end of a process: its exit code, or the signal that killed it, and all that it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

/** The process ended without saying what was waited for. */
export class NeverSaid extends Data.TaggedError("NeverSaid")<{ readonly message: string }> {}

/** A worker as a process of its own, killed when the scope closes. */
export const start = Effect.fnUntraced(function*(
  flags: ReadonlyArray<string>,
  environment: { readonly [variable: string]: string } = {}
) {
  const { PATH = "" } = process.env
  const child = spawn(process.execPath, [entry, ...flags], { env: { PATH, ...environment }, stdio: "pipe" })
  const ended = yield* Deferred.make<Ended>()
  const lines: Array<string> = []
  const waiting = new Set<() => void>()
  let errors = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text))
  createInterface(child.stdout).on("line", (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  child.on("close", (code, signal) => {
    Deferred.doneUnsafe(ended, Effect.succeed({ code, signal, output: lines.join("\n"), errors }))
    for (const look of waiting) look()
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
  const line = (pattern: RegExp): Effect.Effect<string, NeverSaid> =>
    Effect.callback((resume) => {
      const look = () => {
        const found = lines.find((line) => pattern.test(line))
        if (found !== undefined) resume(Effect.succeed(found))
        else if (child.exitCode !== null) {
          const message = `ended without ${pattern}:\n${lines.join("\n")}\n${errors}`
          resume(Effect.fail(new NeverSaid({ message })))
        }
      }
      waiting.add(look)
      look()
      return Effect.sync(() => waiting.delete(look))
    })
  return {
    pid: child.pid ?? 0,
    /** The first line that matches, said already or to come. */
    line,
    signal: (signal: NodeJS.Signals) => Effect.sync(() => child.kill(signal)),
    ended: Deferred.await(ended)
  }
})

/** Runs a worker to its end. */
export const run = (flags: ReadonlyArray<string>, environment: { readonly [variable: string]: string } = {}) =>
  Effect.scoped(Effect.flatMap(start(flags, environment), ({ ended }) => ended))
