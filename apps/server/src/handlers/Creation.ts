/**
 * Creating jobs: every one is checked before any is stored.
 *
 * @since 0.1.0
 */
import { ApiError } from "@millrace/api"
import type { CreateJob } from "@millrace/api"
import type { Queue, QueueError } from "@millrace/queue"
import type { NewJob } from "@millrace/storage"
import * as Effect from "effect/Effect"
import type { KnownJobs } from "../KnownJobs.ts"
import * as NewJobRequest from "../NewJobRequest.ts"
import * as StorageFailure from "../StorageFailure.ts"

type Refusal = ApiError.UnknownJob | ApiError.InvalidPayload | StorageFailure.Answer

/**
 * Makes the two ways to create jobs: one, or many at once, all or none.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (queue: Queue.Queue["Service"], known: KnownJobs["Service"]) => ({
  one: Effect.fnUntraced(function*(job: CreateJob.CreateJob): Effect.fn.Return<CreateJob.CreatedJob, Refusal> {
    yield* refuseUnfit(known, job, "")
    const result = yield* Effect.catch(queue.enqueueEncoded(NewJobRequest.from(job)), refuse)
    return toCreated(result)
  }),
  many: Effect.fnUntraced(function*(
    jobs: ReadonlyArray<CreateJob.CreateJob>
  ): Effect.fn.Return<typeof CreateJob.CreatedBatch.Type, Refusal> {
    for (const [index, job] of jobs.entries()) yield* refuseUnfit(known, job, `jobs[${index}].`)
    const results = yield* Effect.catch(queue.enqueueAllEncoded(jobs.map(NewJobRequest.from)), refuse)
    return { jobs: results.map(toCreated) }
  })
})

/** Fails when the name is unknown or the payload does not fit. `prefix` is where the job stands in the body. */
const refuseUnfit = Effect.fnUntraced(function*(
  known: KnownJobs["Service"],
  job: CreateJob.CreateJob,
  prefix: string
): Effect.fn.Return<void, Refusal> {
  const refusal = yield* StorageFailure.answered(known.check(job))
  if (refusal !== null) return yield* at(refusal, prefix)
})

const at = (
  refusal: ApiError.UnknownJob | ApiError.InvalidPayload,
  prefix: string
): Effect.Effect<never, ApiError.UnknownJob | ApiError.InvalidPayload> => {
  const { tag: _, ...details } = refusal.error
  const error = { ...details, field: `${prefix}${details.field ?? ""}` }
  return refusal._tag === "UnknownJob"
    ? Effect.fail(new ApiError.UnknownJob({ error }))
    : Effect.fail(new ApiError.InvalidPayload({ error }))
}

const outcomes = { Enqueued: "enqueued", Duplicate: "duplicate", Replaced: "replaced" } as const

const toCreated = ({ _tag, id }: NewJob.InsertResult): CreateJob.CreatedJob => ({ id, outcome: outcomes[_tag] })

/** What the queue refuses although the contract and the definition let it pass: sizes, above all. */
const refuse = (
  error: QueueError.EnqueueError | QueueError.UnknownJob
): Effect.Effect<never, Refusal> => {
  switch (error._tag) {
    case "StorageError":
      return StorageFailure.refuse(error)
    case "InvalidPayload":
      return Effect.fail(
        new ApiError.InvalidPayload({ error: { message: error.message, field: error.field.replace("$", "payload") } })
      )
    case "InvalidOption":
      return Effect.fail(new ApiError.InvalidRequest({ error: { message: error.message, field: error.field } }))
    case "UnknownJob":
      return Effect.fail(new ApiError.UnknownJob({ error: { message: error.message, field: "name" } }))
  }
}
