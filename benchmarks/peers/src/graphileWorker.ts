/**
 * graphile-worker, tuned as https://worker.graphile.org/docs/performance says for many small jobs:
 * a local queue of 500, batched completion and failure without delay, pool of slots + 2.
 */
import type { Runner, WorkerUtils } from "graphile-worker"
import { Logger, makeWorkerUtils, run } from "graphile-worker"
import { Pool } from "pg"
import type { Backlog, BenchJob, Contender, Target } from "../../src/Contender.ts"
import { cloneRows, tomorrow } from "./cloneRows.ts"

const task = "bench"
const jobsTable = "graphile_worker._private_jobs"

// Each finished job is one line at level info by default: a benchmark of the console.
const logger = new Logger(() => (level, message) => {
  if (level === "error" || level === "warning") console.error(message)
})

const preset = (target: Target) => ({
  worker: {
    connectionString: target.postgresUrl,
    concurrentJobs: target.slots,
    maxPoolSize: target.slots + 2,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger
  }
})

const fill = async (pool: Pool, utils: WorkerUtils, backlog: Backlog): Promise<boolean> => {
  // A job that ends is deleted: graphile-worker keeps no finished rows.
  if (backlog.kind === "finished") return false
  const template = await utils.addJob(task, { n: -1, at: 0, pad: "x".repeat(128) }, {
    runAt: new Date(Date.now() + 86_400_000)
  })
  const where = `t.id = ${template.id}`
  await cloneRows(pool, {
    table: jobsTable,
    where,
    count: backlog.count,
    set: backlog.kind === "scheduled"
      ? { run_at: tomorrow }
      : {
        run_at: "now()",
        payload:
          `(t.payload::jsonb || jsonb_build_object('n', ${backlog.from} + g - 1, 'tenant', '${backlog.tenant}'))::json`
      }
  })
  await pool.query(`delete from ${jobsTable} t where ${where}`)
  return true
}

const unfinished = async (pool: Pool): Promise<number> => {
  const result = await pool.query<{ count: string }>(`select count(*) from ${jobsTable} where run_at <= now()`)
  return Number(result.rows[0]?.count)
}

export const make = (target: Target): Contender => {
  const pool = new Pool({ connectionString: target.postgresUrl, max: 2 })
  const open: { utils: WorkerUtils | undefined } = { utils: undefined }
  const utils = (): WorkerUtils => {
    if (open.utils === undefined) throw new Error("connect first")
    return open.utils
  }
  const start = (handle: (job: BenchJob) => void): Promise<Runner> =>
    run({ preset: preset(target), noHandleSignals: true, crontab: "" }, {
      [task]: async (payload) => handle(payload as BenchJob)
    })
  return {
    connect: async () => {
      open.utils = await makeWorkerUtils({ preset: preset(target) })
    },
    setup: async () => {
      const migrating = await makeWorkerUtils({ preset: preset(target) })
      await migrating.migrate()
      await migrating.release()
    },
    enqueue: async (job) => {
      await utils().addJob(task, job)
    },
    enqueueMany: async (jobs) => {
      await utils().addJobs(jobs.map((payload) => ({ identifier: task, payload })))
    },
    work: async (handle) => {
      const runner = await start(handle)
      return { stop: () => runner.stop() }
    },
    unfinished: () => unfinished(pool),
    fill: (backlog) => fill(pool, utils(), backlog),
    close: async () => {
      await open.utils?.release()
      await pool.end()
    }
  }
}
