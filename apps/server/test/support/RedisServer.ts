/**
 * A Redis of a test, when `redis-server` is on the PATH: on a port of its own, with a password, in memory only.
 */
import { Effect, Schedule } from "effect"
import * as ChildProcess from "node:child_process"
import * as Net from "node:net"
import * as Os from "node:os"

/** Whether there is one to start. */
export const isThere = ChildProcess.spawnSync("redis-server", ["--version"]).status === 0

export const password = "hunter2"

/** A port that nobody listens on. */
export const freePort = Effect.callback<number>((resume) => {
  const server = Net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as Net.AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

export const urlOf = (port: number): string => `redis://:${password}@127.0.0.1:${port}/0`

const answers = (port: number) =>
  Effect.callback<void, string>((resume) => {
    const socket = Net.connect(port, "127.0.0.1")
    socket.on("connect", () => socket.write("PING\r\n"))
    socket.on("data", () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.on("error", (error) => resume(Effect.fail(error.message)))
    return Effect.sync(() => socket.destroy())
  })

/** Starts one, and ends it with the scope. A signal stops it (SIGSTOP), lets it go on (SIGCONT), or kills it (SIGKILL). */
export const start = Effect.fnUntraced(function*(port: number) {
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--requirepass", password, "--save", ""]
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      ChildProcess.spawn("redis-server", [...options, "--appendonly", "no", "--dir", Os.tmpdir()], { stdio: "ignore" })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  yield* answers(port).pipe(Effect.retry(Schedule.spaced("20 millis")))
  return { signal: (name: NodeJS.Signals) => Effect.sync(() => child.kill(name)) }
})
