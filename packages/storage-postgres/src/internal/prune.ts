/** Retention: prepares the partitions of coming days, drops those whose time is over, deletes old dead jobs. */
import type { Pruned, PrunePolicy } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as PgError from "../PgError.ts"
import * as statements from "../statements/prune.ts"
import * as Partitions from "./partitions.ts"
import type { Session } from "./session.ts"
import * as Transaction from "./transaction.ts"

/** Jobs that one statement deletes: some 20 ms of work. Where that takes too long for the server's patience, fewer. */
const batchMax = 1000
const batchMin = 10

/** Statements of one call at most; the next call goes on. */
const batches = 1000

/**
 * The prune method of a session.
 *
 * **Details**
 *
 * `finished` goes by whole days (UTC) once its last instant is older than the policy asks; `attempt` once both
 * ages have passed. Detaching a day waits 200 ms for its lock and is left to the next call otherwise, as those who settle
 * wait behind it. A day is detached, then counted, then dropped; a crash in between leaves the rest to the next call.
 */
export const make = (session: Session) => {
  const dropDays = makeDropDays(session)
  const deleteAll = makeDeleteAll(session)
  return Effect.fnUntraced(function*(policy: PrunePolicy): Effect.fn.Return<Pruned, StorageError> {
    const { schema } = session
    const bothMillis = Math.max(policy.finishedMillis, policy.deadMillis)
    yield* prepare(session)
    const late = yield* deleteAll(statements.deleteLate(schema), policy.finishedMillis)
    const dropped = yield* dropDays("finished", policy.finishedMillis)
    const dead = yield* deleteAll(statements.deleteDead(schema), policy.deadMillis)
    yield* dropDays("attempt", bothMillis)
    yield* deleteAll(statements.deleteLateAttempts(schema), bothMillis)
    yield* deleteAll(statements.deleteLogs(schema), bothMillis)
    yield* deleteAll(statements.deleteEnded(schema), 0)
    return { finished: late + dropped, dead }
  })
}

/** Repeats a statement that deletes a batch until it finds nothing more. */
const makeDeleteAll = (session: Session) =>
  Effect.fnUntraced(function*(text: string, ageMillis: number) {
    let deleted = 0
    let batch = batchMax
    for (let count = 0; count < batches; count++) {
      const size = batch
      const n = yield* session.rows("prune", text, [yield* session.now, String(ageMillis), size]).pipe(
        Effect.map(([row]) => Number(row?.["n"] ?? 0)),
        Effect.catch((error) => error.isTransient && size > batchMin ? Effect.succeed(null) : Effect.fail(error))
      )
      if (n === null) batch = Math.max(batchMin, Math.floor(size / 10))
      else deleted += n
      if (n !== null && n < size) break
    }
    return deleted
  })

type Table = "finished" | "attempt"

const makeDropDays = (session: Session) => {
  const { schema } = session

  /** The days that stand under a name like those of a table and are over. */
  const daysOver = Effect.fnUntraced(function*(text: string, table: Table, cutoff: number) {
    const rows = yield* session.rows("prune", text, [session.schemaName, table])
    return rows.map((row) => row["name"] as string).filter((name) => {
      const day = Partitions.dayOf(table, name)
      return day !== null && Partitions.isOver(day, cutoff)
    })
  })

  return Effect.fnUntraced(function*(table: Table, keepMillis: number) {
    const cutoff = (yield* nowMillis(session)) - keepMillis
    for (const day of yield* daysOver(statements.partitions, table, cutoff)) {
      yield* maintain(session, `${day} was not detached`, statements.detach(schema, table, day))
    }
    let dropped = 0
    for (const day of yield* daysOver(statements.detached, table, cutoff)) {
      const rows = yield* maintain(session, `${day} was not dropped`, statements.drop(schema, table, day))
      dropped += Number(rows?.find((row) => "n" in row)?.["n"] ?? 0)
    }
    return dropped
  })
}

/**
 * Creates the partitions of today and the coming days where they are missing. Safe to run from many processes.
 *
 * **Details**
 *
 * A day that another process creates meanwhile, or that can not be attached now, is left: its rows go to the
 * default partition, from which they are pruned as well.
 */
export const prepare = Effect.fnUntraced(function*(session: Session) {
  const days = Partitions.comingDays(yield* nowMillis(session))
  for (const table of ["finished", "attempt"] as const) {
    const rows = yield* session.rows("prune", statements.partitions, [session.schemaName, table])
    const known = new Set(rows.map((row) => row["name"] as string))
    for (const day of days) {
      const name = Partitions.nameOf(table, day)
      if (known.has(name)) continue
      const texts = statements.createPartition(session.schema, table, name, Partitions.bounds(day))
      yield* maintain(session, `${name} was not created`, texts)
    }
  }
})

const nowMillis = (session: Session) =>
  Effect.gen(function*() {
    const [clock] = yield* session.rows("prune", statements.clock, [yield* session.now])
    return Number(clock?.["millis"])
  })

/** Runs statements in one transaction and answers all their rows; null when that failed, which is left to the next call. */
const maintain = (session: Session, failure: string, texts: ReadonlyArray<string>) =>
  Transaction.make(session)(Effect.forEach(texts, (text) => session.rows("prune", text, []))).pipe(
    PgError.mapErrors("prune"),
    Effect.map((rows) => rows.flat()),
    Effect.catch((error) => Effect.as(Effect.logDebug(`partition ${failure}`, error), null))
  )
