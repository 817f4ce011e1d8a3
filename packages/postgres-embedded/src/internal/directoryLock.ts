/**
 * Makes sure that one process at a time owns a folder.
 *
 * A lock file names its holder by process id and start time, so the lock of a
 * dead process is known to be stale even when its id was given to another. The
 * file appears whole (hard link of a finished one). A stale lock is removed only
 * by who holds the guard lock named after that very lock, so of many starts at
 * once exactly one goes on.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as Cluster from "./cluster.ts"
import * as ProcessTable from "./processTable.ts"

const Holder = Schema.Struct({ id: Schema.String, pid: Schema.Int, startedAt: Schema.String })
const HolderJson = Schema.fromJsonString(Holder)

type Holder = typeof Holder.Type

/** Rounds before a lock that keeps changing hands counts as held: 200 × 10 ms. */
const rounds = 200

/** What a file with any other content stands for: nobody. */
const nobody: Holder = { id: "damaged", pid: 0, startedAt: "" }

const self = Effect.gen(function*() {
  const id = yield* Cluster.randomSuffix
  return { id, pid: process.pid, startedAt: (yield* ProcessTable.startedAt(process.pid)) ?? "" }
})

const isHeld = Effect.fnUntraced(function*(holder: Holder) {
  if (holder.pid <= 0 || !(yield* ProcessTable.isRunning(holder.pid))) return false
  return (yield* ProcessTable.startedAt(holder.pid)) === holder.startedAt
})

/** Creates the file; false when there is one. */
const create = Effect.fnUntraced(function*(path: string, me: Holder) {
  const fs = yield* FileSystem.FileSystem
  const draft = `${path}.draft-${me.id}`
  yield* fs.writeFileString(draft, yield* Schema.encodeEffect(HolderJson)(me).pipe(Effect.orDie), { mode: 0o600 })
  return yield* fs.link(draft, path).pipe(
    Effect.as(true),
    Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.succeed(false)),
    Effect.ensuring(fs.remove(draft, { force: true }).pipe(Effect.ignore))
  )
})

/** The holder in the file; undefined when there is no file any more. */
const read = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(path).pipe(
    Effect.flatMap(Schema.decodeEffect(HolderJson)),
    Effect.catchTag("SchemaError", () => Effect.succeed(nobody)),
    Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined)
  )
})

/** Removes a stale lock, unless another start is doing so. */
const clear = Effect.fnUntraced(function*(path: string, stale: Holder, me: Holder) {
  const fs = yield* FileSystem.FileSystem
  const guard = `${path}.${stale.id}`
  if ((yield* take(guard, me)) !== undefined) return yield* Effect.sleep("10 millis")
  if ((yield* read(path))?.id === stale.id) yield* fs.remove(path)
  yield* fs.remove(guard)
})

/** Takes the lock; returns the living holder when there is one. */
const take: (
  path: string,
  me: Holder
) => Effect.Effect<Holder | undefined, PlatformError.PlatformError, FileSystem.FileSystem> = Effect.fnUntraced(
  function*(path: string, me: Holder) {
    let holder: Holder | undefined
    for (let round = 0; round < rounds; round++) {
      if (yield* create(path, me)) return undefined
      holder = yield* read(path)
      if (holder === undefined) continue
      if (yield* isHeld(holder)) return holder
      yield* clear(path, holder, me)
    }
    return holder
  }
)

const release = Effect.fnUntraced(function*(path: string, me: Holder) {
  const fs = yield* FileSystem.FileSystem
  if ((yield* read(path))?.id === me.id) yield* fs.remove(path)
})

/** Owns `directory` until the scope closes; fails with `AlreadyRunning` when a living process does. */
export const acquire = Effect.fnUntraced(function*(directory: string, path: string) {
  const me = yield* self
  const holder = yield* Effect.acquireRelease(
    take(path, me),
    (holder) => holder === undefined ? Effect.ignore(release(path, me)) : Effect.void
  )
  if (holder === undefined) return
  return yield* EmbeddedPostgresError.because(new EmbeddedPostgresError.AlreadyRunning({ directory, pid: holder.pid }))
})
