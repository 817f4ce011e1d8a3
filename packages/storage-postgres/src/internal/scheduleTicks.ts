/** Firing the instants of locked schedules: plan, insert the jobs, store the ticks, all in the caller's transaction. */
import * as JobId from "@millrace/storage/JobId"
import type { InsertResult } from "@millrace/storage/NewJob"
import * as ScheduleFiring from "@millrace/storage/ScheduleFiring"
import type { ScheduleRecord, ScheduleTick, TickOutcome } from "@millrace/storage/ScheduleRecord"
import type { Firing, TickDecision } from "@millrace/storage/ScheduleStorage"
import type { Storage } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as statements from "../statements/schedule.ts"
import * as Rows from "./scheduleRows.ts"
import * as Session from "./session.ts"

/** A locked schedule, its instants to fire, and when it is due again. */
interface Locked extends TickDecision {
  readonly schedule: ScheduleRecord
}

/** The reason of a job that a later instant replaced. */
const replaced = "a later instant of its schedule came"

/** Jobs in one insert, the limit of the port. */
const insertMax = 1000

/** Fires the instants of schedules that the caller's transaction has locked; answers their ticks. */
export const makeFire = (session: Session.Session, storage: Storage["Service"]) => {
  const seenText = statements.seen(session.schema)
  const recordText = statements.record(session.schema)

  const look = Effect.fnUntraced(function*(locked: ReadonlyArray<Locked>) {
    const instants = locked.flatMap(({ fire, schedule: { name } }) => fire.map((firing) => ({ name, firing })))
    const asked = locked.filter(({ fire, schedule }) => fire.length > 0 && schedule.overlap !== "queue")
    const rows = yield* session.rows("tick", seenText, [
      instants.map(({ name }) => name),
      instants.map(({ firing }) => Session.dateOf(DateTime.toEpochMillis(firing.instant))),
      asked.flatMap(({ schedule: { last } }) => last === null ? [] : [last.jobId])
    ])
    return seenOf(rows)
  })

  const insert = Effect.fnUntraced(function*(entries: ReadonlyArray<Entry>, at: DateTime.Utc) {
    const jobs = entries.map(({ firing, schedule }) => ScheduleFiring.jobOf(schedule, firing, at))
    if (jobs.length === 0) return []
    const results: Array<InsertResult | null> = []
    for (let start = 0; start < jobs.length; start += insertMax) {
      const batch = jobs.slice(start, start + insertMax)
      results.push(
        ...yield* Effect.catch(
          storage.insert(batch),
          // One job that the storage can not hold must not hold up the others.
          (error): Effect.Effect<ReadonlyArray<InsertResult | null>, StorageError.StorageError> =>
            error.reason._tag === "Invalid"
              ? Effect.forEach(batch, (job) => ScheduleFiring.insertOne(storage, job))
              : Effect.fail(error)
        )
      )
    }
    return results
  })

  return Effect.fnUntraced(function*(locked: ReadonlyArray<Locked>, at: DateTime.Utc) {
    const firing = locked.filter(({ fire }) => fire.length > 0)
    const seen = firing.length === 0 ? nothingSeen : yield* look(firing)
    const plans = firing.map(({ fire, schedule }) => ({ schedule, plan: planOf(schedule, fire, seen) }))
    const cancelled = plans.flatMap(({ plan, schedule: { last } }) =>
      plan.cancelsPrevious && last !== null ? [last.jobId] : []
    )
    if (cancelled.length > 0) yield* storage.transition(cancelled, { _tag: "Cancel", reason: replaced })
    const entries = plans.flatMap(({ plan, schedule }) => plan.entries.map((entry) => ({ schedule, ...entry })))
    const results = yield* insert(entries.filter(({ outcome }) => outcome === "fired"), at)
    const ticks = resolve(entries, results)
    const params = [yield* session.now, encodeTicks(ticks), encodeNext(locked)]
    const rows = yield* session.rows("tick", recordText, params)
    if (rows.length !== ticks.length) return yield* doubled()
    return ticks.map((tick, index): ScheduleTick => ({ ...tick, at, id: String(rows[index]?.["id"]) }))
  })
}

interface Entry extends ScheduleFiring.Planned {
  readonly schedule: ScheduleRecord
}

/** A tick before it is stored. */
type NewTick = Omit<ScheduleTick, "id" | "at">

interface Seen {
  readonly instants: ReadonlyMap<string, "fired" | "passed">
  readonly live: ReadonlySet<string>
}

const nothingSeen: Seen = { instants: new Map(), live: new Set() }

const seenOf = (rows: ReadonlyArray<Readonly<Record<string, unknown>>>): Seen => {
  const instants = new Map<string, "fired" | "passed">()
  const live = new Set<string>()
  for (const row of rows) {
    if (row["schedule"] === null) live.add(String(row["job_id"]))
    else {
      const key = instantKey(row["schedule"] as string, (row["instant"] as Date).getTime())
      instants.set(key, row["job_id"] === null ? "passed" : "fired")
    }
  }
  return { instants, live }
}

const instantKey = (name: string, millis: number): string => `${millis} ${name}`

const planOf = (schedule: ScheduleRecord, fire: ReadonlyArray<Firing>, { instants, live }: Seen): ScheduleFiring.Plan =>
  ScheduleFiring.plan(
    schedule,
    fire,
    (millis) => instants.get(instantKey(schedule.name, millis)) ?? null,
    schedule.last !== null && live.has(schedule.last.jobId)
  )

/** The ticks of entries: the results are those of the fired ones, in their order. */
const resolve = (
  entries: ReadonlyArray<Entry>,
  results: ReadonlyArray<InsertResult | null>
): ReadonlyArray<NewTick> => {
  let next = 0
  return entries.map(({ firing, outcome, schedule }) => {
    const result = outcome === "fired" ? results[next++] ?? null : null
    const decided: TickOutcome = ScheduleFiring.outcomeOf(outcome, result)
    return {
      schedule: schedule.name,
      instant: firing.instant,
      kind: firing.kind,
      outcome: decided,
      jobId: result === null ? null : JobId.makeUnsafe(result.id),
      missed: firing.missed
    }
  })
}

const encodeTicks = (ticks: ReadonlyArray<NewTick>): string =>
  JSON.stringify(ticks.map((tick) => ({
    schedule: tick.schedule,
    instant: DateTime.formatIso(tick.instant),
    kind: tick.kind,
    outcome: tick.outcome,
    job_id: tick.jobId,
    missed: tick.missed
  })))

const encodeNext = (locked: ReadonlyArray<Locked>): string =>
  JSON.stringify(locked.map(({ nextAt, schedule }) => ({ name: schedule.name, next_at: Rows.isoOrNull(nextAt) })))

/** Another transaction fired one of the instants, although this one holds the lock of its schedule. */
const doubled = () => {
  const detail = "an instant was fired by somebody else"
  return new StorageError.StorageError({ reason: new StorageError.Conflict({ operation: "tick", detail }) })
}
