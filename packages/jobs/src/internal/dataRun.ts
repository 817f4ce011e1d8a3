/**
 * Runs one `data-processing` job: source, plan, sink, and the progress in between.
 *
 * Guarantees: rows are read no faster than they are written; a broken row is reported and the next one read;
 * a run that fails or is interrupted leaves no file behind.
 */
import type { Info } from "@millrace/queue/CurrentJob"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { SourceUnusable } from "../DataError.ts"
import { DataFolder } from "../DataFolder.ts"
import type { DataPayload, DataResult } from "../DataPayload.ts"
import * as DataTally from "./dataTally.ts"
import type { RowFormat } from "./rowFormat.ts"
import * as RowPlan from "./rowPlan.ts"
import * as RowSink from "./rowSink.ts"
import type { Batch } from "./rowSource.ts"
import * as RowSource from "./rowSource.ts"
import type { BrokenRow } from "./sourceRow.ts"

/** The part of an attempt that a run needs. */
export type RunInfo = Pick<Info, "id" | "attempt" | "token" | "progress">

/** Processes the source of a payload and answers the files and counts. */
export const run = Effect.fn("DataRun.run")(function*(payload: DataPayload, job: RunInfo) {
  const { output } = yield* DataFolder
  const source = yield* RowSource.make(payload)
  const format = RowPlan.format(payload.operation)
  const sink = yield* RowSink.make({
    directory: output,
    batchId: payload.batchId,
    jobId: job.id,
    attempt: job.attempt,
    token: job.token,
    extension: format.extension
  })
  const tally = DataTally.make()
  const report = progressOf(job, tally)
  const plan = planOf(payload, source.name)
  yield* Stream.runForEach(
    source.batches,
    Effect.fnUntraced(function*(batch) {
      const decided = yield* plan(batch)
      const { rejected, text } = processRows(decided, payload, format, tally, batch)
      yield* sink.put(text)
      yield* sink.reject(rejected)
      yield* report(batch.share)
    })
  )
  const files = yield* sink.commit
  yield* job.progress(1, tally.note())
  return { ...files, ...tally.result() } satisfies DataResult
}, Effect.scoped)

// The plan is made with the first batch that shows columns, and kept.
const planOf = (payload: DataPayload, source: string) => {
  let plan: RowPlan.RowPlan | null = null
  return Effect.fnUntraced(function*(batch: Batch) {
    const columns = batch.header ?? firstColumns(batch)
    if (plan === null && columns !== null) {
      plan = RowPlan.make(payload, columns)
      const fault = batch.header === null ? null : RowPlan.headerFault(plan, payload, batch.header)
      if (fault !== null) {
        return yield* new SourceUnusable({ source, detail: fault })
      }
    }
    return plan ?? RowPlan.make(payload, [])
  })
}

const firstColumns = (batch: Batch): ReadonlyArray<string> | null => {
  const first = batch.rows.find((row) => row._tag === "Readable")
  return first === undefined ? null : Object.keys(first.cells)
}

const processRows = (
  plan: RowPlan.RowPlan,
  payload: DataPayload,
  format: RowFormat,
  tally: DataTally.DataTally,
  batch: Batch
): { readonly text: string; readonly rejected: ReadonlyArray<BrokenRow> } => {
  const rejected: Array<BrokenRow> = []
  let text = ""
  for (const row of batch.rows) {
    const outcome = row._tag === "Broken" ? row : RowPlan.apply(plan, payload, format, row)
    tally.add(outcome)
    if (outcome._tag === "Broken") {
      rejected.push(outcome)
    } else {
      text += outcome.text
    }
  }
  return { text, rejected }
}

// Often enough to watch, seldom enough that a report is never the work: a report is a write to the storage.
const reportMillis = 500

const progressOf = (job: RunInfo, tally: DataTally.DataTally) => {
  let last = -Infinity
  return Effect.fnUntraced(function*(share: number) {
    const now = yield* Clock.currentTimeMillis
    if (now - last >= reportMillis) {
      last = now
      yield* job.progress(share, tally.note())
    }
  })
}
