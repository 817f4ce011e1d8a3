/**
 * What becomes of the instants to fire: the overlap policy, and that no instant fires twice. One decision for all drivers.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { InsertResult, NewJob } from "./NewJob.ts"
import type { Schedule, TickOutcome } from "./ScheduleRecord.ts"
import type { Firing } from "./ScheduleStorage.ts"
import type { Storage } from "./Storage.ts"
import type { StorageError } from "./StorageError.ts"

/**
 * A firing and what becomes of it: a job is inserted when `outcome` is `fired`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Planned {
  readonly firing: Firing
  readonly outcome: Extract<TickOutcome, "fired" | "overlapped" | "missed">
}

/**
 * What to do with the firings of one schedule. `cancelsPrevious`: the latest job before is to be cancelled.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly entries: ReadonlyArray<Planned>
  readonly cancelsPrevious: boolean
}

/**
 * Plans firings.
 *
 * **Details**
 *
 * `seen` tells of an instant (epoch milliseconds) what was stored for it before: `fired` for one with a job, `passed` for
 * one without. A fired instant is left out, and one that passed is only fired now, not passed again.
 * `isPreviousLive` tells whether the latest job of the schedule is not finished. Of several firings at once `skip`
 * fires the first and `cancelPrevious` the last.
 *
 * @stability unstable
 * @category decisions
 * @since 0.1.0
 */
export const plan = (
  schedule: Schedule,
  firings: ReadonlyArray<Firing>,
  seen: (instantMillis: number) => "fired" | "passed" | null,
  isPreviousLive: boolean
): Plan => {
  const open = firings.filter((firing) => firing.kind === "trigger" || !isDone(firing, seen))
  const asked = open.filter(({ outcome, overlap }) => overlap && outcome === "fired")
  const chosen = schedule.overlap === "skip"
    ? (isPreviousLive ? undefined : asked[0])
    : asked.at(-1)
  return {
    entries: open.map((firing) => ({ firing, outcome: chosenOutcome(schedule, firing, chosen) })),
    cancelsPrevious: schedule.overlap === "cancelPrevious" && isPreviousLive && chosen !== undefined
  }
}

/**
 * The job of a firing.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const jobOf = (schedule: Schedule, firing: Firing, now: DateTime.Utc): NewJob => ({
  ...schedule.job,
  delayMillis: 0,
  runAt: DateTime.toEpochMillis(firing.runAt) > DateTime.toEpochMillis(now) ? firing.runAt : null
})

/**
 * Inserts the job of a firing; null when the storage can not hold it, which must not hold up other schedules.
 *
 * @stability unstable
 * @category operations
 * @since 0.1.0
 */
export const insertOne = (
  storage: Storage["Service"],
  job: NewJob
): Effect.Effect<InsertResult | null, StorageError> =>
  Effect.catch(
    Effect.map(storage.insert([job]), (results) => results[0] ?? null),
    (error) => error.reason._tag === "Invalid" ? Effect.succeed(null) : Effect.fail(error)
  )

/**
 * The outcome of a tick after its job was inserted: `result` is null for none.
 *
 * @stability unstable
 * @category decisions
 * @since 0.1.0
 */
export const outcomeOf = (planned: Planned["outcome"], result: InsertResult | null): TickOutcome => {
  if (planned !== "fired") return planned
  return result === null ? "refused" : result._tag === "Duplicate" ? "duplicate" : "fired"
}

const isDone = (firing: Firing, seen: (instantMillis: number) => "fired" | "passed" | null): boolean => {
  const before = seen(DateTime.toEpochMillis(firing.instant))
  return before === "fired" || (before === "passed" && firing.outcome === "missed")
}

const chosenOutcome = (schedule: Schedule, firing: Firing, chosen: Firing | undefined): Planned["outcome"] => {
  if (firing.outcome === "missed") return "missed"
  return !firing.overlap || schedule.overlap === "queue" || firing === chosen ? "fired" : "overlapped"
}
