/**
 * The Redis of the benchmarks, when `redis-server` is on the PATH: a throw-away
 * server with the append-only file flushed every second, as BullMQ's guide to
 * production advises. That is a weaker promise than PostgreSQL's commit.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import type { BenchmarkFailed } from "./BenchmarkFailed.ts"
import { failedIn } from "./BenchmarkFailed.ts"
import type { Reading } from "./Cluster.ts"
import { freePort } from "./FreePort.ts"

/** A Redis that runs. */
export interface RedisServer {
  readonly version: string
  readonly url: string
  /** Empties it. */
  readonly flush: Effect.Effect<void, BenchmarkFailed>
  /** CPU of the server, background children included. */
  readonly reading: Effect.Effect<Reading, BenchmarkFailed>
}

const options = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"]

/** Sends one inline command and answers the whole reply as text. */
const command = async (port: number, text: string): Promise<string> => {
  const socket = connect(port, "127.0.0.1")
  socket.setEncoding("utf8")
  socket.write(`${text}\r\nQUIT\r\n`)
  let reply = ""
  for await (const part of socket) reply += part
  return reply
}

/** Sums the CPU seconds in the reply to `INFO cpu`; null when it holds none. */
export const parseCpu = (info: string): number | null => {
  const names = ["used_cpu_sys", "used_cpu_user", "used_cpu_sys_children", "used_cpu_user_children"]
  const values = names.map((name) => new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1])
  return values[0] === undefined ? null : values.reduce((sum, value) => sum + Number(value ?? 0), 0)
}

interface Running {
  readonly child: ChildProcess
  readonly directory: string
  readonly port: number
}

const answers = (port: number): Promise<boolean> =>
  command(port, "PING").then((reply) => reply.startsWith("+PONG"), () => false)

const start = async (): Promise<Running> => {
  const directory = await mkdtemp(join(tmpdir(), "millrace-bench-redis-"))
  const port = await freePort()
  const child = spawn("redis-server", ["--bind", "127.0.0.1", "--port", `${port}`, "--dir", directory, ...options], {
    stdio: "ignore"
  })
  const deadline = performance.now() + 10_000
  while (!await answers(port)) {
    if (performance.now() > deadline || child.exitCode !== null) throw new Error("redis-server does not answer")
    await sleep(20)
  }
  return { child, directory, port }
}

const stop = async ({ child, directory }: Running): Promise<void> => {
  if (child.exitCode === null) {
    child.kill("SIGKILL")
    await once(child, "exit")
  }
  await rm(directory, { recursive: true, force: true })
}

/** The version of the `redis-server` on the PATH; null when there is none. */
const version: Effect.Effect<string | null> = Effect.promise(() =>
  promisify(execFile)("redis-server", ["--version"]).then(
    ({ stdout }) => /v=([\d.]+)/.exec(stdout)?.[1] ?? "unknown",
    () => null
  )
)

/** Starts a Redis for the time of the scope; null when the machine has none. */
export const boot: Effect.Effect<RedisServer | null, BenchmarkFailed, Scope.Scope> = Effect.gen(function*() {
  const found = yield* version
  if (found === null) return null
  const { port } = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: start, catch: failedIn("boot Redis") }),
    (running) => Effect.promise(() => stop(running))
  )
  const ask = (text: string) => Effect.tryPromise({ try: () => command(port, text), catch: failedIn(`Redis ${text}`) })
  return {
    version: found,
    url: `redis://127.0.0.1:${port}`,
    flush: Effect.asVoid(ask("FLUSHALL")),
    reading: Effect.map(ask("INFO cpu"), (info) => ({ cpuSeconds: parseCpu(info), walBytes: null }))
  }
})
