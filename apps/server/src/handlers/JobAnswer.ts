/**
 * What a caller is answered when the queue refuses to read or steer a job.
 *
 * @since 0.1.0
 */
import { ApiError } from "@millrace/api"
import type { JobView } from "@millrace/api"
import type { QueueError } from "@millrace/queue"
import type { JobId, JobState, Storage, StorageError } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as StorageFailure from "../StorageFailure.ts"

/**
 * Answers a job that is not there, and a storage that fails.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const found = <A>(
  effect: Effect.Effect<A, QueueError.JobNotFound | StorageError.StorageError>
): Effect.Effect<A, ApiError.JobNotFound | StorageFailure.Answer> =>
  Effect.catch(
    effect,
    (error): Effect.Effect<never, ApiError.JobNotFound | StorageFailure.Answer> =>
      error._tag === "JobNotFound" ? Effect.fail(jobNotFound(error.id)) : StorageFailure.refuse(error)
  )

/**
 * Answers an action on a job: what became of it, or why it was refused.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const acted = (
  action: Effect.Effect<
    Storage.TransitionResult,
    QueueError.JobNotFound | QueueError.IllegalTransition | StorageError.StorageError | ApiError.InvalidRequest
  >
): Effect.Effect<
  Storage.TransitionResult,
  ApiError.JobNotFound | ApiError.IllegalTransition | StorageFailure.Answer
> =>
  Effect.catch(
    action,
    (error): ReturnType<typeof acted> => {
      if (error._tag === "InvalidRequest") return Effect.fail(error)
      return error._tag === "IllegalTransition"
        ? Effect.fail(illegalTransition(error.id, error.state, error.action))
        : found(Effect.fail(error))
    }
  )

/**
 * Shows what became of a job. The queue answers neither a refusal nor a removal here: what is left is a state or a
 * request.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const toAction = ({ from, id, to }: Storage.TransitionResult): Effect.Effect<JobView.JobAction> =>
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
  promote: "Only a scheduled or retryable job can be promoted",
  change: "Only a scheduled, retryable or available job can be changed, and none that waits to run alone",
  remove: "A running job can not be deleted: cancel it first"
}

const illegalTransition = (id: JobId.JobId, state: JobState.JobState, action: keyof typeof hints) =>
  new ApiError.IllegalTransition({
    error: { message: `Job ${id} is ${state}: it can not ${action}`, jobId: id, hint: hints[action] }
  })
