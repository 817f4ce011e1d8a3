/**
 * Writes that a dead worker might still send: every kind of them is tried with the token of an attempt that was taken
 * back, and must be refused.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import type * as JobId from "@millrace/storage/JobId"
import type { Outcome, Report, Settlement } from "@millrace/storage/Outcome"
import { Storage } from "@millrace/storage/Storage"
import { Effect } from "effect"
import type { Execution } from "./CrashLedger.ts"

/** What became of the attempts to write. */
export interface StaleTally {
  tried: number
  /** Those that were accepted: none may be. */
  readonly accepted: Array<{ readonly id: number; readonly token: number; readonly write: string }>
}

const failure = { tag: "Stale", message: "written by the dead" }

const outcomes: ReadonlyArray<Outcome> = [
  { _tag: "Completed", result: { token: -1 } },
  { _tag: "Retried", error: failure, delayMillis: 0 },
  { _tag: "Snoozed", delayMillis: 0 },
  { _tag: "Released" },
  { _tag: "Cancelled", reason: "written by the dead", error: null },
  { _tag: "Dead", reason: "written by the dead", error: failure }
]

const contents: ReadonlyArray<Partial<Report>> = [
  { progress: 0.99, note: "written by the dead" },
  { log: { level: "Info", message: "written by the dead" } },
  { checkpoint: { token: -1 } }
]

/** The attempts among these that the database has taken back, with the id of the worker that it took them from. */
const takenBack = Effect.fnUntraced(function*(executions: ReadonlyArray<Execution>) {
  const sql = yield* PgClient
  const rows = yield* sql.unsafe<{ readonly id: number; readonly token: number; readonly workerId: string }>(
    `select job_id::float8 as id, token, worker_id as "workerId" from millrace.attempt
    where outcome = 'crashed' and job_id = any($1::bigint[])`,
    [executions.map(({ id }) => BigInt(id))]
  )
  return executions.flatMap((execution) => {
    const row = rows.find(({ id, token }) => id === execution.id && token === execution.token)
    return row === undefined ? [] : [{ ...execution, workerId: row.workerId }]
  })
})

/** Tries every kind of write for those of the executions that were taken back; counts into the tally. */
export const probe = Effect.fnUntraced(function*(tally: StaleTally, executions: ReadonlyArray<Execution>) {
  if (executions.length === 0) return
  const storage = yield* Storage
  for (const { id, leaseId, token, workerId } of yield* takenBack(executions)) {
    const fence = { id: String(id) as JobId.JobId, leaseId, token }
    for (const outcome of outcomes) {
      const settlement: Settlement = {
        ...fence,
        outcome,
        startedAfterMillis: 0,
        endedAfterMillis: 1,
        uniqueKey: null,
        hasReport: false
      }
      count(tally, id, token, outcome._tag, yield* storage.settle(workerId, [settlement]))
    }
    for (const content of contents) {
      count(
        tally,
        id,
        token,
        Object.keys(content).join(),
        yield* storage.report(workerId, [{ ...fence, ...content }])
      )
    }
  }
})

const count = (
  tally: StaleTally,
  id: number,
  token: number,
  write: string,
  answers: ReadonlyArray<"Applied" | "LeaseLost">
): void => {
  tally.tried += 1
  if (answers.some((answer) => answer !== "LeaseLost")) tally.accepted.push({ id, token, write })
}
