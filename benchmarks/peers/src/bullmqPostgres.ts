/**
 * BullMQ on PostgreSQL, tuned as https://docs.bullmq.io/guide/postgresql says: a pool as large as the
 * concurrency needs, `removeOnComplete`.
 */
import { createPostgresBackend, Queue, runMigrations, Worker } from "bullmq"
import { Pool } from "pg"
import type { Backlog, Contender, Target } from "../../src/Contender.ts"
import * as bullmq from "./bullmq.ts"
import { cloneRows } from "./cloneRows.ts"

const day = 86_400_000

const migrate = async (pool: Pool): Promise<void> => {
  const client = await pool.connect()
  await runMigrations(client)
  client.release()
}

const millis = "(extract(epoch from now()) * 1000)::bigint"

/** Ten connections: the default of pg, and on this project's machine more of them were slower. */
const connectionOf = (target: Target) => ({ connectionString: target.postgresUrl, max: 10 })

const makeQueue = (target: Target) =>
  new Queue(bullmq.queueName, { connection: connectionOf(target) }, createPostgresBackend)

type PostgresQueue = ReturnType<typeof makeQueue>

const fill = async (pool: Pool, queue: PostgresQueue, backlog: Backlog): Promise<boolean> => {
  // Finished jobs are removed: BullMQ, as tuned, keeps none.
  if (backlog.kind === "finished") return false
  const template = await queue.add("bench", { n: -1, at: 0, pad: "x".repeat(128) }, {
    ...bullmq.jobOptions,
    delay: day
  })
  const where = `t.id = '${template.id}'`
  const identity = { id: "'clone-' || g", seq: "nextval('bullmq.job_seq')" }
  const set = backlog.kind === "scheduled"
    ? { ...identity, process_at_ms: `${millis} + ${day} + g` }
    : {
      ...identity,
      state: "'waiting'",
      delay_ms: "0",
      process_at_ms: "null",
      data: `t.data || jsonb_build_object('n', ${backlog.from} + g - 1, 'tenant', '${backlog.tenant}')`
    }
  await cloneRows(pool, { table: "bullmq.job", where, count: backlog.count, set })
  await pool.query(`delete from bullmq.job t where ${where}`)
  return true
}

export const make = (target: Target): Contender => {
  const pool = new Pool({ connectionString: target.postgresUrl, max: 2 })
  const open: { queue: PostgresQueue | undefined } = { queue: undefined }
  const queue = (): PostgresQueue => {
    if (open.queue === undefined) throw new Error("connect first")
    return open.queue
  }
  return {
    setup: () => migrate(pool),
    connect: async () => {
      open.queue = makeQueue(target)
      await open.queue.waitUntilReady()
    },
    enqueue: async (job) => {
      await queue().add(bullmq.queueName, job, bullmq.jobOptions)
    },
    enqueueMany: async (jobs) => {
      await queue().addBulk(jobs.map(bullmq.spec))
    },
    work: async (handle) => {
      const options = { connection: connectionOf(target), concurrency: target.slots }
      const worker = new Worker(bullmq.queueName, bullmq.processor(handle), options, createPostgresBackend)
      worker.on("error", (error) => console.error(error))
      await worker.waitUntilReady()
      return { stop: () => worker.close() }
    },
    unfinished: () => bullmq.unfinished(queue()),
    fill: (backlog) => fill(pool, queue(), backlog),
    close: async () => {
      await open.queue?.close()
      await pool.end()
    }
  }
}
