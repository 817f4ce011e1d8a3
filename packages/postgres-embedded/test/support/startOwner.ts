import { Effect, Schema } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const Report = Schema.fromJsonString(Schema.Struct({
  pid: Schema.Int,
  dataDirectory: Schema.String,
  port: Schema.Int,
  url: Schema.String,
  visits: Schema.Int
}))

export class OwnerFailed extends Schema.TaggedError<OwnerFailed>()("OwnerFailed", { output: Schema.String }) {}

/** The program `owner.ts` of this folder. */
const ownerProgram = fileURLToPath(new URL("owner.ts", import.meta.url))

/** Starts a process that owns a server, and waits for its report. It is killed with SIGKILL when the scope closes. */
export const startOwner = Effect.fnUntraced(function*(options: {
  readonly program?: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [options.program ?? ownerProgram, ...options.args], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...options.env }
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const line = yield* Effect.callback<string, OwnerFailed>((resume) => {
    let output = ""
    child.stderr.on("data", (chunk) => (output += String(chunk)))
    child.once("exit", () => resume(Effect.fail(new OwnerFailed({ output }))))
    createInterface(child.stdout).once("line", (line) => resume(Effect.succeed(line)))
  })
  const report = yield* Schema.decodeEffect(Report)(line)
  const kill = Effect.callback<void>((resume) => {
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })
  return { ...report, ownerPid: child.pid ?? 0, kill }
})
