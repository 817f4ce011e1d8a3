/**
 * Deals with a server that outlived the process that started it.
 *
 * The life line stops a server soon after its owner's death, but the next start
 * may come first, or the watcher may have been killed too. Such a server is
 * stopped and a new one started, rather than adopted: its settings, log and life
 * line are those of another start.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { basename, join } from "node:path"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as OsProcess from "./osProcess.ts"
import * as PostmasterFile from "./postmasterFile.ts"
import * as ProcessTable from "./processTable.ts"

const steps = [
  { signal: "SIGINT", patience: "30 seconds" },
  { signal: "SIGQUIT", patience: "10 seconds" },
  { signal: "SIGKILL", patience: "10 seconds" }
] as const

const inode = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs.stat(path)
  return `${info.dev}:${Option.getOrElse(info.ino, () => 0)}`
})

/** Linux: the program and the working directory of a process are links in /proc. */
const servesInProc = Effect.fnUntraced(function*(pid: number, directory: string) {
  const fs = yield* FileSystem.FileSystem
  const program = yield* fs.readLink(`/proc/${pid}/exe`)
  if (basename(program).replace(" (deleted)", "") !== "postgres") return false
  return (yield* inode(`/proc/${pid}/cwd`)) === (yield* inode(directory))
}, Effect.orElseSucceed(() => false))

/** Whether a process is a PostgreSQL over this data directory. */
export const serves = Effect.fnUntraced(function*(pid: number, directory: string) {
  if (!(yield* ProcessTable.isRunning(pid))) return false
  if (process.platform === "linux") return yield* servesInProc(pid, directory)
  const listed = yield* OsProcess.run({
    command: "ps",
    args: ["-o", "command=", "-p", String(pid)],
    cwd: "/",
    user: undefined
  })
  return listed.output.includes("postgres") && listed.output.includes(directory)
})

const stop = Effect.fnUntraced(function*(pid: number, directory: string) {
  for (const { patience, signal } of steps) {
    yield* ProcessTable.signal(pid, signal)
    if (yield* ProcessTable.awaitGone(pid, patience)) return
  }
  return yield* EmbeddedPostgresError.because(new EmbeddedPostgresError.AlreadyRunning({ directory, pid }))
})

/**
 * Stops a living server of this data directory. Removes the note of a dead one
 * when its process id belongs to a stranger by now: PostgreSQL itself would take
 * the stranger for a server and refuse to start. The caller owns the directory's lock.
 */
export const clear = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = join(directory, "postmaster.pid")
  const note = yield* fs.readFileString(path).pipe(
    Effect.map(PostmasterFile.parse),
    Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined)
  )
  if (note === undefined || !(yield* ProcessTable.isRunning(note.pid))) return
  if (!(yield* serves(note.pid, directory))) return yield* fs.remove(path, { force: true })
  yield* Effect.logWarning(`Stopping a PostgreSQL that an earlier run left behind (process ${note.pid})`)
  yield* stop(note.pid, directory)
})
