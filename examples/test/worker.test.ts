import { assert, describe, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Queue } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Effect, Layer, Redacted } from "effect"
import { CloseDay } from "../my-jobs.ts"
import * as Example from "./support/Example.ts"
import * as Program from "./support/Program.ts"

const Producer = Queue.layer.pipe(
  Layer.provide(PgStorage.layerMigrated()),
  Layer.provideMerge(TestDatabase.layer)
)

layer(Producer, { excludeTestServices: true })("a worker with a module of jobs", (it) => {
  describe("millrace-worker --jobs examples/my-jobs.ts", () => {
    it.effect("runs the jobs of the module, and stops with exit code 0", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const worker = yield* Program.start("apps/worker/src/main.ts", ["--jobs", "examples/my-jobs.ts"], {
          DATABASE_URL: Redacted.value(url)
        })
        yield* worker.line(/worker ready/)
        assert.deepStrictEqual(yield* CloseDay.execute({ storeId: "s1", day: "2026-11-22" }), { turnover: 1234.5 })
        const error = yield* Effect.flip(CloseDay.execute({ storeId: "s2", day: "2026-11-22" }))
        assert.strictEqual(error._tag, "NoSuchStore")
        assert.strictEqual(yield* worker.stop, 0)
      }), 60_000)
  })

  describe("examples/producer.ts", () => {
    it.effect("stores a job for later, once", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const ended = yield* Example.run("producer", { DATABASE_URL: Redacted.value(url) })
        Example.assertSaid(ended, ["Enqueued: the job is stored", "Duplicate: it is the same"])
        const { items: [job] } = yield* Queue.Queue.use((queue) => queue.list({ tags: ["end-of-day"] }))
        assert.strictEqual(job?.state, "scheduled")
        assert.strictEqual(job?.tenant, "s1")
        assert.strictEqual(job?.priority, 30)
      }), 60_000)
  })
})
