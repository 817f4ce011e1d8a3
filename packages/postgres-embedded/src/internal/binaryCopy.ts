/**
 * A copy of the binaries in a folder that every user may enter.
 *
 * Needed when this process is root and the checkout lies where only root may
 * go, or when library links are missing and the installed folder can not be
 * written. The copy is named after the content it was made from, built aside
 * and renamed, so two starts at once end with one whole copy, and checked before
 * each use, because cleaners of temporary folders remove single files.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import { createHash } from "node:crypto"
import { homedir, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as Binaries from "./binaries.ts"
import * as Cluster from "./cluster.ts"
import type { Binaries as Paths } from "./platform.ts"

/** One file to copy. */
interface Entry {
  readonly path: string
  readonly size: number
  readonly isExecutable: boolean
}

type Failure = EmbeddedPostgresError.EmbeddedPostgresError | PlatformError.PlatformError

/** Static libraries and build descriptions: a third of the files that a server never opens. */
const isNeeded = (path: string): boolean => !path.endsWith(".a") && !path.includes("pkgconfig")

const entryOf = Effect.fnUntraced(function*(native: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  // A link is made anew in the copy; one that leads nowhere is no file either.
  const info = yield* fs.lstat(join(native, path))
  if (info.type !== "File") return []
  return [{ path, size: Number(info.size), isExecutable: (info.mode & 0o111) !== 0 } satisfies Entry]
})

const entriesOf = Effect.fnUntraced(function*(native: string) {
  const fs = yield* FileSystem.FileSystem
  const paths = (yield* fs.readDirectory(native, { recursive: true })).filter(isNeeded)
  return (yield* Effect.forEach(paths.toSorted(), (path) => entryOf(native, path))).flat()
})

/** A digest of names and sizes. */
const fingerprint = (entries: ReadonlyArray<Entry>): string => {
  const hash = createHash("sha256")
  for (const { path, size } of entries) hash.update(`${path}\0${size}\n`)
  return hash.digest("hex").slice(0, 16)
}

const userId = (): number => process.getuid?.() ?? 0

/** Environment variable: the folder for copies, instead of the usual ones. */
export const cacheVariable = "MILLRACE_CACHE_DIRECTORY"

/** Folders for copies, best first: root's lie in folders that only root can write to, a user's in the home. */
const usualRoots = (): ReadonlyArray<string> => {
  const shared = [join(tmpdir(), `millrace-${userId()}`), `/tmp/millrace-${userId()}`, `/var/tmp/millrace-${userId()}`]
  return [userId() === 0 ? "/var/cache/millrace" : join(homedir(), ".cache", "millrace"), ...new Set(shared)]
}

const roots = Config.option(Config.String(cacheVariable)).pipe(
  Config.map(Option.match({ onNone: usualRoots, onSome: (folder): ReadonlyArray<string> => [folder] }))
)

/** Whether a folder is ours and nobody else can write to it: what lies there is run by us. */
const isOurs = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs.lstat(folder)
  return info.type === "Directory" && Option.getOrUndefined(info.uid) === userId() && (info.mode & 0o022) === 0
})

const openFolder = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(folder, { recursive: true, mode: 0o755 })
  // The mode again, whatever the umask took from it; fails where the folder is someone else's.
  yield* fs.chmod(folder, 0o755)
  return yield* isOurs(folder)
})

const copyEntry = Effect.fnUntraced(function*(from: string, to: string, entry: Entry) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.copyFile(join(from, entry.path), join(to, entry.path))
  yield* fs.chmod(join(to, entry.path), entry.isExecutable ? 0o755 : 0o644)
})

const makeFolders = Effect.fnUntraced(function*(to: string, entries: ReadonlyArray<Entry>) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(to, { mode: 0o755 })
  const folders = new Set(["", ...entries.map(({ path }) => dirname(path)).flatMap(withParents)])
  for (const folder of [...folders].toSorted()) {
    yield* fs.makeDirectory(join(to, folder), { recursive: true })
    yield* fs.chmod(join(to, folder), 0o755)
  }
})

const withParents = (folder: string): ReadonlyArray<string> =>
  folder === "." ? [] : [...withParents(dirname(folder)), folder]

const build = Effect.fnUntraced(function*(from: string, to: string, entries: ReadonlyArray<Entry>) {
  yield* makeFolders(to, entries)
  yield* Effect.forEach(entries, (entry) => copyEntry(from, to, entry), { concurrency: 8, discard: true })
  yield* Binaries.completeLinks(to)
})

/** Whether a copy is there, ours, and has every file. */
const isWhole = Effect.fnUntraced(function*(folder: string, entries: ReadonlyArray<Entry>) {
  if (!(yield* isOurs(folder))) return false
  return fingerprint(yield* entriesOf(folder)) === fingerprint(entries)
}, Effect.orElseSucceed(() => false))

/** Puts `part` in the place of `target`, unless another start was first. */
const install = Effect.fnUntraced(function*(part: string, target: string, entries: ReadonlyArray<Entry>) {
  const fs = yield* FileSystem.FileSystem
  if (yield* isWhole(target, entries)) return
  // A damaged copy is moved away first: a folder can not be renamed onto a full one.
  yield* fs.rename(target, `${part}.damaged`).pipe(Effect.ignore)
  yield* fs.rename(part, target).pipe(Effect.ignore)
})

const inRoot = Effect.fnUntraced(function*(root: string, from: string, entries: ReadonlyArray<Entry>) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* openFolder(root))) return undefined
  const target = join(root, `postgres-${fingerprint(entries)}`)
  if (yield* isWhole(target, entries)) {
    yield* Binaries.completeLinks(target)
    return target
  }
  const part = `${target}.part-${yield* Cluster.randomSuffix}`
  const remove = (folder: string) => fs.remove(folder, { recursive: true, force: true }).pipe(Effect.ignore)
  yield* build(from, part, entries).pipe(
    Effect.andThen(install(part, target, entries)),
    Effect.ensuring(Effect.andThen(remove(part), remove(`${part}.damaged`)))
  )
  return (yield* isWhole(target, entries)) ? target : undefined
})

const relocate = (binaries: Paths, native: string): Paths => {
  const move = (path: string): string => join(native, path.slice(binaries.native.length))
  return {
    native,
    initdb: move(binaries.initdb),
    postgres: move(binaries.postgres),
    pgCtl: move(binaries.pgCtl)
  }
}

/** The first copy that `isUsable`, made if it is not there; undefined when no folder will do. */
export const make = Effect.fnUntraced(function*(
  binaries: Paths,
  isUsable: (copy: Paths) => Effect.Effect<boolean>
): Effect.fn.Return<Paths | undefined, Failure, FileSystem.FileSystem> {
  const entries = yield* entriesOf(binaries.native)
  for (const root of yield* Effect.orDie(roots)) {
    const native = yield* inRoot(root, binaries.native, entries).pipe(
      Effect.catchTag("PlatformError", () => Effect.undefined)
    )
    const copy = native === undefined ? undefined : relocate(binaries, native)
    if (copy !== undefined && (yield* isUsable(copy))) return copy
  }
  return undefined
})
