/** Reading and steering: histories, counts, transitions. */
import * as Bounds from "@millrace/storage/Bounds"
import * as JobId from "@millrace/storage/JobId"
import type { JobState } from "@millrace/storage/JobState"
import { states } from "@millrace/storage/JobState"
import type { Overview, TransitionAction, TransitionResult } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as statements from "../statements/query.ts"
import * as transitions from "../statements/transition.ts"
import * as List from "./list.ts"
import * as Notifier from "./notifier.ts"
import * as Rows from "./rows.ts"
import type { Row, Session } from "./session.ts"

/** The history method of a session. */
export const makeHistory = (session: Session) => {
  const text = statements.history(session.schema)
  return (id: JobId.JobId) =>
    Rows.isId(id)
      ? Effect.map(session.rows("history", text, [id]), (rows) => rows.map(Rows.toAttempt))
      : Effect.succeed([])
}

/** The overview method of a session. */
export const makeOverview = (session: Session): Effect.Effect<Overview, StorageError.StorageError> =>
  Effect.map(
    Effect.all([
      session.rows("overview", statements.counts(session.schema), []),
      session.rows("overview", statements.workers(session.schema), [])
    ]),
    ([counts, workers]) => ({ queues: toQueues(counts), workers: workers.map(Rows.toWorkerRecord) })
  )

/** How often jobs in the middle of a move are asked for again. */
const transitionRounds = 5

/** The transition method of a session. */
export const makeTransition = (session: Session, notifier: Notifier.Notifier) => {
  const texts = {
    Cancel: transitions.cancel(session.schema),
    Retry: transitions.retry(session.schema),
    Promote: transitions.promote(session.schema),
    Remove: transitions.remove(session.schema),
    Change: transitions.change(session.schema)
  }
  const list = List.make(session)

  const act = Effect.fnUntraced(function*(ids: ReadonlyArray<JobId.JobId>, action: TransitionAction) {
    const rows = yield* session.rows("transition", texts[action._tag], paramsOf(ids, yield* session.now, action))
    yield* session.sql.afterCommit(Notifier.ofTransition(notifier, rows))
    return new Map(rows.map((row) => [String(row["id"]), toTransitionResult(row)]))
  })

  return Effect.fnUntraced(function*(ids: ReadonlyArray<JobId.JobId>, action: TransitionAction) {
    yield* check(Bounds.checkTransition(ids, action, yield* Clock.currentTimeMillis))
    const results = new Map<string, TransitionResult>()
    let missing = [...new Set(ids)].filter(Rows.isId)
    for (let round = 0; missing.length > 0 && round < transitionRounds; round++) {
      for (const [id, result] of yield* act(missing, action)) results.set(id, result)
      missing = missing.filter((id) => !results.has(id))
      if (missing.length > 0) missing = (yield* list({ ids: missing, limit: 1000 })).items.map((job) => job.id)
    }
    return [...new Set(ids)].flatMap((id) => results.get(id) ?? [])
  })
}

const paramsOf = (
  ids: ReadonlyArray<JobId.JobId>,
  now: Date | null,
  action: TransitionAction
): ReadonlyArray<unknown> => {
  switch (action._tag) {
    case "Cancel":
      return [ids, now, action.reason]
    case "Retry":
    case "Promote":
      return [ids, now]
    case "Remove":
      return [ids]
    case "Change":
      return [ids, now, action.priority, action.tags, dateOf(action.runAt), textOf(action.delayMillis)]
  }
}

const dateOf = (instant: DateTime.Utc | null): Date | null => instant === null ? null : DateTime.toDateUtc(instant)

/** Numbers travel as text: the client takes whole ones for integers. */
const textOf = (value: number | null): string | null => value === null ? null : `${value}`

const toTransitionResult = (row: Row): TransitionResult => ({
  id: JobId.makeUnsafe(row["id"] as bigint),
  from: row["from_state"] as JobState,
  to: row["to_state"] as TransitionResult["to"]
})

const toQueues = (rows: ReadonlyArray<Row>): Overview["queues"] => {
  const queues = new Map<string, Map<string, number>>()
  for (const row of rows) {
    const queue = row["queue"] as string
    const counts = queues.get(queue) ?? new Map<string, number>()
    queues.set(queue, counts.set(row["state"] as string, row["n"] as number))
  }
  return [...queues].map(([queue, counts]) => ({
    queue,
    paused: (counts.get("paused") ?? 0) > 0,
    counts: toCounts(counts)
  }))
}

const toCounts = (counts: ReadonlyMap<string, number>): Overview["queues"][number]["counts"] => {
  const of = (state: JobState) => counts.get(state) ?? 0
  return Object.fromEntries(states.map((state) => [state, of(state)])) as Overview["queues"][number]["counts"]
}

const check = (reason: StorageError.Invalid | null): Effect.Effect<void, StorageError.StorageError> =>
  reason === null ? Effect.void : Effect.fail(new StorageError.StorageError({ reason }))
