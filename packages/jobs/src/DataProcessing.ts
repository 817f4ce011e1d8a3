/**
 * The built-in job `data-processing`: import, transform or export the rows of a file or of inline data.
 *
 * Producers need this definition only; `DataHandler` runs it.
 *
 * @since 0.1.0
 */
import * as Job from "@millrace/queue/Job"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { DataError as DataFailure } from "./DataError.ts"
import { DataError } from "./DataError.ts"
import { DataPayload, DataResult } from "./DataPayload.ts"

const patient = RetryPolicy.exponential({ base: "2 seconds", cap: "2 minutes", maxAttempts: 5 })

const retry = patient.pipe(
  RetryPolicy.byTagExhaustive<DataFailure>()({
    SourceNotAllowed: RetryPolicy.never,
    SourceNotFound: RetryPolicy.never,
    SourceUnusable: RetryPolicy.never,
    FileFailure: patient
  })
)

/**
 * Processes rows as a stream: `batchId`, `operation` (`import`, `transform`, `export`), `source` or `data`.
 *
 * **Details**
 *
 * Memory does not grow with the number of rows. Broken rows are reported, good ones kept. Time-out 1 hour an
 * attempt. `FileFailure` is tried again (5 attempts); what only a person can mend is not.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const DataProcessing = Job.make("data-processing", {
  payload: DataPayload,
  success: DataResult,
  error: DataError,
  retry,
  timeout: "1 hour"
})
