/**
 * Where the rows of a job go: good ones to the output file, broken ones to the errors file.
 *
 * Both files appear whole or not at all (`atomicFile`). Their names come from the batch and the job, so that a
 * repeated attempt replaces them and two jobs never meet.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import { FileFailure } from "../DataError.ts"
import * as AtomicFile from "./atomicFile.ts"
import type { BrokenRow } from "./sourceRow.ts"

/**
 * A sink under way.
 *
 * **Details**
 *
 * `commit` makes the files appear and answers their paths; `errorsFile` is null when no row was broken (one of an
 * earlier attempt is removed then).
 */
export interface RowSink {
  readonly put: (text: string) => Effect.Effect<void, FileFailure>
  readonly reject: (rows: ReadonlyArray<BrokenRow>) => Effect.Effect<void, FileFailure>
  readonly commit: Effect.Effect<{ readonly outputFile: string; readonly errorsFile: string | null }, FileFailure>
}

/** What a sink is made from: the directory, the parts of the file names, the claim. */
export interface Options {
  readonly directory: string
  readonly batchId: string
  readonly jobId: string
  readonly attempt: number
  readonly token: number
  readonly extension: "csv" | "jsonl"
}

/** Opens the files of a job; closing the scope without `commit` leaves nothing behind. */
export const make = Effect.fn("RowSink.make")(function*(options: Options) {
  const { join } = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  const outputFile = join(options.directory, `${fileName(options)}.${options.extension}`)
  const errorsFile = join(options.directory, `${fileName(options)}.errors.jsonl`)
  const output = yield* open(outputFile, options)
  const errors = yield* open(errorsFile, options)
  let rejected = 0
  return {
    put: (text) => output.append(text).pipe(Effect.mapError(failedToWrite(outputFile))),
    reject: (rows) => {
      rejected += rows.length
      return errors.append(rows.map(errorLine).join("")).pipe(Effect.mapError(failedToWrite(errorsFile)))
    },
    commit: Effect.gen(function*() {
      yield* rejected === 0 ? fs.remove(errorsFile, { force: true }) : errors.commit
      yield* output.commit
      return { outputFile, errorsFile: rejected === 0 ? null : errorsFile }
    }).pipe(Effect.mapError(failedToWrite(outputFile)))
  } satisfies RowSink
})

const open = Effect.fnUntraced(
  function*(path: string, options: Options) {
    if (options.attempt > 1) {
      yield* AtomicFile.removeLeftovers(path, options.token)
    }
    return yield* AtomicFile.make(path, options.token)
  },
  (effect, path) => Effect.mapError(effect, failedToWrite(path))
)

// The job's id makes the name unique; the batch only makes it readable, so anything odd in it becomes a hyphen.
const fileName = (options: Options): string => {
  const batch = options.batchId.replaceAll(/[^A-Za-z0-9_-]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 60)
  return batch === "" ? options.jobId : `${batch}-${options.jobId}`
}

const errorLine = ({ column, line, raw, reason, row }: BrokenRow): string =>
  `${JSON.stringify({ row, line, column, reason, raw })}\n`

const failedToWrite = (path: string) => (error: PlatformError.PlatformError): FileFailure =>
  new FileFailure({ operation: "write", path, detail: error.message })
