/**
 * effect-mq on PostgreSQL, set up as its README says: tables as drizzle-kit generates them from its
 * factories, `enqueueMany` for bulk, wake-ups by LISTEN/NOTIFY. Ten takers: the documentation leaves the number open,
 * more of them claim no faster here, and every wake-up wakes all.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Exit, Layer, ManagedRuntime, Redacted, Schema, Scope } from "effect"
import { Job, Worker } from "effect-mq"
import * as Mq from "effect-mq/drizzle-postgres"
import { readFile } from "node:fs/promises"
import { Pool } from "pg"
import type { Backlog, BenchJob, Contender, Target } from "../../src/Contender.ts"
import { cloneRows, tomorrow } from "./cloneRows.ts"

const takers = 10

class Bench extends Job.make("bench", {
  payload: {
    n: Schema.Number,
    at: Schema.Number,
    pad: Schema.String,
    tenant: Schema.optionalKey(Schema.String)
  },
  queue: "bench"
}) {}

const jobs = Mq.mqJobs()

const storeLayer = (target: Target) =>
  Mq.DrizzleJobStore.layer({
    jobs,
    attempts: Mq.mqJobAttempts(jobs),
    schedules: Mq.mqSchedules(),
    queues: Mq.mqQueueControl(),
    dedupe: Mq.mqDedupe(),
    flowChildren: Mq.mqFlowChildren(),
    flowOutbox: Mq.mqFlowOutbox()
  }).pipe(
    Layer.provide(PgClient.layer({ url: Redacted.make(target.postgresUrl), maxConnections: takers + 2 }))
  )

const createTables = async (pool: Pool): Promise<void> => {
  await pool.query(await readFile(new URL("effectMq.sql", import.meta.url), "utf8"))
}

const overrides = (backlog: Backlog): Record<string, string> => {
  const identity = { id: "'clone-' || g", seq: "nextval('effect_mq_jobs_seq_seq')" }
  if (backlog.kind === "scheduled") return { ...identity, run_at: tomorrow }
  if (backlog.kind === "finished") {
    return { ...identity, state: "'completed'", run_at: "now()", processed_at: "now()", finished_at: "now()" }
  }
  const payload = `t.payload || jsonb_build_object('n', ${backlog.from} + g - 1, 'tenant', '${backlog.tenant}')`
  return { ...identity, state: "'waiting'", run_at: "now()", payload }
}

const fill = async (pool: Pool, template: string, backlog: Backlog): Promise<boolean> => {
  const where = `t.id = '${template}'`
  await cloneRows(pool, { table: "effect_mq_jobs", where, count: backlog.count, set: overrides(backlog) })
  if (backlog.kind === "finished") {
    await pool.query(`insert into effect_mq_job_attempts (job_id, attempt, outcome, started_at, finished_at)
      select id, 1, 'completed', now(), now() from effect_mq_jobs where state = 'completed' on conflict do nothing`)
  }
  await pool.query(`delete from effect_mq_jobs t where ${where}`)
  return true
}

const unfinished = async (pool: Pool): Promise<number> => {
  const result = await pool.query<{ count: string }>(
    "select count(*) from effect_mq_jobs where state in ('waiting', 'active')"
  )
  return Number(result.rows[0]?.count)
}

const workerLayer = (handle: (job: BenchJob) => void) =>
  Bench.toLayer((payload) => Effect.sync(() => handle(payload)), { concurrency: takers }).pipe(
    Layer.provide(Worker.layer({ concurrency: takers }))
  )

export const make = (target: Target): Contender => {
  const pool = new Pool({ connectionString: target.postgresUrl, max: 2 })
  const runtime = ManagedRuntime.make(storeLayer(target))
  return {
    setup: () => createTables(pool),
    connect: () => runtime.runPromise(Effect.void),
    enqueue: (job) => runtime.runPromise(Effect.asVoid(Bench.enqueue(job))),
    enqueueMany: (many) => runtime.runPromise(Effect.asVoid(Bench.enqueueMany(many))),
    work: async (handle) => {
      const scope = Scope.makeUnsafe()
      await runtime.runPromise(Layer.buildWithScope(workerLayer(handle), scope))
      return { stop: () => runtime.runPromise(Scope.close(scope, Exit.void)) }
    },
    unfinished: () => unfinished(pool),
    fill: async (backlog) => {
      const job = { n: -1, at: 0, pad: "x".repeat(128) }
      const template = await runtime.runPromise(Bench.enqueue(job, { delay: "1 day" }))
      return await fill(pool, template, backlog)
    },
    close: async () => {
      await runtime.dispose()
      await pool.end()
    }
  }
}
