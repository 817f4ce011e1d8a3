/**
 * A contender in a process of its own, as the harness sees it: a handle with
 * one method, `request`. The scope ends the process.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { BenchmarkFailed } from "./BenchmarkFailed.ts"
import type { Answer, CommandName, Commands } from "./Protocol.ts"

/** A living process of a contender. */
export interface ContenderProcess {
  /** Sends a command and waits for its answer. */
  readonly request: <Name extends CommandName>(
    command: Name,
    body: Commands[Name]["request"]
  ) => Effect.Effect<Commands[Name]["answer"], BenchmarkFailed>
}

type Settle = (answer: Answer) => void

interface Link {
  readonly child: ChildProcess
  readonly open: Map<number, Settle>
  /** The end of what the process printed: the only trace of a crash. */
  output: string
  nextId: number
}

const host = fileURLToPath(new URL("ContenderHost.ts", import.meta.url))

/** Kept of the output of a process, in characters. */
const outputKept = 4000

/** How long a process may take to close its connections, in milliseconds; then it is killed. */
const closeMillis = 15_000

const start = (module: string): Link => {
  const child = fork(host, [module], { stdio: ["ignore", "pipe", "pipe", "ipc"], serialization: "json" })
  const link: Link = { child, open: new Map(), output: "", nextId: 1 }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      link.output = (link.output + text).slice(-outputKept)
    })
  }
  child.on("message", (answer: Answer) => {
    link.open.get(answer.id)?.(answer)
    link.open.delete(answer.id)
  })
  child.on("exit", (code, signal) => {
    const message = `the process ended (${signal ?? code})\n${link.output}`
    for (const [id, settle] of link.open) settle({ id, ok: false, message })
    link.open.clear()
  })
  return link
}

const awaitAnswer = (link: Link, step: string, id: number, send: () => void): Effect.Effect<unknown, BenchmarkFailed> =>
  Effect.callback((resume) => {
    link.open.set(id, (answer) =>
      resume(
        answer.ok
          ? Effect.succeed(answer.body)
          : Effect.fail(new BenchmarkFailed({ step, detail: `${answer.message}\n${link.output}`.trim() }))
      ))
    send()
  })

const request = (link: Link, step: string, command: CommandName, body: unknown) =>
  Effect.suspend(() => {
    if (link.child.exitCode !== null || link.child.signalCode !== null) {
      return Effect.fail(new BenchmarkFailed({ step, detail: `the process has ended\n${link.output}` }))
    }
    const id = link.nextId
    link.nextId += 1
    return awaitAnswer(link, step, id, () => link.child.send({ id, command, body }))
  })

const end = (link: Link): Effect.Effect<void> =>
  request(link, "close", "close", null).pipe(
    Effect.timeoutOption(closeMillis),
    Effect.ignore,
    Effect.andThen(Effect.sync(() => link.child.kill("SIGKILL")))
  )

/** Starts the process of a contender; `title` names it in errors. */
export const spawn = (title: string, module: string): Effect.Effect<ContenderProcess, BenchmarkFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => start(module)).pipe(
      Effect.tap((link) => awaitAnswer(link, `${title}: start`, 0, () => undefined))
    ),
    end
  ).pipe(
    Effect.map((link) => ({
      request: <Name extends CommandName>(command: Name, body: Commands[Name]["request"]) =>
        request(link, `${title}: ${command}`, command, body) as Effect.Effect<Commands[Name]["answer"], BenchmarkFailed>
    }))
  )
