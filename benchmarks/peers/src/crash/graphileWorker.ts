/** graphile-worker under faults, with its defaults. */
import { Logger, makeWorkerUtils, run } from "graphile-worker"
import type { WorkerUtils } from "graphile-worker"
import { Pool } from "pg"
import type { CrashPeer } from "./CrashPeer.ts"

const task = "crash"

const logger = new Logger(() => (level, message) => {
  if (level === "error") console.error(message)
})

export const make = (postgresUrl: string): CrashPeer => {
  const pool = new Pool({ connectionString: postgresUrl, max: 2 })
  pool.on("error", (error) => console.error(error.message))
  const open: { utils: WorkerUtils | undefined } = { utils: undefined }
  const utils = (): Promise<WorkerUtils> => makeWorkerUtils({ connectionString: postgresUrl, logger })
  return {
    setup: async () => {
      const migrating = await utils()
      await migrating.migrate()
      await migrating.release()
    },
    connect: async () => {
      open.utils = await utils()
    },
    enqueueMany: async (numbers) => {
      await open.utils?.addJobs(numbers.map((number) => ({ identifier: task, payload: { number } })))
    },
    work: async (slots, handle) => {
      const runner = await run({
        connectionString: postgresUrl,
        concurrency: slots,
        maxPoolSize: slots + 2,
        noHandleSignals: true,
        logger,
        crontab: "",
        taskList: {
          [task]: (payload) => handle((payload as { readonly number: number }).number)
        }
      })
      return { stop: () => runner.stop() }
    },
    unfinished: async () => {
      const found = await pool.query<{ count: string }>("select count(*) from graphile_worker._private_jobs")
      return Number(found.rows[0]?.count)
    },
    close: async () => {
      await open.utils?.release()
      await pool.end()
    }
  }
}
