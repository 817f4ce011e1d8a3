/**
 * Millrace with its defaults: one queue, as many slots as the rules give, jobs kept for 30 days.
 */
import { PgClient } from "@effect/sql-pg"
import { Queue, Worker } from "@millrace/queue"
import { PgMigrations, PgStorage } from "@millrace/storage-postgres"
import { Storage } from "@millrace/storage/Storage"
import { Effect, Layer, Logger, ManagedRuntime, Redacted } from "effect"
import type { Backlog, BenchJob, Contender, Target } from "../Contender.ts"
import { Bench } from "./benchJob.ts"

const optionsOf = (job: BenchJob) => (job.tenant === undefined ? {} : { tenant: job.tenant })

const storageOf = (target: Target) =>
  PgStorage.layer.pipe(
    Layer.provideMerge(PgClient.layer({ url: Redacted.make(target.postgresUrl), maxConnections: 10 })),
    Layer.provideMerge(Logger.layer([]))
  )

const workerOf = (target: Target, handle: (job: BenchJob) => void) =>
  Bench.toLayer((job) => Effect.sync(() => handle(job))).pipe(
    Layer.provideMerge(Worker.layer({ queues: { default: { concurrency: target.slots } } })),
    Layer.provideMerge(storageOf(target))
  )

/** Rows as the driver writes them, made by the server. */
const fillText = (backlog: Backlog): string => {
  const common = `id, created_at, run_at, version, token, failures, crashes, max_attempts, priority, has_report,
    queue, tenant, name, payload`
  const values = (tenant: string, runAt: string) =>
    `g.id, now(), ${runAt}, 1, 0, 0, 0, 25, 50, false, 'default', ${tenant}, 'bench', g.payload`
  const rows = (first: number) =>
    `(select nextval('millrace.job_seq') as id,
      jsonb_build_object('n', ${first} + i - 1, 'at', 0, 'pad', repeat('x', 128)) as payload
    from generate_series(1, ${backlog.count}) i) g`
  switch (backlog.kind) {
    case "scheduled":
      return `insert into millrace.scheduled (${common}, retryable)
        select ${values("''", "now() + interval '1 day'")}, false from ${rows(0)}`
    case "finished":
      return `insert into millrace.finished (${common}, state, claimed_at, started_at, finished_at, attempt, worker_id)
        select ${values("''", "now()")}, 'completed', now(), now(), now(), 1, 'fill' from ${rows(0)}`
    case "ready":
      return `insert into millrace.ready (${common}, seq)
        select ${values(`'${backlog.tenant}'`, "now()")}, g.id from ${rows(backlog.from)}`
  }
}

const unfinishedText = `select ((select count(*) from millrace.ready) + (select count(*) from millrace.suspect)
  + (select count(*) from millrace.scheduled where run_at <= now())
  + (select coalesce(sum(remaining), 0) from millrace.lease))::int as n`

const query = (text: string) => Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe<{ readonly n: number }>(text))

export const make = (target: Target): Contender => {
  const runtime = ManagedRuntime.make(Queue.layer.pipe(Layer.provideMerge(storageOf(target))))
  return {
    setup: async () => {
      await runtime.runPromise(PgMigrations.migrate())
    },
    connect: async () => {
      await runtime.runPromise(Effect.flatMap(Storage, (storage) => storage.overview))
    },
    enqueue: async (job) => {
      await runtime.runPromise(Bench.enqueue(job, optionsOf(job)))
    },
    enqueueMany: async (jobs) => {
      await runtime.runPromise(Bench.enqueueAll(jobs.map((payload) => ({ payload, options: optionsOf(payload) }))))
    },
    work: async (handle) => {
      const worker = ManagedRuntime.make(workerOf(target, handle))
      await worker.runPromise(Effect.void)
      return { stop: () => worker.dispose() }
    },
    unfinished: async () => (await runtime.runPromise(query(unfinishedText)))[0]?.n ?? 0,
    fill: async (backlog) => {
      await runtime.runPromise(query(fillText(backlog)))
      await runtime.runPromise(query("vacuum analyze"))
      return true
    },
    close: () => runtime.dispose()
  }
}
