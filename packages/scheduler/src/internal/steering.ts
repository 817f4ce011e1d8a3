/**
 * The methods of the scheduler that write: each is one decision over the stored schedule.
 */
import type { EncodedRequest } from "@millrace/queue/EnqueueOptions"
import type * as JobDefaults from "@millrace/queue/JobDefaults"
import type { Registered } from "@millrace/queue/JobRegistry"
import * as JobRequest from "@millrace/queue/JobRequest"
import type { InvalidOption, InvalidPayload, UnknownJob } from "@millrace/queue/QueueError"
import type { NewJob } from "@millrace/storage/NewJob"
import type { Schedule, ScheduledJob, ScheduleRecord } from "@millrace/storage/ScheduleRecord"
import type { Modification, Modified, ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { InvalidSchedule, ScheduleExists, ScheduleNotFound, ScheduleOwned } from "../ScheduleError.ts"
import type { BackfillWindow, Scheduler } from "../Scheduler.ts"
import type { ScheduleChange, ScheduleSpec } from "../ScheduleSpec.ts"
import * as Declared from "./declared.ts"
import * as Firing from "./firing.ts"
import * as NextFire from "./nextFire.ts"
import * as Specification from "./specification.ts"

type Service = Scheduler["Service"]

/** What is known of kinds of jobs: their definitions, and what holds where nothing is said. */
interface Known {
  readonly registry: Registered
  readonly defaults: JobDefaults.Values
}

/** A schedule that was written. */
type Written<E> = Effect.Effect<Modified<Result.Result<null, E>>, StorageError>

/** The writing methods. `afterWrite` wakes the ticker. */
export const make = (
  storage: ScheduleStorage["Service"],
  known: Known,
  afterWrite: Effect.Effect<void>
): Pick<Service, "create" | "update" | "pause" | "resume" | "trigger" | "remove" | "backfill"> => {
  const edit = <E>(name: string, change: (current: ScheduleRecord, now: DateTime.Utc) => Change<E>) =>
    storage.modify(
      name,
      (current, now): Modification<Result.Result<null, E | ScheduleNotFound>> =>
        current === null ? refused(new ScheduleNotFound({ name })) : change(current, now)
    )
  const steer = <E>(name: string, change: (current: ScheduleRecord, now: DateTime.Utc) => Change<E>) =>
    Effect.tap(writtenRecord(edit(name, change)), afterWrite)
  return {
    create: Effect.fnUntraced(function*(spec) {
      const schedule = yield* Effect.fromResult(fromSpec(known, spec, yield* nowMillis(storage)))
      const written = storage.modify(
        schedule.name,
        (current, now) =>
          current === null ? stored(started(schedule, now)) : refused(new ScheduleExists({ name: schedule.name }))
      )
      return yield* Effect.tap(writtenRecord(written), afterWrite)
    }),
    update: Effect.fnUntraced(function*(name, change) {
      const changes = yield* Effect.fromResult(changesOf(known, change, yield* nowMillis(storage)))
      return yield* steer(name, (current, now) =>
        current.owner === null
          ? stored(changed(current, changes, now))
          : refused(new ScheduleOwned({ name, owner: current.owner })))
    }),
    pause: (name) => steer(name, (current, now) => current.pausedAt === null ? stored(paused(current, now)) : kept),
    resume: (name) => steer(name, (current, now) => current.pausedAt === null ? kept : stored(started(current, now))),
    remove: (name) =>
      Effect.asVoid(
        resultOf(edit(name, (current) =>
          current.owner === null ? removed : refused(new ScheduleOwned({ name, owner: current.owner }))))
      ),
    trigger: (name) =>
      Effect.flatMap(
        resultOf(edit(name, (current, now) => ({
          ...kept,
          fire: [Firing.firingOf(current, DateTime.toEpochMillis(now), "trigger")]
        }))),
        // The port promises a tick for each trigger: none is a bug of the driver.
        ({ ticks: [tick] }) =>
          tick === undefined ? Effect.die(new Error("a trigger had no tick")) : Effect.succeed(tick)
      ),
    backfill: Effect.fnUntraced(function*(name, window) {
      const range = yield* Effect.fromResult(rangeOf(window))
      return (yield* resultOf(edit(name, (current, now) => filled(current, range, now)))).ticks
    })
  }
}

/** A decision about one schedule. */
type Change<E> = Modification<Result.Result<null, E>>

const kept: Change<never> = { answer: Result.succeed(null), write: "keep", isEdit: false, fire: [] }

const removed: Change<never> = { ...kept, write: "remove" }

const stored = (schedule: Schedule): Change<never> => ({ ...kept, write: schedule, isEdit: true })

const refused = <E>(error: E): Change<E> => ({ ...kept, answer: Result.fail(error) })

const resultOf = <E>(written: Written<E>) =>
  Effect.flatMap(written, (modified) => Effect.as(Effect.fromResult(modified.answer), modified))

/** The schedule afterwards. The port promises it after every write that removes nothing: none is a bug of the driver. */
const writtenRecord = <E>(written: Written<E>) =>
  Effect.flatMap(
    resultOf(written),
    ({ schedule }) =>
      schedule === null ? Effect.die(new Error("a written schedule was not there")) : Effect.succeed(schedule)
  )

const nowMillis = (storage: ScheduleStorage["Service"]) => Effect.map(storage.now, DateTime.toEpochMillis)

const started = (schedule: Schedule, now: DateTime.Utc): Schedule => ({
  ...schedule,
  pausedAt: null,
  nextAt: Declared.nextOf(schedule, now)
})

const paused = (schedule: Schedule, now: DateTime.Utc): Schedule => ({ ...schedule, pausedAt: now, nextAt: null })

/** What a change says, checked: an absent field stays. */
type Changes = Partial<Pick<Schedule, "timing" | "job" | "jitterMillis" | "overlap" | "misfire">>

const changed = (current: Schedule, changes: Changes, now: DateTime.Utc): Schedule => {
  const next = { ...current, ...changes }
  return changes.timing === undefined || current.pausedAt !== null ? next : started(next, now)
}

const fromSpec = (
  known: Known,
  spec: ScheduleSpec,
  nowMillis: number
): Result.Result<Schedule, InvalidSchedule | InvalidPayload | InvalidOption | UnknownJob> =>
  Result.gen(function*() {
    return {
      name: yield* Specification.name(spec.name),
      owner: null,
      timing: yield* Specification.timing(spec, nowMillis),
      job: yield* jobOf(known, spec.job),
      ...(yield* Specification.policy(spec)),
      nextAt: null,
      pausedAt: null,
      declaredAt: null,
      droppedAt: null
    }
  })

const changesOf = (
  known: Known,
  change: ScheduleChange,
  nowMillis: number
): Result.Result<Changes, InvalidSchedule | InvalidPayload | InvalidOption | UnknownJob> =>
  Result.gen(function*() {
    const policy = yield* Specification.policy(change)
    return {
      ...(Specification.hasTiming(change) ? { timing: yield* Specification.timing(change, nowMillis) } : {}),
      ...(change.job === undefined ? {} : { job: yield* jobOf(known, change.job) }),
      ...(change.jitter === undefined ? {} : { jitterMillis: policy.jitterMillis }),
      ...(change.overlap === undefined ? {} : { overlap: policy.overlap }),
      ...(change.misfire === undefined ? {} : { misfire: policy.misfire })
    }
  })

const jobOf = (
  known: Known,
  request: EncodedRequest
): Result.Result<ScheduledJob, InvalidSchedule | InvalidPayload | InvalidOption | UnknownJob> => {
  if (typeof request !== "object" || request === null) return Specification.refuse("job", "expected a job")
  for (const field of ["delay", "runAt"] as const) {
    if (request[field] !== undefined) return Specification.refuse(`job.${field}`, "the schedule says when the job runs")
  }
  if (request.parents !== undefined) {
    return Specification.refuse("job.parents", "a job of a schedule waits for no other")
  }
  return Result.map(JobRequest.fromEncoded(known.registry, request, known.defaults), timeless)
}

/** A job without its time. */
export const timeless = (newJob: NewJob): ScheduledJob => {
  const { delayMillis: _, parents: ___, runAt: __, ...job } = newJob
  return job
}

interface Range {
  readonly fromMillis: number
  readonly toMillis: number
  readonly max: number
}

const rangeOf = ({ from, max = 1000, to }: BackfillWindow): Result.Result<Range, InvalidSchedule> =>
  Result.gen(function*() {
    const fromMillis = yield* Specification.instant("from", from)
    const toMillis = yield* Specification.instant("to", to)
    if (toMillis <= fromMillis) return yield* Specification.refuse("to", "expected an instant later than from")
    return { fromMillis, toMillis, max: yield* Specification.count("max", max) }
  })

const filled = (current: ScheduleRecord, range: Range, now: DateTime.Utc): Change<InvalidSchedule> => {
  const refuse = (field: string, detail: string) => refused(new InvalidSchedule({ field, position: null, detail }))
  if (range.toMillis > DateTime.toEpochMillis(now)) return refuse("to", "is in the future: expected now at the latest")
  const clockwork = NextFire.clockworkOf(current.timing)
  if (clockwork === null) return refuse("name", "a newer release made this schedule: use that one")
  const instants = Firing.between(clockwork, range.fromMillis, range.toMillis - 1, range.max + 1)
  if (instants.length > range.max) return refuse("max", `the window holds more than ${range.max} instants`)
  return { ...kept, fire: instants.map((millis) => ({ ...Firing.firingOf(current, millis, "backfill"), runAt: now })) }
}
