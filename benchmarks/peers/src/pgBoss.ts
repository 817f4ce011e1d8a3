/**
 * pg-boss, tuned as https://pgboss.io/api/workers says for many small jobs: batches of 500 (as many as graphile-worker's local queue holds), fetching
 * on while batches come back full, NOTIFY on for the queue, bulk enqueue with `insert`.
 */
import { Pool } from "pg"
import { PgBoss } from "pg-boss"
import type { Backlog, BenchJob, Contender, Target } from "../../src/Contender.ts"
import { cloneRows, tomorrow, tomorrowDate } from "./cloneRows.ts"

const queue = "bench"
const batchSize = 500

const makeBoss = (target: Target): PgBoss => {
  const boss = new PgBoss({
    connectionString: target.postgresUrl,
    max: 20,
    useListenNotify: true,
    schedule: false
  })
  boss.on("error", (error) => console.error(error))
  return boss
}

const jobTable = async (pool: Pool): Promise<string> => {
  const found = await pool.query<{ name: string }>(
    `select tableoid::regclass::text as name from pgboss.job where name = $1 limit 1`,
    [queue]
  )
  return found.rows[0]?.name ?? "pgboss.job"
}

const fill = async (pool: Pool, boss: PgBoss, backlog: Backlog): Promise<boolean> => {
  const id = await boss.send(queue, { n: -1, at: 0, pad: "x".repeat(128) }, { startAfter: tomorrowDate() })
  const data = backlog.kind === "ready"
    ? { data: `t.data || jsonb_build_object('n', ${backlog.from} + g - 1, 'tenant', '${backlog.tenant}')` }
    : {}
  const set = {
    scheduled: { id: "gen_random_uuid()", start_after: tomorrow },
    ready: { id: "gen_random_uuid()", start_after: "now()", created_on: "now()", ...data },
    finished: {
      id: "gen_random_uuid()",
      state: "'completed'",
      created_on: "now()",
      start_after: "now()",
      started_on: "now()",
      completed_on: "now()"
    }
  }[backlog.kind]
  const where = `t.id = '${id}'`
  await cloneRows(pool, { table: await jobTable(pool), where, count: backlog.count, set })
  await pool.query(`delete from pgboss.job t where ${where}`)
  return true
}

const unfinished = async (pool: Pool): Promise<number> => {
  const result = await pool.query<{ count: string }>(
    `select count(*) from pgboss.job where name = $1 and state < 'completed' and start_after <= now()`,
    [queue]
  )
  return Number(result.rows[0]?.count)
}

const startWorker = (boss: PgBoss, handle: (job: BenchJob) => void) =>
  boss.work<BenchJob>(queue, {
    batchSize,
    localConcurrency: 2,
    burstWhenBatchFull: true,
    pollingIntervalSeconds: 0.5,
    notifyPollingIntervalSeconds: 0.5
  }, async (jobs) => {
    for (const job of jobs) handle(job.data)
  })

export const make = (target: Target): Contender => {
  const pool = new Pool({ connectionString: target.postgresUrl, max: 2 })
  const boss = makeBoss(target)
  return {
    setup: async () => {
      const first = makeBoss(target)
      await first.start()
      await first.createQueue(queue, { notify: true })
      await first.stop({ graceful: false })
    },
    connect: async () => {
      await boss.start()
    },
    enqueue: async (job) => {
      await boss.send(queue, job)
    },
    enqueueMany: async (jobs) => {
      await boss.insert(queue, jobs.map((data) => ({ data })))
    },
    work: async (handle) => {
      await startWorker(boss, handle)
      return { stop: () => boss.offWork(queue, { wait: true }) }
    },
    unfinished: () => unfinished(pool),
    fill: (backlog) => fill(pool, boss, backlog),
    close: async () => {
      await boss.stop({ graceful: false })
      await pool.end()
    }
  }
}
