/**
 * The note in the data folder that says which process runs Millrace from it, and where.
 *
 * It names its process by id and start time, so that the note of a dead one counts for nothing even when its id was
 * given to another. The embedded PostgreSQL has a lock of its own below this.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"
import { join } from "node:path"

/** What the note says. */
export const Note = Schema.Struct({ pid: Schema.Int, startedAt: Schema.String, url: Schema.String })

/** A note. */
export type Note = typeof Note.Type

const NoteJson = Schema.fromJsonString(Note)

/** Millrace runs from this folder already. */
export class AlreadyRuns extends Schema.TaggedError<AlreadyRuns>()("AlreadyRuns", {
  folder: Schema.String,
  pid: Schema.Int,
  url: Schema.NullOr(Schema.String)
}) {
  override get message(): string {
    const where = this.url === null ? "" : ` on ${this.url}`
    return `Millrace already runs from ${this.folder}: process ${this.pid}${where}. ` +
      "Stop it first, or set MILLRACE_DATA_DIR and MILLRACE_PORT to run another one beside it."
  }
}

/** The data folder can not be used. */
class UnusableFolder extends Schema.TaggedError<UnusableFolder>()("UnusableFolder", {
  folder: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `The data folder ${this.folder} can not be used: ${this.detail}. ` +
      "Set MILLRACE_DATA_DIR to a folder that this user may write to."
  }
}

const pathOf = (folder: string): string => join(folder, "dev.json")

/** Rounds before a note that keeps changing hands counts as held. */
const rounds = 20

/** Makes the folder if it is not there, and leaves the note in it until the scope closes. */
export const leave = Effect.fnUntraced(function*(folder: string, url: string) {
  const note: Note = { pid: process.pid, startedAt: yield* startOf(process.pid), url }
  const unusable = (error: { readonly message: string }) => new UnusableFolder({ folder, detail: error.message })
  const fs = yield* FileSystem.FileSystem
  yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true }), unusable)
  yield* Effect.acquireRelease(
    Effect.catchTag(take(folder, note), "PlatformError", (error) => Effect.fail(unusable(error))),
    () => Effect.ignore(remove(folder, note))
  )
})

/** The note of a living process; null when there is none. */
export const read = Effect.fnUntraced(function*(folder: string) {
  const note = yield* find(pathOf(folder))
  return note !== null && (yield* isAlive(note)) ? note : null
})

const find = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(path).pipe(
    Effect.flatMap(Schema.decodeEffect(NoteJson)),
    Effect.catch(() => Effect.succeed(null))
  )
})

const isAlive = (note: Note) =>
  Effect.map(startOf(note.pid), (startedAt) => startedAt !== "" && startedAt === note.startedAt)

const isSame = (one: Note | null, other: Note | null): boolean =>
  one?.pid === other?.pid && one?.startedAt === other?.startedAt

const take = Effect.fnUntraced(function*(folder: string, note: Note) {
  for (let round = 0; round < rounds; round++) {
    if (yield* create(folder, note)) return
    const found = yield* find(pathOf(folder))
    if (found !== null && (yield* isAlive(found))) return yield* new AlreadyRuns({ folder, ...found })
    yield* setAside(folder, found, note)
  }
  return yield* new UnusableFolder({ folder, detail: "many starts at once" })
})

/** Leaves the note unless there is one: it appears whole. */
const create = Effect.fnUntraced(function*(folder: string, note: Note) {
  const fs = yield* FileSystem.FileSystem
  const draft = `${pathOf(folder)}.${note.pid}`
  yield* fs.writeFileString(draft, yield* Effect.orDie(Schema.encodeEffect(NoteJson)(note)))
  return yield* fs.link(draft, pathOf(folder)).pipe(
    Effect.as(true),
    Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.succeed(false)),
    Effect.ensuring(Effect.ignore(fs.remove(draft, { force: true })))
  )
})

/** Removes the note of a dead process, and puts it back if another start was faster and it is that one's. */
const setAside = Effect.fnUntraced(function*(folder: string, stale: Note | null, note: Note) {
  const fs = yield* FileSystem.FileSystem
  const aside = `${pathOf(folder)}.${note.pid}.stale`
  yield* fs.rename(pathOf(folder), aside)
  if (!isSame(yield* find(aside), stale)) yield* fs.link(aside, pathOf(folder))
  yield* fs.remove(aside, { force: true })
}, (effect) => Effect.ignore(effect))

const remove = Effect.fnUntraced(function*(folder: string, note: Note) {
  const fs = yield* FileSystem.FileSystem
  if (isSame(yield* find(pathOf(folder)), note)) yield* fs.remove(pathOf(folder))
})

/** When a process started, in words that differ for a later process of the same id; empty when there is none. */
const startOf = Effect.fnUntraced(function*(pid: number) {
  if (process.platform !== "linux") return yield* startByPs(pid)
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(`/proc/${pid}/stat`).pipe(
    Effect.map(startTicks),
    Effect.orElseSucceed(() => "")
  )
})

/** Field 22 of /proc/<pid>/stat, counted after the command name, which may hold spaces; none for one that has ended. */
const startTicks = (stat: string): string => {
  const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return state === "Z" || state === "X" ? "" : fields[18] ?? ""
}

const startByPs = (pid: number): Effect.Effect<string> =>
  Effect.callback((resume) => {
    execFile("ps", ["-o", "lstart=", "-p", String(pid)], (error, stdout) =>
      resume(Effect.succeed(error === null ? stdout.trim() : "")))
  })
