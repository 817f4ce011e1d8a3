/**
 * Jobs that are checked now and stored later: what schedules keep.
 *
 * @since 0.1.0
 */
import type { NewJob } from "@millrace/storage/NewJob"
import type * as Result from "effect/Result"
import type { EncodedRequest, EnqueueOptions } from "./EnqueueOptions.ts"
import * as EncodedEnqueue from "./internal/encodedEnqueue.ts"
import * as NewJobs from "./internal/newJob.ts"
import * as JobDefaults from "./JobDefaults.ts"
import type { AnySchema, JobDefinition } from "./JobDefinition.ts"
import type { Registered } from "./JobRegistry.ts"
import type { InvalidOption, InvalidPayload, UnknownJob } from "./QueueError.ts"

/**
 * The job of a definition and a payload of its type, as `Job.enqueue` would store it with these `JobDefaults`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromPayload = <Payload extends AnySchema>(
  definition: JobDefinition<string, Payload>,
  payload: Payload["Type"],
  options: EnqueueOptions = {},
  defaults: JobDefaults.Values = JobDefaults.values
): Result.Result<NewJob, InvalidPayload | InvalidOption> => NewJobs.fromPayload(definition, payload, options, defaults)

/**
 * The job of a name and a payload that is JSON, as `Queue.enqueueEncoded` would store it with these `JobDefaults`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromEncoded = (
  registry: Registered,
  request: EncodedRequest,
  defaults: JobDefaults.Values = JobDefaults.values
): Result.Result<NewJob, InvalidPayload | InvalidOption | UnknownJob> =>
  EncodedEnqueue.toNewJob(registry, request, defaults)
