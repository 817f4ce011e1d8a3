/**
 * A program that enqueues one unique key 50 times at once, when all of its kind are ready: they wait for a file.
 */
import { PgClient } from "@effect/sql-pg"
import { Queue } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Config, Effect, Layer } from "effect"
import { existsSync } from "node:fs"
import { Only } from "./AdmissionJobs.ts"

const [barrier = ""] = process.argv.slice(2)

const live = Queue.layer.pipe(
  Layer.provide(PgStorage.layer),
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)

const main = Effect.gen(function*() {
  // Connected before the race begins.
  yield* Queue.Queue.use((queue) => queue.list({ limit: 1 }))
  console.log("ready")
  while (!existsSync(barrier)) yield* Effect.sleep(1)
  const results = yield* Effect.all(
    Array.from({ length: 50 }, () => Only.enqueue({}, { unique: "the one" })),
    { concurrency: "unbounded" }
  )
  console.log(`answers ${JSON.stringify(results)}`)
})

await Effect.runPromise(Effect.provide(main, live))
