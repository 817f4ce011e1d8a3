/**
 * From a job as the API takes it to a request of the queue.
 *
 * @since 0.1.0
 */
import type { CreateJob } from "@millrace/api"
import type { EnqueueOptions } from "@millrace/queue"
import type * as Duration from "effect/Duration"

/**
 * Converts a job that passed the contract. Fields that are absent stay absent: the definition's defaults hold.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const from = (job: CreateJob.CreateJob): EnqueueOptions.EncodedRequest => {
  const { delay, tenant, timeout, ...rest } = job
  return {
    ...rest,
    ...(tenant === undefined || tenant === null ? {} : { tenant }),
    ...(delay === undefined ? {} : { delay: toInput(delay) }),
    ...(timeout === undefined ? {} : { timeout: toInput(timeout) })
  }
}

/** The contract checked the text: it is a number, a space and a unit. */
const toInput = (text: string): Duration.Input => text as Duration.Input
