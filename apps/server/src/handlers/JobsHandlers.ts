/**
 * The endpoints of jobs, on the queue.
 *
 * @since 0.1.0
 */
import { Api, ApiError, Cursor, JobFilter, JobView } from "@millrace/api"
import type { AdmissionView, CreateJob } from "@millrace/api"
import { Explanation, Queue } from "@millrace/queue"
import type { EnqueueOptions } from "@millrace/queue"
import type { JobId, JobQuery } from "@millrace/storage"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as CallerTrace from "../CallerTrace.ts"
import { KnownJobs } from "../KnownJobs.ts"
import * as StorageFailure from "../StorageFailure.ts"
import * as Creation from "./Creation.ts"
import * as JobAnswer from "./JobAnswer.ts"
import * as Position from "./Position.ts"

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
      create: ({ payload }) => CallerTrace.continued(creation.one(payload)),
      createBatch: ({ payload }) => CallerTrace.continued(creation.many(payload.jobs)),
      list: ({ query }) => list(queue, query),
      get: ({ params }) => Effect.map(JobAnswer.found(queue.get(params.id)), JobView.fromRecord),
      attempts: ({ params }) =>
        Effect.map(JobAnswer.found(queue.history(params.id)), (items) => ({ items, nextCursor: null })),
      logs: ({ params }) =>
        Effect.map(JobAnswer.found(queue.logs(params.id)), (items) => ({ items, nextCursor: null })),
      explain: ({ params }) => Effect.map(JobAnswer.found(queue.explain(params.id)), toExplanation),
      change: ({ params, payload }) =>
        Effect.andThen(
          JobAnswer.acted(Effect.catchTag(
            queue.change(params.id, toChange(payload)),
            "InvalidOption",
            ({ field, message }) => Effect.fail(new ApiError.InvalidRequest({ error: { field, message } }))
          )),
          Effect.map(JobAnswer.found(queue.get(params.id)), JobView.fromRecord)
        ),
      cancel: ({ params }) => Effect.flatMap(JobAnswer.acted(queue.cancel(params.id)), JobAnswer.toAction),
      retry: ({ params }) => Effect.flatMap(JobAnswer.acted(queue.retry(params.id)), JobAnswer.toAction),
      promote: ({ params }) => Effect.flatMap(JobAnswer.acted(queue.promote(params.id)), JobAnswer.toAction),
      remove: ({ params }) => Effect.asVoid(JobAnswer.acted(queue.remove(params.id))),
      types: () => Effect.map(StorageFailure.answered(known.all), (items) => ({ items, nextCursor: null }))
    })
  })
)

const list = Effect.fnUntraced(function*(queue: Queue.Queue["Service"], filter: JobFilter.JobFilter) {
  const before = filter.cursor === undefined ? Option.none() : Cursor.decode(filter.cursor)
  if (filter.cursor !== undefined && Option.isNone(before)) return yield* Position.damaged()
  const page = yield* StorageFailure.answered(queue.list(toQuery(filter, Option.getOrNull(before))))
  return {
    items: page.items.map(JobView.fromRecord),
    nextCursor: page.next === null ? null : Cursor.encode(page.next)
  }
})

/** The contract checked the text of the delay: it is a number, a space and a unit. */
const toChange = ({ delay, ...rest }: CreateJob.ChangeJob): EnqueueOptions.JobChange => ({
  ...rest,
  ...(delay === undefined ? {} : { delay: delay as Duration.Input })
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

const toExplanation = ({ reasons, ...rest }: Explanation.Explanation): AdmissionView.ExplanationView => ({
  ...rest,
  reasons: reasons.map(toReason)
})

const toReason = (reason: Explanation.Reason): AdmissionView.ReasonView => {
  const { _tag: tag, ...facts } = reason
  return { tag, text: Explanation.describe(reason), ...facts } as AdmissionView.ReasonView
}
