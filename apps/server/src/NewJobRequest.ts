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
  const { debounce, delay, tenant, throttle, timeout, ttl, unique, ...rest } = job
  return {
    ...rest,
    ...(tenant === undefined || tenant === null ? {} : { tenant }),
    ...(delay === undefined ? {} : { delay: toInput(delay) }),
    ...(timeout === undefined ? {} : { timeout: toInput(timeout) }),
    ...(ttl === undefined ? {} : { ttl: toInput(ttl) }),
    ...(unique === undefined ? {} : { unique: typeof unique === "string" ? unique : toUnique(unique) }),
    ...(throttle === undefined ? {} : { throttle: { ...throttle, period: toInput(throttle.period) } }),
    ...(debounce === undefined ? {} : { debounce: toDebounce(debounce) })
  }
}

const toUnique = (
  { period, ...rest }: Exclude<NonNullable<CreateJob.CreateJob["unique"]>, string>
): EnqueueOptions.UniqueOptions => ({ ...rest, ...(period === undefined ? {} : { period: toInput(period) }) })

const toDebounce = (
  { maxWait, wait, ...rest }: NonNullable<CreateJob.CreateJob["debounce"]>
): EnqueueOptions.DebounceOptions => ({
  ...rest,
  wait: toInput(wait),
  ...(maxWait === undefined ? {} : { maxWait: toInput(maxWait) })
})

/** The contract checked the text: it is a number, a space and a unit. */
const toInput = (text: string): Duration.Input => text as Duration.Input
