/** BullMQ on PostgreSQL under faults, with its defaults. */
import { createPostgresBackend, Queue, runMigrations, Worker } from "bullmq"
import { Pool } from "pg"
import type { CrashPeer } from "./CrashPeer.ts"

const queueName = "crash"

const makeQueue = (connection: { readonly connectionString: string; readonly max: number }) =>
  new Queue(queueName, { connection }, createPostgresBackend)

export const make = (postgresUrl: string): CrashPeer => {
  const pool = new Pool({ connectionString: postgresUrl, max: 2 })
  pool.on("error", (error) => console.error(error.message))
  const connection = { connectionString: postgresUrl, max: 10 }
  const open: { queue: ReturnType<typeof makeQueue> | undefined } = { queue: undefined }
  return {
    setup: async () => {
      const client = await pool.connect()
      await runMigrations(client)
      client.release()
    },
    connect: async () => {
      open.queue = makeQueue(connection)
      open.queue.on("error", (error) => console.error(error.message))
      await open.queue.waitUntilReady()
    },
    enqueueMany: async (numbers) => {
      await open.queue?.addBulk(numbers.map((number) => ({ name: queueName, data: { number } })))
    },
    work: async (slots, handle) => {
      const worker = new Worker(
        queueName,
        (job: { readonly data: { readonly number: number } }) => handle(job.data.number),
        { connection, concurrency: slots },
        createPostgresBackend
      )
      worker.on("error", (error) => console.error(error.message))
      await worker.waitUntilReady()
      return { stop: () => worker.close() }
    },
    unfinished: async () => await open.queue?.getJobCountByTypes("waiting", "active", "prioritized", "delayed") ?? -1,
    close: async () => {
      await open.queue?.close()
      await pool.end()
    }
  }
}
