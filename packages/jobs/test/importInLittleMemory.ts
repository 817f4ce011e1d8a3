/**
 * Imports a product list in this process and prints, as JSON, the result and the peak of the resident memory in MB:
 * `node --max-old-space-size=64 importInLittleMemory.ts <folder> <file>`.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import type { JobId } from "@millrace/storage/JobId"
import { Effect, Layer } from "effect"
import * as DataFolder from "../src/DataFolder.ts"
import * as DataRun from "../src/internal/dataRun.ts"

const [folder = ".", source = "products.csv"] = process.argv.slice(2)

const job: DataRun.RunInfo = { id: "1" as JobId, attempt: 1, token: 1, progress: () => Effect.void }

const result = await DataRun.run({ batchId: "memory", operation: "import", source }, job).pipe(
  Effect.provide(Layer.provideMerge(DataFolder.layer({ data: folder, input: folder }), NodeServices.layer)),
  Effect.runPromise
)

console.log(
  JSON.stringify({
    counts: result.counts,
    errorsFile: result.errorsFile,
    peakMegabytes: process.resourceUsage().maxRSS / 1024
  })
)
