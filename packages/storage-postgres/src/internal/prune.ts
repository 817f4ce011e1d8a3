/** Retention: prepares the partitions of coming days, drops those whose time is over, deletes old dead jobs. */
import type { Pruned, PrunePolicy } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as PgError from "../PgError.ts"
import * as statements from "../statements/prune.ts"
import * as Partitions from "./partitions.ts"
import type { Session } from "./session.ts"

/** Jobs deleted by one statement: a few milliseconds' work. */
const batch = 10_000

/**
 * The prune method of a session.
 *
 * **Details**
 *
 * `finished` goes by whole days (UTC) once its last instant is older than the policy asks; `attempt` once both
 * ages have passed. Dropping waits at most a second for its lock and is left to the next call otherwise.
 */
export const make = (session: Session) => {
  const { schema } = session

  const dropDay = Effect.fnUntraced(function*(table: string, partition: string) {
    const drop = Effect.gen(function*() {
      yield* session.rows("prune", "set local lock_timeout = '1s'", [])
      const [row] = table === "finished"
        ? yield* session.rows("prune", statements.countPartition(schema, partition), [])
        : []
      yield* session.rows("prune", `drop table ${schema}."${partition}"`, [])
      return Number(row?.["n"] ?? 0)
    })
    return yield* session.sql.withTransaction(drop).pipe(
      PgError.mapErrors("prune"),
      Effect.catch(() => Effect.succeed(0))
    )
  })

  const dropDays = Effect.fnUntraced(function*(table: string, keepMillis: number) {
    const rows = yield* session.rows("prune", statements.partitions, [session.schemaName, table])
    const [clock] = yield* session.rows("prune", statements.clock, [yield* session.now])
    const cutoff = Number(clock?.["millis"]) - keepMillis
    let dropped = 0
    for (const row of rows) {
      const day = Partitions.dayOf(table, row["name"] as string)
      if (day !== null && Partitions.isOver(day, cutoff)) dropped += yield* dropDay(table, row["name"] as string)
    }
    return dropped
  })

  /** Repeats a statement that deletes a batch until it finds nothing more. */
  const deleteAll = Effect.fnUntraced(function*(text: string, ageMillis: number) {
    let deleted = 0
    for (;;) {
      const [row] = yield* session.rows("prune", text, [yield* session.now, String(ageMillis), batch])
      const n = Number(row?.["n"] ?? 0)
      deleted += n
      if (n < batch) return deleted
    }
  })

  return Effect.fnUntraced(function*(policy: PrunePolicy): Effect.fn.Return<Pruned, StorageError> {
    yield* prepare(session)
    const late = yield* deleteAll(statements.deleteLate(schema), policy.finishedMillis)
    const dropped = yield* dropDays("finished", policy.finishedMillis)
    const dead = yield* deleteAll(statements.deleteDead(schema), policy.deadMillis)
    yield* dropDays("attempt", Math.max(policy.finishedMillis, policy.deadMillis))
    yield* deleteAll(statements.deleteSide(schema), Math.max(policy.finishedMillis, policy.deadMillis))
    return { finished: late + dropped, dead }
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
  const [clock] = yield* session.rows("prune", statements.clock, [yield* session.now])
  const days = Partitions.comingDays(Number(clock?.["millis"]))
  for (const table of ["finished", "attempt"]) {
    const rows = yield* session.rows("prune", statements.partitions, [session.schemaName, table])
    const known = new Set(rows.map((row) => row["name"] as string))
    const missing = days.filter((day) => !known.has(Partitions.nameOf(table, day)))
    yield* Effect.forEach(missing, (day) => createDay(session, table, day), { discard: true })
  }
})

const createDay = (session: Session, table: string, day: number) =>
  session.sql.withTransaction(
    Effect.forEach(
      statements.createPartition(session.schema, table, Partitions.nameOf(table, day), Partitions.bounds(day)),
      (text) => session.rows("prune", text, []),
      { discard: true }
    )
  ).pipe(
    PgError.mapErrors("prune"),
    Effect.catch((error) => Effect.logDebug(`partition ${Partitions.nameOf(table, day)} was not created`, error))
  )
