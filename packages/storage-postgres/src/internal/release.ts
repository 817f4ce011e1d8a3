/** Jobs that wait for parents: those that a new job has to wait for, those of a job, and letting go on what may. */
import * as Bounds from "@millrace/storage/Bounds"
import type { ExplainFacts } from "@millrace/storage/Inspection"
import * as JobId from "@millrace/storage/JobId"
import type { JobState } from "@millrace/storage/JobState"
import type { NewJob } from "@millrace/storage/NewJob"
import { releaseMillis } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as PgSchema from "../PgSchema.ts"
import * as statements from "../statements/release.ts"
import type { Notifier } from "./notifier.ts"
import * as Rows from "./rows.ts"
import type { Row, Session } from "./session.ts"
import * as Transaction from "./transaction.ts"

/** Parents that one release looks at: 35 ms where none of them has ended (measured: decisions/0021). */
const parentsMax = 1000

/** Rows of what jobs wait for that one release takes: some 100 ms for as many jobs that go on (as above). */
const edgesMax = 1000

/** What a release did, and in how many milliseconds to look again (null: nothing is pending). */
export interface Released {
  readonly available: number
  readonly queues: ReadonlyArray<string>
  readonly nextMillis: number | null
}

/** The jobs with the parents that they have to wait for: those that are completed are left out. */
export const makeUnfinished = (session: Session) => {
  const text = statements.states(session.schema)
  return Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    const parents = [...new Set(jobs.flatMap((job) => job.parents ?? []))]
    if (parents.length === 0) return jobs
    const rows = yield* session.rows("insert", text, [parents.filter(Rows.isId)])
    const states = new Map(rows.map((row) => [String(row["id"]), row["state"] as JobState | "removed"]))
    const unknown = parents.find((id) => (states.get(id) ?? "removed") === "removed")
    if (unknown !== undefined) {
      return yield* Effect.fail(new StorageError.StorageError({ reason: Bounds.unknownParent(unknown) }))
    }
    return jobs.map((job) => {
      const waitedFor = new Set(job.parents?.filter((id) => states.get(id) !== "completed"))
      return { ...job, parents: [...waitedFor] }
    })
  })
}

/** What a pending job waits for, as `ExplainFacts` has it. */
export const makeWaitedFor = (session: Session) => {
  const text = statements.waitedFor(session.schema)
  return (id: JobId.JobId): Effect.Effect<ExplainFacts["parents"], StorageError.StorageError> =>
    Effect.map(
      session.rows("explain", text, [id]),
      (rows) =>
        rows.flatMap((row) =>
          row["state"] === "removed" || row["state"] === "completed"
            ? []
            : [{ id: JobId.makeUnsafe(row["id"] as bigint), state: row["state"] as JobState }]
        )
    )
}

/**
 * Lets go on what waits for nothing more, and cancels what waits in vain; answers what became of it. One session does so
 * at a time. Each goes on where it ended the last time, so that all parents have their turn.
 */
export const make = (session: Session, notifier: Notifier): Effect.Effect<Released, StorageError.StorageError> => {
  const text = statements.release(session.schema)
  const channel = PgSchema.channel(session.schemaName)
  let after = "0"

  const step = Effect.gen(function*() {
    const [lock] = yield* session.rows("promote", statements.alone, [channel])
    if (lock?.["ok"] !== true) return undefined
    const [row] = yield* session.rows("promote", text, [yield* session.now, after, parentsMax, edgesMax])
    return row
  })

  return Transaction.makeTyped(session)(step).pipe(
    Effect.provideService(SqlClient.BeginTransaction, "BEGIN ISOLATION LEVEL READ COMMITTED"),
    Effect.tap((row) => row === undefined ? Effect.void : publish(notifier, row)),
    Effect.map((row) => {
      if (row === undefined) return elsewhere
      // What was cut off comes first the next time.
      if (!isCutOff(row)) after = (row["last"] as string | null) ?? "0"
      return toReleased(row)
    })
  )
}

/** Another session is at it. */
const elsewhere: Released = { available: 0, queues: [], nextMillis: releaseMillis }

const isCutOff = (row: Row): boolean => row["edges"] === edgesMax && (row["moved"] as number) > 0

const toReleased = (row: Row): Released => {
  const due = row["next_due_ms"] as number | null
  const hasCancelled = (row["cancelled"] as ReadonlyArray<string>).length > 0
  const look = row["waits"] === true ? hasCancelled || isCutOff(row) ? 0 : releaseMillis : null
  return {
    available: row["available"] as number,
    queues: row["queues"] as ReadonlyArray<string>,
    nextMillis: due === null ? look : Math.min(Math.max(0, due), look ?? Number.POSITIVE_INFINITY)
  }
}

const publish = (notifier: Notifier, row: Row): Effect.Effect<void> =>
  Effect.andThen(
    notifier.inserted(new Set(row["queues"] as ReadonlyArray<string>), row["next_due_ms"] !== null),
    notifier.finished((row["cancelled"] as ReadonlyArray<string>).map(JobId.makeUnsafe))
  )
