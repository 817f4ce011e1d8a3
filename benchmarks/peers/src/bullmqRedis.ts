/**
 * BullMQ on Redis, tuned as https://docs.bullmq.io/guide/going-to-production says: concurrency as many
 * as there are slots, `removeOnComplete`, a server with its append-only file flushed every second.
 */
import { Queue, Worker } from "bullmq"
import type { Backlog, BenchJob, Contender, Target } from "../../src/Contender.ts"
import * as bullmq from "./bullmq.ts"

const day = 86_400_000
const chunk = 1000

const fill = async (queue: Queue, backlog: Backlog): Promise<boolean> => {
  // Finished jobs are removed: BullMQ, as tuned, keeps none.
  if (backlog.kind === "finished") return false
  const pad = "x".repeat(128)
  const from = backlog.kind === "ready" ? backlog.from : -backlog.count
  const tenant = backlog.kind === "ready" ? { tenant: backlog.tenant } : {}
  const opts = backlog.kind === "ready" ? bullmq.jobOptions : { ...bullmq.jobOptions, delay: day }
  for (let first = 0; first < backlog.count; first += chunk) {
    const size = Math.min(chunk, backlog.count - first)
    const data = (offset: number): BenchJob => ({ n: from + first + offset, at: 0, pad, ...tenant })
    await queue.addBulk(
      Array.from({ length: size }, (_, offset) => ({ name: bullmq.queueName, data: data(offset), opts }))
    )
  }
  return true
}

export const make = (target: Target): Contender => {
  const connection = { url: target.redisUrl ?? "redis://127.0.0.1:6379" }
  const queue = new Queue(bullmq.queueName, { connection })
  return {
    setup: async () => undefined,
    connect: async () => {
      await queue.waitUntilReady()
    },
    enqueue: async (job) => {
      await queue.add(bullmq.queueName, job, bullmq.jobOptions)
    },
    enqueueMany: async (jobs) => {
      await queue.addBulk(jobs.map(bullmq.spec))
    },
    work: async (handle) => {
      const options = { connection, concurrency: target.slots }
      const worker = new Worker(bullmq.queueName, bullmq.processor(handle), options)
      worker.on("error", (error) => console.error(error))
      await worker.waitUntilReady()
      return { stop: () => worker.close() }
    },
    unfinished: () => bullmq.unfinished(queue),
    fill: (backlog) => fill(queue, backlog),
    close: () => queue.close()
  }
}
