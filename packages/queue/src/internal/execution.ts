/**
 * Enqueueing a job and waiting for its typed end.
 */
import type { JobRecord } from "@millrace/storage/JobRecord"
import * as Effect from "effect/Effect"
import type { EnqueueOptions } from "../EnqueueOptions.ts"
import type { AnySchema, JobDefinition } from "../JobDefinition.ts"
import { Queue } from "../Queue.ts"
import type { EnqueueError, JobNotFound } from "../QueueError.ts"
import { JobCancelled, JobDead } from "../QueueError.ts"
import { produceOne } from "./encodedEnqueue.ts"
import * as NewJobs from "./newJob.ts"

/** Enqueues a job (or joins the live one with its unique key) and waits for its end. */
export const execute = Effect.fnUntraced(function*<Success extends AnySchema, Error extends AnySchema>(
  definition: JobDefinition<string, AnySchema, Success, Error>,
  payload: unknown,
  options: EnqueueOptions
): Effect.fn.Return<
  Success["Type"],
  Error["Type"] | JobCancelled | JobDead | JobNotFound | EnqueueError,
  Queue
> {
  const queue = yield* Queue
  const order = yield* Effect.fromResult(NewJobs.orderPayload(definition, payload, options))
  const { id } = yield* produceOne(queue.produce, order)
  const record = yield* queue.awaitFinished(id)
  return yield* endOf(definition, record)
})

/** The result of a completed job, or the error of one that ended otherwise. */
const endOf = <Success extends AnySchema, Error extends AnySchema>(
  { codec }: JobDefinition<string, AnySchema, Success, Error>,
  record: JobRecord
): Effect.Effect<Success["Type"], Error["Type"] | JobCancelled | JobDead> => {
  if (record.state === "cancelled") return Effect.fail(new JobCancelled({ id: record.id }))
  if (record.state === "completed") {
    const decoded = codec.decodeSuccess(record.result)
    if (decoded._tag === "Fits") return Effect.succeed(decoded.value)
    const { detail, field } = decoded.misfit
    return Effect.fail(
      new JobDead({
        id: record.id,
        failure: {
          tag: "Undecodable",
          message: `The stored result does not fit the job's schema at ${field}: ${detail}`
        }
      })
    )
  }
  const data = record.error?.data
  const decoded = data === undefined ? undefined : codec.decodeError(data)
  const error: Error["Type"] | JobDead = decoded?._tag === "Fits"
    ? decoded.value
    : new JobDead({ id: record.id, failure: record.error })
  return Effect.fail(error)
}
