/**
 * Looks at other processes: is one alive, when did it start, which are its children.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as OsProcess from "./osProcess.ts"

/** Sends a signal; false when there is no such process (or it is not ours). */
export const signal = (pid: number, name: NodeJS.Signals | 0): Effect.Effect<boolean> =>
  Effect.try(() => process.kill(pid, name)).pipe(Effect.orElseSucceed(() => false))

const isPermissionError = (cause: unknown): boolean =>
  typeof cause === "object" && cause !== null && "code" in cause && cause.code === "EPERM"

/** Whether a process exists; one that belongs to someone else counts, and so does a zombie. */
const isAlive = (pid: number): Effect.Effect<boolean> =>
  Effect.try({ try: () => process.kill(pid, 0), catch: isPermissionError }).pipe(
    Effect.catch((isForeign) => Effect.succeed(isForeign))
  )

/** State letter in /proc/<pid>/stat: field 3; Z and X are processes that have ended. */
const hasEnded = (stat: string): boolean => /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2))

/** Whether a process exists and has not ended; a zombie that nobody collects has ended. */
export const isRunning = Effect.fnUntraced(function*(pid: number) {
  if (!(yield* isAlive(pid))) return false
  if (process.platform !== "linux") return true
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(`/proc/${pid}/stat`).pipe(
    Effect.map((stat) => !hasEnded(stat)),
    Effect.orElseSucceed(() => false)
  )
})

/** Waits until a process has ended, at most `patience`; true when it has. */
export const awaitGone = (pid: number, patience: Duration.Input) =>
  Effect.gen(function*() {
    while (yield* isRunning(pid)) yield* Effect.sleep("10 millis")
    return true
  }).pipe(Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(false) }))

const ps = (...args: ReadonlyArray<string>) => OsProcess.run({ command: "ps", args, cwd: "/", user: undefined })

/** Field 22 of /proc/<pid>/stat, counted after the command name, which may hold spaces and brackets. */
export const startTicks = (stat: string): string | undefined => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]

/**
 * When a process started, as text that differs for a later process of the same
 * id; undefined when there is no such process.
 */
export const startedAt = Effect.fnUntraced(function*(pid: number) {
  const fs = yield* FileSystem.FileSystem
  if (process.platform === "linux") {
    return yield* fs.readFileString(`/proc/${pid}/stat`).pipe(
      Effect.map(startTicks),
      Effect.orElseSucceed(() => undefined)
    )
  }
  if (process.platform === "win32") return (yield* isAlive(pid)) ? "unknown" : undefined
  const { ok, output } = yield* ps("-o", "lstart=", "-p", String(pid))
  return ok && output.trim() !== "" ? output.trim() : undefined
})

/** Parent id in /proc/<pid>/stat: field 4. */
export const parentOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])

/** Ids of the children in the output of `ps -o pid=,ppid=`. */
export const childrenIn = (listing: string, parent: number): ReadonlyArray<number> =>
  listing.split("\n").flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number)
    return pid !== undefined && ppid === parent ? [pid] : []
  })

const isNumeric = (name: string): boolean => /^\d+$/.test(name)

const childrenInProc = Effect.fnUntraced(function*(parent: number) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* fs.readDirectory("/proc").pipe(Effect.orElseSucceed((): Array<string> => []))
  const found = yield* Effect.forEach(names.filter(isNumeric), (name) =>
    fs.readFileString(`/proc/${name}/stat`).pipe(
      Effect.map((stat) => parentOf(stat) === parent ? [Number(name)] : []),
      Effect.orElseSucceed((): Array<number> => [])
    ))
  return found.flat()
})

/** The direct children of a process; PostgreSQL's backends are direct children of the postmaster. */
export const childrenOf = Effect.fnUntraced(function*(parent: number) {
  // Not ps on Linux: small images do not have it.
  if (process.platform === "linux") return yield* childrenInProc(parent)
  const { output } = yield* ps("-A", "-o", "pid=,ppid=")
  return childrenIn(output, parent)
})
