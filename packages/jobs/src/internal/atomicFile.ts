/**
 * A file that appears whole or not at all: written under a temporary name beside its place, then renamed.
 *
 * Guarantees: while it is written, or when writing fails, is interrupted or is never committed, the final
 * name is untouched and the temporary file is removed. After `commit` the content is on disk.
 * A process that is killed leaves its temporary file behind; `removeLeftovers` clears it away.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Scope from "effect/Scope"

/**
 * A file under way.
 *
 * **Details**
 *
 * `append` collects text and writes it in blocks of about 64 KiB. `commit` writes the rest, syncs, closes and renames;
 * nothing may be appended after it.
 */
export interface AtomicFile {
  readonly path: string
  readonly append: (text: string) => Effect.Effect<void, PlatformError.PlatformError>
  readonly commit: Effect.Effect<void, PlatformError.PlatformError>
}

// Large enough that a 200,000-row file takes a few hundred writes, small enough not to count in memory.
const blockChars = 64 * 1024

/**
 * Opens the temporary file of `path`, and its directory if need be; closing the scope removes it unless it was committed.
 *
 * **Details**
 *
 * `writer` tells apart writers of the same path (a fencing token); it is part of the temporary name.
 */
export const make = Effect.fnUntraced(function*(path: string, writer: number) {
  const fs = yield* FileSystem.FileSystem
  const { dirname } = yield* Path.Path
  yield* fs.makeDirectory(dirname(path), { recursive: true })
  const temporary = `${path}.${writer}.tmp`
  const state = { committed: false, pending: "" }
  const handle = yield* Effect.acquireRelease(Scope.make(), (scope, exit) =>
    Scope.close(scope, exit).pipe(
      Effect.andThen(state.committed ? Effect.void : Effect.ignore(fs.remove(temporary, { force: true })))
    ))
  const file = yield* Scope.provide(fs.open(temporary, { flag: "w" }), handle)
  const flush = Effect.suspend(() => {
    const text = state.pending
    state.pending = ""
    return text === "" ? Effect.void : file.writeAll(new TextEncoder().encode(text))
  })
  return {
    path,
    append: (text) => {
      state.pending += text
      return state.pending.length < blockChars ? Effect.void : flush
    },
    commit: Effect.uninterruptible(Effect.gen(function*() {
      yield* flush
      yield* file.sync
      yield* Scope.close(handle, Exit.void)
      yield* fs.rename(temporary, path)
      state.committed = true
    }))
  } satisfies AtomicFile
})

/** Removes the temporary files that killed writers of `path` left behind: those of a smaller `writer`. */
export const removeLeftovers = Effect.fnUntraced(function*(path: string, writer: number) {
  const fs = yield* FileSystem.FileSystem
  const { basename, dirname, join } = yield* Path.Path
  const prefix = `${basename(path)}.`
  const names = yield* fs.readDirectory(dirname(path)).pipe(Effect.catch(() => Effect.succeed([])))
  const leftovers = names.filter((name) => name.startsWith(prefix) && isOlder(name.slice(prefix.length), writer))
  yield* Effect.forEach(leftovers, (name) => fs.remove(join(dirname(path), name), { force: true }), { discard: true })
})

const isOlder = (suffix: string, writer: number): boolean => {
  const match = /^(\d+)\.tmp$/.exec(suffix)
  return match !== null && Number(match[1]) < writer
}
