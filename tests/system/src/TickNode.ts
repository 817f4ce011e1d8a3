/**
 * A program that does nothing but fire schedules: one of many that may be killed at any instant. Its argument is the
 * name under which the database knows it.
 */
import { PgClient } from "@effect/sql-pg"
import { Scheduler } from "@millrace/scheduler"
import { PgScheduleStorage, PgStorage } from "@millrace/storage-postgres"
import { Config, Effect, Layer } from "effect"

const [name = "node"] = process.argv.slice(2)

const live = Scheduler.layer().pipe(
  Layer.provideMerge(PgScheduleStorage.layer),
  Layer.provide(PgStorage.layer),
  Layer.provide(PgClient.layerConfig({
    url: Config.Redacted("DATABASE_URL"),
    applicationName: Config.succeed(name),
    maxConnections: Config.succeed(3)
  }))
)

const main = Effect.gen(function*() {
  yield* Scheduler.Scheduler.use((scheduler) => scheduler.list({ limit: 1 }))
  console.log("ready")
  return yield* Effect.never
})

await Effect.runPromise(Effect.provide(main, live))
