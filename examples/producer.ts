/**
 * A program that only enqueues, on the PostgreSQL that `DATABASE_URL` names: it needs the definition, and no worker.
 *
 * `MILLRACE_JOBS=examples/my-jobs.ts npm start` runs a worker that serves the job, and prints the address of its database.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Queue } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Config, Console, Effect, Layer } from "effect"
import { CloseDay } from "./my-jobs.ts"

const program = Effect.gen(function*() {
  const first = yield* CloseDay.enqueue({ storeId: "s1", day: "2026-11-22" }, {
    tenant: "s1",
    priority: "high",
    delay: "10 minutes",
    tags: ["end-of-day"]
  })
  yield* Console.log(`${first._tag}: the job is stored`)
  const second = yield* CloseDay.enqueue({ storeId: "s1", day: "2026-11-22" }, { tenant: "s1" })
  yield* Console.log(`${second._tag}: it is ${second.id === first.id ? "the same" : "another"}`)
})

const Database = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })
const Main = Queue.layer.pipe(
  Layer.provide(PgStorage.layer),
  Layer.provide(Database)
)

NodeRuntime.runMain(Effect.provide(program, Main))
