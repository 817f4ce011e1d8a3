/** Millrace under the same faults as its peers, with its defaults. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Job from "@millrace/queue/Job"
import * as Queue from "@millrace/queue/Queue"
import * as Worker from "@millrace/queue/Worker"
import * as PgHeart from "@millrace/storage-postgres/PgHeart"
import * as PgMigrations from "@millrace/storage-postgres/PgMigrations"
import * as PgStorage from "@millrace/storage-postgres/PgStorage"
import { Effect, Layer, Logger, ManagedRuntime, Redacted, Schema } from "effect"

const Numbered = Job.make("crash", { payload: { number: Schema.Int } })

const storageOf = (postgresUrl: string) =>
  Layer.merge(PgStorage.layer, PgHeart.layer).pipe(
    Layer.provideMerge(PgClient.layer({ url: Redacted.make(postgresUrl) })),
    Layer.provideMerge(Logger.layer([]))
  )

const unfinished = Effect.flatMap(
  PgClient.PgClient,
  (sql) =>
    sql.unsafe<{ readonly n: number }>(`select ((select count(*) from millrace.ready)
    + (select count(*) from millrace.suspect) + (select count(*) from millrace.scheduled)
    + (select coalesce(sum(remaining), 0) from millrace.lease))::int as n`)
)

/** The adapter, as `benchmarks/peers/src/crash/CrashPeer.ts` describes it. */
export const make = (postgresUrl: string) => {
  const runtime = ManagedRuntime.make(Queue.layer.pipe(Layer.provideMerge(storageOf(postgresUrl))))
  return {
    setup: async () => {
      await runtime.runPromise(PgMigrations.migrate())
    },
    connect: async () => {
      await runtime.runPromise(Effect.void)
    },
    enqueueMany: async (numbers: ReadonlyArray<number>) => {
      await runtime.runPromise(Numbered.enqueueAll(numbers.map((number) => ({ payload: { number } }))))
    },
    work: async (slots: number, handle: (number: number) => Promise<void>) => {
      const worker = ManagedRuntime.make(
        Numbered.toLayer(({ number }) => Effect.promise(() => handle(number))).pipe(
          Layer.provideMerge(Worker.layer({ concurrency: slots })),
          Layer.provideMerge(storageOf(postgresUrl))
        )
      )
      await worker.runPromise(Effect.void)
      return { stop: () => worker.dispose() }
    },
    unfinished: async () => (await runtime.runPromise(unfinished))[0]?.n ?? -1,
    close: () => runtime.dispose()
  }
}
