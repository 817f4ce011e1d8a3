import type { JobId } from "@millrace/storage/JobId"
import { Effect, FileSystem } from "effect"
import * as DataFolder from "../src/DataFolder.ts"
import type { DataPayload } from "../src/DataPayload.ts"
import * as DataRun from "../src/internal/dataRun.ts"

/** A folder of its own, and a `run` that records its progress. */
export const setUp = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
  const progress: Array<readonly [number, string]> = []
  const info = (attempt: number): DataRun.RunInfo => ({
    id: "42" as JobId,
    attempt,
    token: attempt,
    progress: (value, note) => Effect.sync(() => void progress.push([value, note ?? ""]))
  })
  const run = (payload: Partial<DataPayload>, attempt = 1) =>
    DataRun.run({ batchId: "batch", operation: "import", ...payload }, info(attempt)).pipe(
      Effect.provide(DataFolder.layer({ data: root, input: root }))
    )
  const lines = (file: string | null) =>
    file === null ?
      Effect.succeed([]) :
      Effect.map(fs.readFileString(file), (text) =>
        text.split("\n").filter((line) => line !== "").map((line): unknown => JSON.parse(line)))
  return { fs, root, run, progress, lines, info }
})
