/**
 * The endpoints of jobs, on the queue.
 *
 * @since 0.1.0
 */
import { Api, ApiError, Cursor, JobFilter, JobView } from "@millrace/api"
import { Queue } from "@millrace/queue"
import type { QueueError } from "@millrace/queue"
import type { JobId, JobQuery, Storage, StorageError } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { KnownJobs } from "../KnownJobs.ts"
import * as StorageFailure from "../StorageFailure.ts"
import * as Creation from "./Creation.ts"

/**
 * The handlers of the group `jobs`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "jobs",
  Effect.fnUntraced(function*(handlers) {
    const queue = yield* Queue.Queue
    const known = yield* KnownJobs
    const creation = Creation.make(queue, known)
    return handlers.handleAll({
      create: ({ payload }) => creation.one(payload),
      createBatch: ({ payload }) => creation.many(payload.jobs),
      list: ({ query }) => list(queue, query),
      get: ({ params }) => Effect.map(found(queue.get(params.id)), JobView.fromRecord),
      attempts: ({ params }) => Effect.map(found(queue.history(params.id)), (items) => ({ items, nextCursor: null })),
      cancel: ({ params }) => Effect.flatMap(acted(queue.cancel(params.id)), toAction),
      retry: ({ params }) => Effect.flatMap(acted(queue.retry(params.id)), toAction),
      remove: ({ params }) => Effect.asVoid(acted(queue.remove(params.id))),
      types: () => Effect.map(StorageFailure.answered(known.all), (items) => ({ items, nextCursor: null }))
    })
  })
)

const list = Effect.fnUntraced(function*(queue: Queue.Queue["Service"], filter: JobFilter.JobFilter) {
  const before = filter.cursor === undefined ? Option.none() : Cursor.decode(filter.cursor)
  if (filter.cursor !== undefined && Option.isNone(before)) return yield* invalidCursor()
  const page = yield* StorageFailure.answered(queue.list(toQuery(filter, Option.getOrNull(before))))
  return {
    items: page.items.map(JobView.fromRecord),
    nextCursor: page.next === null ? null : Cursor.encode(page.next)
  }
})

/** The storage's name of "no tenant" is the empty text, as in the query string. */
const toQuery = (filter: JobFilter.JobFilter, before: JobId.JobId | null): JobQuery.JobQuery => ({
  limit: filter.limit ?? JobFilter.limitDefault,
  ...(before === null ? {} : { before }),
  ...(filter.state === undefined ? {} : { states: filter.state }),
  ...(filter.name === undefined ? {} : { names: filter.name }),
  ...(filter.queue === undefined ? {} : { queues: filter.queue }),
  ...(filter.tenant === undefined ? {} : { tenants: filter.tenant }),
  ...(filter.tag === undefined ? {} : { tags: filter.tag }),
  ...(filter.payload === undefined ? {} : { payload: filter.payload }),
  ...(filter.createdAfter === undefined ? {} : { createdAfter: filter.createdAfter }),
  ...(filter.createdBefore === undefined ? {} : { createdBefore: filter.createdBefore })
})

const invalidCursor = () =>
  new ApiError.InvalidCursor({
    error: {
      message: "The cursor is damaged, or was not written by this API",
      field: "cursor",
      hint: "Use the nextCursor of the page before as it is, or leave it out to start with the newest job"
    }
  })

const found = <A>(
  effect: Effect.Effect<A, QueueError.JobNotFound | StorageError.StorageError>
): Effect.Effect<A, ApiError.JobNotFound | StorageFailure.Answer> =>
  Effect.catch(
    effect,
    (error): Effect.Effect<never, ApiError.JobNotFound | StorageFailure.Answer> =>
      error._tag === "JobNotFound" ? Effect.fail(jobNotFound(error.id)) : StorageFailure.refuse(error)
  )

const acted = (
  action: Effect.Effect<
    Storage.TransitionResult,
    QueueError.JobNotFound | QueueError.IllegalTransition | StorageError.StorageError
  >
): Effect.Effect<
  Storage.TransitionResult,
  ApiError.JobNotFound | ApiError.IllegalTransition | StorageFailure.Answer
> =>
  Effect.catch(
    action,
    (error): ReturnType<typeof acted> =>
      error._tag === "IllegalTransition" ? Effect.fail(illegalTransition(error)) : found(Effect.fail(error))
  )

/** The queue answered neither a refusal nor a removal, so what is left is a state or a request. */
const toAction = ({ from, id, to }: Storage.TransitionResult): Effect.Effect<JobView.JobAction> =>
  to === "removed" || to === "refused"
    ? Effect.die(new Error(`Job ${id} was ${to} by an action that does neither`))
    : Effect.succeed({ id, from, to })

const jobNotFound = (id: JobId.JobId) =>
  new ApiError.JobNotFound({
    error: { message: `There is no job ${id}`, jobId: id, hint: "It never was, was deleted, or its history was pruned" }
  })

const hints = {
  cancel: "Only a job that is not completed or cancelled can be cancelled",
  retry: "Only a scheduled, retryable, dead or cancelled job can be retried",
  remove: "A running job can not be deleted: cancel it first"
}

const illegalTransition = ({ action, id, state }: QueueError.IllegalTransition) =>
  new ApiError.IllegalTransition({
    error: { message: `Job ${id} is ${state}: it can not ${action}`, jobId: id, hint: hints[action] }
  })
