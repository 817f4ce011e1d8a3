/**
 * Finds the file that a job names, and makes sure that a job may read it.
 *
 * A path comes with the payload, from whoever may enqueue: only regular files with a known ending are read, and
 * only inside the input directories, after all symbolic links were followed.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import { FileFailure, SourceNotAllowed, SourceNotFound } from "../DataError.ts"
import { DataFolder } from "../DataFolder.ts"

/** A file that a job may read: its real path, its size in bytes, and what its ending says. */
export interface SourceFile {
  readonly path: string
  readonly bytes: number
  readonly format: Format
}

/** The formats of a source. */
export type Format = "csv" | "jsonl"

const formats: ReadonlyMap<string, Format> = new Map([
  [".csv", "csv"],
  [".tsv", "csv"],
  [".txt", "csv"],
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"]
])

/**
 * Finds `source` in the input directories, in their order when it is relative.
 *
 * **Errors**
 *
 * `SourceNotAllowed`: outside the input directories (also by a symbolic link), not a regular file, an unknown
 * ending. `SourceNotFound`. `FileFailure`: the file system did not answer.
 */
export const find = Effect.fn("SourceFile.find")(function*(source: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { inputs } = yield* DataFolder
  if (source.includes("\0")) {
    return yield* new SourceNotAllowed({ source: source.replaceAll("\0", "\\0"), detail: "it holds a NUL character" })
  }
  const format = formats.get(path.extname(source).toLowerCase())
  if (format === undefined) {
    return yield* new SourceNotAllowed({ source, detail: `its name must end with ${[...formats.keys()].join(", ")}` })
  }
  const found = yield* firstExisting(inputs.map((input) => path.resolve(input, source)))
  if (found === null) {
    return yield* new SourceNotFound({ source, searched: inputs })
  }
  const roots = yield* Effect.forEach(
    inputs,
    (input) => fs.realPath(input).pipe(Effect.catch(() => Effect.succeed(input)))
  )
  if (!roots.some((root) => isInside(path, root, found))) {
    return yield* new SourceNotAllowed({ source, detail: `it must lie in ${inputs.join(" or ")}` })
  }
  const info = yield* fs.stat(found).pipe(Effect.mapError(failedToRead(found)))
  if (info.type !== "File") {
    return yield* new SourceNotAllowed({ source, detail: "it is not a regular file" })
  }
  return { path: found, bytes: Number(info.size), format } satisfies SourceFile
})

// The real path of the first candidate that exists; null when none does.
const firstExisting = Effect.fnUntraced(function*(candidates: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  for (const candidate of candidates) {
    const real = yield* fs.realPath(candidate).pipe(
      Effect.catch((error) => isAbsent(error) ? Effect.succeed(null) : Effect.fail(failedToRead(candidate)(error)))
    )
    if (real !== null) {
      return real
    }
  }
  return null
})

const isAbsent = (error: PlatformError.PlatformError): boolean => error.reason._tag === "NotFound"

const isInside = (path: Path.Path, root: string, file: string): boolean => {
  const way = path.relative(root, file)
  return way !== "" && way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way)
}

/** The error of a file that could not be read. */
export const failedToRead = (path: string) => (error: PlatformError.PlatformError): FileFailure =>
  new FileFailure({ operation: "read", path, detail: error.message })
