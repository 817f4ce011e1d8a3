/**
 * The endpoints of schedules, on the scheduler.
 *
 * @since 0.1.0
 */
import { Api, ApiError, Cursor, ResourceError, ScheduleView } from "@millrace/api"
import type { ScheduleRequest } from "@millrace/api"
import type { QueueError } from "@millrace/queue"
import { Scheduler } from "@millrace/scheduler"
import type { ScheduleError, ScheduleSpec } from "@millrace/scheduler"
import type { ScheduleRecord, ScheduleStorage, StorageError } from "@millrace/storage"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { KnownJobs } from "../KnownJobs.ts"
import * as NewJobRequest from "../NewJobRequest.ts"
import { Redactor } from "../Redactor.ts"
import * as StorageFailure from "../StorageFailure.ts"
import * as Position from "./Position.ts"

/** Instants of a preview when nobody says how many. */
const countDefault = 10

/**
 * The handlers of the group `schedules`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "schedules",
  Effect.fnUntraced(function*(handlers) {
    const scheduler = yield* Scheduler.Scheduler
    const known = yield* KnownJobs
    const redactor = yield* Redactor
    const view = (record: ScheduleRecord.ScheduleRecord) => ScheduleView.fromRecord(redactor.schedule(record))
    const shown = Effect.map(view)
    return handlers.handleAll({
      create: ({ payload: { job, name, ...rest } }) =>
        refuseUnfit(known, job).pipe(
          Effect.andThen(answered(scheduler.create({ name, job: NewJobRequest.from(job), ...specOf(rest) }))),
          shown
        ),
      list: ({ query }) => list(scheduler, view, query),
      get: ({ params }) => shown(answered(scheduler.get(params.name))),
      change: ({ params, payload: { job, ...rest } }) =>
        (job === undefined ? Effect.void : refuseUnfit(known, job)).pipe(
          Effect.andThen(answered(scheduler.update(params.name, {
            ...(job === undefined ? {} : { job: NewJobRequest.from(job) }),
            ...specOf(rest)
          }))),
          shown
        ),
      remove: ({ params }) => answered(scheduler.remove(params.name)),
      pause: ({ params }) => shown(answered(scheduler.pause(params.name))),
      resume: ({ params }) => shown(answered(scheduler.resume(params.name))),
      trigger: ({ params }) => answered(scheduler.trigger(params.name)),
      next: ({ params, query }) =>
        Effect.map(answered(scheduler.next(params.name, countOf(query))), (instants) => ({ instants })),
      preview: ({ payload: { after, count, ...timing } }) =>
        Effect.map(
          answered(scheduler.preview(
            specOf(timing),
            countOf({
              ...(after === undefined ? {} : { after }),
              ...(count === undefined ? {} : { count })
            })
          )),
          (instants) => ({ instants })
        ),
      backfill: ({ params, payload }) =>
        Effect.map(answered(scheduler.backfill(params.name, payload)), (items) => ({ items, nextCursor: null })),
      ticks: ({ params, query }) => ticks(scheduler, params.name, query)
    })
  })
)

const countOf = (query: typeof ScheduleRequest.PreviewQuery.Type) => ({
  count: query.count ?? countDefault,
  from: query.after
})

/** The contract checked the texts: each is a number, a space and a unit. */
const timeOf = (text: string): Duration.Input => text as Duration.Input

const specOf = (
  { every, jitter, misfire, ...rest }: Omit<ScheduleRequest.ChangeSchedule, "job">
): Omit<ScheduleSpec.ScheduleChange, "job"> => ({
  ...rest,
  ...(every === undefined ? {} : { every: timeOf(every) }),
  ...(jitter === undefined ? {} : { jitter: timeOf(jitter) }),
  ...(misfire === undefined ? {} : {
    misfire: typeof misfire === "string"
      ? misfire
      : { catchUp: { max: misfire.catchUp.max, window: timeOf(misfire.catchUp.window) } }
  })
})

const list = Effect.fnUntraced(function*(
  scheduler: Scheduler.Scheduler["Service"],
  view: (record: ScheduleRecord.ScheduleRecord) => ScheduleView.ScheduleView,
  query: {
    readonly cursor?: string
    readonly limit?: number
    readonly paused?: "true" | "false"
    readonly owner?: string
  }
) {
  const after = yield* Position.read(query.cursor)
  const filter: ScheduleStorage.ScheduleQuery = {
    limit: query.limit ?? Position.limitDefault,
    ...(after === null ? {} : { after }),
    ...(query.paused === undefined ? {} : { paused: query.paused === "true" }),
    ...(query.owner === undefined ? {} : { owner: query.owner === "" ? null : query.owner })
  }
  const page = yield* StorageFailure.answered(scheduler.list(filter))
  return {
    items: page.items.map(view),
    nextCursor: page.next === null ? null : Cursor.encodeText(page.next)
  }
})

const ticks = Effect.fnUntraced(function*(
  scheduler: Scheduler.Scheduler["Service"],
  schedule: string,
  query: { readonly cursor?: string; readonly limit?: number }
) {
  const before = yield* Position.read(query.cursor)
  const page = yield* StorageFailure.answered(
    scheduler.history({
      schedule,
      limit: query.limit ?? Position.limitDefault,
      ...(before === null ? {} : { before })
    })
  )
  return { items: page.items, nextCursor: page.next === null ? null : Cursor.encodeText(page.next) }
})

/** Fails when the name is unknown or the payload does not fit. */
const refuseUnfit = Effect.fnUntraced(function*(
  known: KnownJobs["Service"],
  job: typeof ScheduleRequest.RecurringJob.Type
): Effect.fn.Return<void, ApiError.UnknownJob | ApiError.InvalidPayload | StorageFailure.Answer> {
  const refusal = yield* StorageFailure.answered(known.check(job))
  if (refusal === null) return
  const { tag: _, ...details } = refusal.error
  const error = { ...details, field: `job.${details.field ?? ""}` }
  return yield* refusal._tag === "UnknownJob"
    ? new ApiError.UnknownJob({ error })
    : new ApiError.InvalidPayload({ error })
})

type Refusal =
  | ScheduleError.InvalidSchedule
  | ScheduleError.ScheduleExists
  | ScheduleError.ScheduleNotFound
  | ScheduleError.ScheduleOwned
  | QueueError.InvalidPayload
  | QueueError.InvalidOption
  | QueueError.UnknownJob
  | StorageError.StorageError

interface Answers {
  readonly InvalidSchedule: ResourceError.InvalidSchedule
  readonly ScheduleExists: ResourceError.ScheduleExists
  readonly ScheduleNotFound: ResourceError.ScheduleNotFound
  readonly ScheduleOwned: ResourceError.ScheduleOwned
  readonly InvalidPayload: ApiError.InvalidPayload
  readonly InvalidOption: ApiError.InvalidRequest
  readonly UnknownJob: ApiError.UnknownJob
  readonly StorageError: StorageFailure.Answer
}

/** Answers what the scheduler refuses. */
const answered = <A, E extends Refusal>(
  effect: Effect.Effect<A, E>
): Effect.Effect<A, Answers[E["_tag"]]> =>
  Effect.catch(
    effect,
    (error) => Effect.flatMap(toAnswer(error), (answer) => Effect.fail(answer as Answers[E["_tag"]]))
  )

const toAnswer = (error: Refusal): Effect.Effect<Answers[keyof Answers]> =>
  error._tag === "StorageError"
    ? Effect.flip(StorageFailure.refuse(error))
    : Effect.succeed(ofRefusal(error))

const ofRefusal = (
  error: Exclude<Refusal, StorageError.StorageError>
): Answers[Exclude<keyof Answers, "StorageError">] => {
  const { message } = error
  switch (error._tag) {
    case "InvalidSchedule":
      return new ResourceError.InvalidSchedule({ error: { message, field: error.field } })
    case "ScheduleExists":
      return new ResourceError.ScheduleExists({
        error: { message, field: "name", hint: `PATCH /api/v1/schedules/${error.name} changes it` }
      })
    case "ScheduleNotFound":
      return new ResourceError.ScheduleNotFound({ error: { message, hint: "GET /api/v1/schedules lists them" } })
    case "ScheduleOwned":
      return new ResourceError.ScheduleOwned({ error: { message } })
    case "InvalidPayload":
      return new ApiError.InvalidPayload({ error: { message, field: error.field.replace("$", "job.payload") } })
    case "InvalidOption":
      return new ApiError.InvalidRequest({ error: { message, field: `job.${error.field}` } })
    case "UnknownJob":
      return new ApiError.UnknownJob({ error: { message, field: "job.name" } })
  }
}
