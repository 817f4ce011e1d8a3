import { assert, layer } from "@effect/vitest"
import { AlertRules, AlertTargets, SampleQueues, SystemJobs } from "@millrace/jobs"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Job, Queue } from "@millrace/queue"
import { SampleStorage } from "@millrace/storage"
import { PgMigrations, PgSampleStorage, PgScheduleStorage, PgStorage } from "@millrace/storage-postgres"
import { Effect, Layer } from "effect"

const Work = Job.make("Work", { payload: {}, queue: "work" })

const storages = Layer.merge(PgScheduleStorage.layer, PgSampleStorage.layer).pipe(
  Layer.provideMerge(PgStorage.layer),
  Layer.provide(Layer.effectDiscard(PgMigrations.migrate())),
  Layer.provideMerge(Layer.fresh(TestDatabase.layer))
)

const told = AlertTargets.layer({ webhooks: ["https://example.com/hook"], email: "ops@example.com" })

const program = Layer.merge(Queue.layer, told).pipe(Layer.provideMerge(storages))

layer(program, { excludeTestServices: true, timeout: 60_000 })("a sample on PostgreSQL", (it) => {
  it.effect("fires an alert together with the jobs that tell of it, and only once", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { alerts, latest } = yield* SampleStorage.SampleStorage
      yield* Work.enqueueAll([{ payload: {} }, { payload: {} }])
      const sample = SampleQueues.run({ thresholds: { ...AlertRules.defaults, depth: 1 }, keepMillis: 86_400_000 })
      assert.deepStrictEqual(yield* sample, { queues: 1, fired: 2, resolved: 0, told: 4 })
      assert.deepInclude(yield* sample, { fired: 0, resolved: 0, told: 0 })
      assert.lengthOf((yield* queue.list({ queues: [SystemJobs.queue] })).items, 4)
      assert.sameMembers((yield* alerts({ limit: 9 })).map(({ rule }) => rule), ["depth", "no-worker"])
      const work = (yield* latest).find((each) => each.queue === "work")
      assert.strictEqual(work?.counts.available, 2)
    }))
})
