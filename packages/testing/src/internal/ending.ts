/**
 * From the record of a job that has ended to what its caller gets: result, typed error, or why there is neither.
 */
import type { AnySchema, JobDefinition } from "@millrace/queue/JobDefinition"
import { JobCancelled, JobDead } from "@millrace/queue/QueueError"
import type { JobRecord } from "@millrace/storage/JobRecord"
import * as Effect from "effect/Effect"

/** The result of a completed job, the error of any other. */
export const of = <Success extends AnySchema, Error extends AnySchema>(
  { codec }: JobDefinition<string, AnySchema, Success, Error>,
  { error, id, result, state }: JobRecord
): Effect.Effect<Success["Type"], Error["Type"] | JobCancelled | JobDead> => {
  if (state === "cancelled") return Effect.fail(new JobCancelled({ id }))
  if (state === "completed") {
    const decoded = codec.decodeSuccess(result)
    return decoded._tag === "Fits" ? Effect.succeed(decoded.value) : Effect.fail(new JobDead({ id, failure: null }))
  }
  const decoded = error?.data === undefined ? undefined : codec.decodeError(error.data)
  const failure: Error["Type"] | JobDead = decoded?._tag === "Fits"
    ? decoded.value
    : new JobDead({ id, failure: error })
  return Effect.fail(failure)
}
