/** pg-boss under faults: heartbeats of ten seconds, the shortest that it allows; else its defaults. */
import { Pool } from "pg"
import { PgBoss } from "pg-boss"
import type { CrashPeer } from "./CrashPeer.ts"

const queue = "crash"

const makeBoss = (postgresUrl: string): PgBoss => {
  const boss = new PgBoss({
    connectionString: postgresUrl,
    max: 20,
    schedule: false,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5
  })
  boss.on("error", (error) => console.error(error))
  return boss
}

export const make = (postgresUrl: string): CrashPeer => {
  const pool = new Pool({ connectionString: postgresUrl, max: 2 })
  pool.on("error", (error) => console.error(error.message))
  const boss = makeBoss(postgresUrl)
  return {
    setup: async () => {
      const first = makeBoss(postgresUrl)
      await first.start()
      await first.createQueue(queue, { heartbeatSeconds: 10 })
      await first.stop({ graceful: false })
    },
    connect: async () => {
      await boss.start()
    },
    enqueueMany: async (numbers) => {
      await boss.insert(queue, numbers.map((number) => ({ data: { number } })))
    },
    work: async (slots, handle) => {
      await boss.work<{ readonly number: number }>(
        queue,
        { batchSize: 1, localConcurrency: slots, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
        async (jobs) => {
          for (const job of jobs) await handle(job.data.number)
        }
      )
      return { stop: () => boss.offWork(queue, { wait: true }) }
    },
    unfinished: async () => {
      const found = await pool.query<{ count: string }>(
        "select count(*) from pgboss.job where name = $1 and state < 'completed'",
        [queue]
      )
      return Number(found.rows[0]?.count)
    },
    close: async () => {
      await boss.stop({ graceful: false })
      await pool.end()
    }
  }
}
