/**
 * Runs examples as a reader does: each as a process of its own, judged by its exit code and by what it prints.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

/** The root of the repository: examples are run from there. */
export const root = fileURLToPath(new URL("../../..", import.meta.url))

/** How a program ended, and the lines of both its outputs. */
export interface Ended {
  readonly code: number | null
  readonly lines: ReadonlyArray<string>
}

/** Runs `node examples/<name>.ts` to its end. Interrupting it kills the process. */
export const run = (
  name: string,
  environment: { readonly [variable: string]: string } = {}
): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = spawn(process.execPath, [`examples/${name}.ts`], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let text = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8")
      stream.on("data", (part: string) => {
        text += part
      })
    }
    child.once("close", (code) => resume(Effect.succeed({ code, lines: text.split("\n") })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Holds a program to have ended well after it printed these lines, in this order; log lines may stand between them. */
export const assertSaid = ({ code, lines }: Ended, expected: ReadonlyArray<string>): void => {
  const wanted = new Set(expected)
  assert.deepStrictEqual(lines.filter((line) => wanted.has(line)), expected, lines.join("\n"))
  assert.strictEqual(code, 0, lines.join("\n"))
}
