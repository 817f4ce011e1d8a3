/**
 * Schedules on PostgreSQL, beside the `PgStorage` of the same client, whose inserts are part of each tick.
 *
 * A tick is one transaction: it locks the due schedules that nobody else is ticking, inserts their jobs and stores the
 * ticks under a unique index. A program that dies in between leaves nothing behind; one that freezes is cut off by the
 * server after 2 seconds, and its transaction undone.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Bounds from "@millrace/storage/Bounds"
import type { ScheduleRecord } from "@millrace/storage/ScheduleRecord"
import type { Modification, Modified, TickOptions } from "@millrace/storage/ScheduleStorage"
import { ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import { Storage } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Rows from "./internal/scheduleRows.ts"
import * as Ticking from "./internal/scheduleTicks.ts"
import * as Session from "./internal/session.ts"
import * as PgError from "./PgError.ts"
import type { PgStorageOptions } from "./PgStorage.ts"
import * as statements from "./statements/schedule.ts"

/** How long a program may keep a schedule locked without a word, in milliseconds. */
const silenceMillis = "2000"

/** How often a schedule may be made or removed under our hands before we give up. */
const roundsMax = 5

const limitDefault = 50

/**
 * Makes the storage of schedules. The tables must be there: see `PgMigrations`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: PgStorageOptions = {}) {
  const session = yield* Session.make(yield* PgClient.PgClient, options)
  const storage = yield* Storage
  return ScheduleStorage.of({
    now: Effect.flatMap(
      session.now,
      (now) => Effect.map(session.rows("now", statements.clock(), [now]), ([row]) => Rows.toInstant(row?.["now"]))
    ),
    modify: makeModify(session, storage),
    tick: makeTick(session, storage),
    ...makeReads(session)
  })
})

/**
 * The storage as a layer. Builds without touching the database.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (
  options: PgStorageOptions
): Layer.Layer<ScheduleStorage, never, PgClient.PgClient | Storage> => Layer.effect(ScheduleStorage, make(options))

/**
 * The storage in the schema `millrace`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ScheduleStorage, never, PgClient.PgClient | Storage> = layerWith({})

/** A transaction that sees what others committed meanwhile, whatever the role's own default is. */
const transaction = (session: Session.Session, operation: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  session.sql.withTransaction(effect).pipe(
    Effect.provideService(SqlClient.BeginTransaction, "BEGIN ISOLATION LEVEL READ COMMITTED"),
    PgError.mapErrors(operation)
  )

const makeModify = (session: Session.Session, storage: Storage["Service"]) => {
  const lockText = statements.lock(session.schema)
  const writeText = statements.write(session.schema)
  const removeText = statements.remove(session.schema)
  const getText = statements.get(session.schema)
  const fire = Ticking.makeFire(session, storage)

  const store = Effect.fnUntraced(function*<A>(
    name: string,
    current: ScheduleRecord | null,
    { isEdit, write }: Modification<A>
  ) {
    if (write === "keep") return current
    if (write === "remove") {
      yield* session.rows("modify", removeText, [name])
      return null
    }
    const params = [yield* session.now, Rows.encode(write), isEdit, current !== null]
    const [row] = yield* session.rows("modify", writeText, params)
    return row === undefined ? raced : Rows.toSchedule(row)
  })

  const attempt = Effect.fnUntraced(function*<A>(
    name: string,
    decide: (current: ScheduleRecord | null, now: DateTime.Utc) => Modification<A>
  ) {
    const now = yield* session.now
    const [row] = yield* session.rows("modify", lockText, [now, name, silenceMillis])
    const current = row === undefined || row["name"] === null ? null : Rows.toSchedule(row)
    const at = Rows.toInstant(row?.["now"])
    const modification = decide(current, at)
    const stored = yield* store(name, current, modification)
    if (stored === raced) return raced
    if (stored === null || modification.fire.length === 0) {
      return { answer: modification.answer, schedule: stored, ticks: [] }
    }
    const ticks = yield* fire([{ schedule: stored, nextAt: stored.nextAt, fire: modification.fire }], at)
    const [after] = yield* session.rows("modify", getText, [name])
    return { answer: modification.answer, schedule: after === undefined ? null : Rows.toSchedule(after), ticks }
  })

  return Effect.fnUntraced(function*<A>(
    name: string,
    decide: (current: ScheduleRecord | null, now: DateTime.Utc) => Modification<A>
  ): Effect.fn.Return<Modified<A>, StorageError.StorageError> {
    for (let round = 0; round < roundsMax; round++) {
      const done = yield* transaction(session, "modify")(attempt(name, decide))
      if (done !== raced) return done
    }
    const detail = `schedule ${name} was made and removed again and again`
    return yield* new StorageError.StorageError({ reason: new StorageError.Conflict({ operation: "modify", detail }) })
  })
}

/** Somebody else made the schedule that was missing a moment ago. */
const raced = Symbol("raced")

const makeTick = (session: Session.Session, storage: Storage["Service"]) => {
  const dueText = statements.lockDue(session.schema)
  const nextText = statements.nextDue(session.schema)
  const fire = Ticking.makeFire(session, storage)

  const nextDueMillis = Effect.gen(function*() {
    const [row] = yield* session.rows("tick", nextText, [yield* session.now])
    const millis = row?.["next_due_ms"]
    return millis === null || millis === undefined ? null : Number(millis)
  })

  const tickDue = Effect.fnUntraced(function*({ decide, limit }: TickOptions) {
    const rows = yield* session.rows("tick", dueText, [yield* session.now, limit, silenceMillis])
    if (rows.length === 0) return { schedules: 0, ticks: [] }
    const at = Rows.toInstant(rows[0]?.["now"])
    const decided = rows.map(Rows.toSchedule).map((schedule) => ({ schedule, ...decide(schedule, at) }))
    return { schedules: rows.length, ticks: yield* fire(decided, at) }
  })

  // Most ticks find nothing due: they begin no transaction.
  return Effect.fnUntraced(function*(options: TickOptions) {
    const reason = Bounds.checkLimit("tick", options.limit)
    if (reason !== null) return yield* new StorageError.StorageError({ reason })
    const before = yield* nextDueMillis
    if (before === null || before > 0) return { schedules: 0, ticks: [], nextDueMillis: before }
    const done = yield* transaction(session, "tick")(tickDue(options))
    const after = yield* nextDueMillis
    return { ...done, nextDueMillis: after === null ? null : Math.max(0, after) }
  })
}

const makeReads = (
  session: Session.Session
): Pick<ScheduleStorage["Service"], "get" | "list" | "ticks" | "prune"> => {
  const getText = statements.get(session.schema)
  const listText = statements.list(session.schema)
  const ticksText = statements.ticks(session.schema)
  const ticksOfText = statements.ticksOf(session.schema)
  const pruneText = statements.prune(session.schema)
  return {
    get: (name) =>
      Effect.map(session.rows("get", getText, [name]), ([row]) => row === undefined ? null : Rows.toSchedule(row)),
    list: Effect.fnUntraced(function*({ after = "", limit = limitDefault, owner, paused }) {
      yield* checkPage(limit)
      const params = [owner !== undefined, owner ?? null, paused ?? null, after, limit + 1]
      const found = (yield* session.rows("list", listText, params)).map(Rows.toSchedule)
      const items = found.slice(0, limit)
      return { items, next: found.length > limit ? items.at(-1)?.name ?? null : null }
    }),
    ticks: Effect.fnUntraced(function*({ before = idMax, limit = limitDefault, schedule }) {
      yield* checkPage(limit)
      const found = (yield* schedule === undefined
        ? session.rows("ticks", ticksText, [before, limit + 1])
        : session.rows("ticks", ticksOfText, [schedule, before, limit + 1])).map(Rows.toTick)
      const items = found.slice(0, limit)
      return { items, next: found.length > limit ? items.at(-1)?.id ?? null : null }
    }),
    prune: Effect.fnUntraced(function*({ keepMillis }) {
      const rows = yield* session.rows("prune", pruneText, [yield* session.now, String(keepMillis)])
      return Number(rows[0]?.["count"] ?? 0)
    })
  }
}

/** Larger than every id. */
const idMax = "9223372036854775807"

const checkPage = (limit: number): Effect.Effect<void, StorageError.StorageError> => {
  const reason = Bounds.checkQuery({ limit })
  return reason === null ? Effect.void : Effect.fail(new StorageError.StorageError({ reason }))
}
