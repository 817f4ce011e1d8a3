/**
 * What BullMQ's two backends have in common: the same Queue and Worker, concurrency as many as there
 * are slots, `addBulk`, finished jobs removed as https://docs.bullmq.io/guide/going-to-production and
 * https://docs.bullmq.io/guide/postgresql advise.
 */
import type { Queue } from "bullmq"
import type { BenchJob } from "../../src/Contender.ts"

/** Name of the queue and of its jobs. */
export const queueName = "bench"

/** Finished jobs are removed at once; failed ones stay. */
export const jobOptions = { removeOnComplete: true }

/** The name, data and options of a job. */
export const spec = (data: BenchJob) => ({ name: queueName, data, opts: jobOptions })

/** Jobs that are due and not finished. */
export const unfinished = (queue: Pick<Queue, "getJobCountByTypes">): Promise<number> =>
  queue.getJobCountByTypes("waiting", "active", "prioritized")

/** Runs a job. */
export const processor = (handle: (job: BenchJob) => void) => async (job: { readonly data: BenchJob }): Promise<void> =>
  handle(job.data)
