/**
 * Encrypted payloads on real PostgreSQL: what lies in the tables, and what those with the key see.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Job, PayloadCodec, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { Scheduler } from "@millrace/scheduler"
import type { JobId } from "@millrace/storage"
import { PgScheduleStorage, PgStorage } from "@millrace/storage-postgres"
import { DateTime, Effect, Layer, Logger, Redacted, Schema } from "effect"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as Wait from "../src/Wait.ts"

const live = PgScheduleStorage.layer.pipe(
  Layer.provideMerge(PgStorage.layerMigrated()),
  Layer.provideMerge(TestDatabase.layer),
  Layer.provideMerge(Logger.layer([]))
)

const keyOf = (id: string, byte: number): PayloadCodec.Key => ({
  id,
  secret: Redacted.make(Buffer.alloc(32, byte).toString("base64"))
})

const old = PayloadCodec.aes256gcm({ keys: [keyOf("old", 1)] })
const rotated = PayloadCodec.aes256gcm({ keys: [keyOf("new", 2), keyOf("old", 1)] })

const secret = "tulip"

const Tell = Job.make("Tell", {
  payload: { text: Schema.String },
  success: Schema.String,
  error: Schema.String,
  maxAttempts: 2,
  retry: RetryPolicy.fixed("10 millis")
})

const tell = Tell.toLayer(({ text }, job) =>
  Effect.gen(function*() {
    yield* job.progress(0.5, `telling ${text}`)
    yield* job.log(`telling ${text}`)
    yield* job.checkpoint({ text })
    return text.startsWith("bad") ? yield* Effect.fail(`no ${text}`) : `told ${text}`
  })
)

/** A queue, a worker and a scheduler of their own, with a codec. */
const program = (codec: PayloadCodec.Codec | null) =>
  tell.pipe(
    Layer.provideMerge([
      Layer.fresh(Queue.layer),
      Layer.fresh(Scheduler.layer({ pollInterval: "100 millis" })),
      Layer.fresh(Worker.layer({ pollInterval: "50 millis", graceDuration: "100 millis" }))
    ]),
    Layer.provide(PayloadCodec.layer(codec))
  )

const ended = (id: JobId.JobId, state: string) =>
  Wait.until(
    `job ${id} to be ${state}`,
    "30 seconds",
    Queue.Queue.use((queue) => queue.get(id)),
    (job) => job.state === state
  )

/** Every row of every table, as text. */
const everything = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const tables = yield* sql<{ readonly name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema = 'millrace'`
  assert.isAbove(tables.length, 20)
  const texts = yield* Effect.forEach(
    tables,
    ({ name }) => sql.unsafe<{ readonly text: string }>(`select t::text as text from ${name} t`)
  )
  return texts.flat().map(({ text }) => text).join("\n")
})

layer(live, { excludeTestServices: true, timeout: "90 seconds" })("encrypted payloads on PostgreSQL", (it) => {
  it.effect("leave nothing readable in any table, through attempts, reports, failures and schedules", () =>
    Effect.gen(function*() {
      const soon = DateTime.formatIso(DateTime.add(yield* DateTime.now, { seconds: 1 }))
      const ids = yield* Effect.gen(function*() {
        const good = yield* Tell.enqueue({ text: secret }, { unique: "plain key", tags: ["plain tag"] })
        const bad = yield* Tell.enqueue({ text: `bad ${secret}` })
        yield* Tell.enqueue({ text: secret }, { delay: "1 hour" })
        const scheduler = yield* Scheduler.Scheduler
        yield* scheduler.create({ name: "once", at: soon, job: { name: "Tell", payload: { text: secret } } })
        assert.strictEqual((yield* ended(good.id, "completed")).result, `told ${secret}`)
        assert.strictEqual((yield* ended(bad.id, "dead")).error?.data, `no bad ${secret}`)
        const fired = yield* Wait.until(
          "the tick of the schedule",
          "30 seconds",
          scheduler.history({ schedule: "once" }),
          ({ items }) => items.length === 1
        )
        const byTick = fired.items[0]?.jobId as JobId.JobId
        assert.strictEqual((yield* ended(byTick, "completed")).result, `told ${secret}`)
        const queue = yield* Queue.Queue
        assert.strictEqual((yield* queue.logs(good.id))[0]?.message, `telling ${secret}`)
        assert.lengthOf(yield* queue.history(bad.id), 2)
        return [good.id, bad.id, byTick]
      }).pipe(Effect.provide(program(old)))

      const text = yield* everything
      assert.notInclude(text, secret)
      for (const plain of ["plain key", "plain tag", ...ids]) assert.include(text, plain)
    }))

  it.effect("are read after a rotation; without their key their jobs are quarantined until they are released", () =>
    Effect.gen(function*() {
      const { id } = yield* Effect.provide(
        Tell.enqueue({ text: secret }),
        Queue.layer.pipe(Layer.provide(PayloadCodec.layer(old)))
      )
      const record = yield* Effect.provide(ended(id, "quarantined"), program(null))
      assert.include(record.error?.message, "there are no keys here")
      yield* Effect.gen(function*() {
        yield* Queue.Queue.use((queue) => queue.retry(id))
        assert.strictEqual((yield* ended(id, "completed")).result, `told ${secret}`)
      }).pipe(Effect.provide(program(rotated)))
      assert.notInclude(yield* everything, secret)
    }))
})

layer(Layer.fresh(TestDatabase.layer), { excludeTestServices: true, timeout: "3 minutes" })(
  "server and worker with MILLRACE_PAYLOAD_KEYS",
  (it) => {
    it.effect(
      "store nothing readable, run the job, and show it but for what its schema marks",
      () =>
        Effect.gen(function*() {
          const { url: database } = yield* TestDatabase.TestDatabase
          const environment = {
            MILLRACE_JOBS: Harness.secretJobs,
            MILLRACE_PAYLOAD_KEYS: `2026:${Buffer.alloc(32, 3).toString("base64")}`
          }
          const server = yield* Harness.startServer({ database, environment })
          const worker = yield* Harness.startWorker({ database, environment })
          yield* worker.printed(/worker ready/, "1 minute")
          const client = yield* JobClient.make(server.url)
          const id = yield* JobClient.create(client, "whisper", { text: secret, to: "Ada" })
          const job = yield* JobClient.inState(client, id, ["completed", "quarantined", "dead"], "1 minute")
          assert.strictEqual(job.state, "completed")
          assert.deepStrictEqual(job.payload, { text: "<redacted>", to: "Ada" })
          assert.deepStrictEqual(job.result, { heard: secret, letters: secret.length })
          const { items: [line] } = yield* client.jobs.logs({ params: { id } })
          assert.strictEqual(line?.message, `whispering to Ada: ${secret}`)
          assert.notInclude(yield* everything, secret)
          assert.notInclude(server.output() + worker.output(), secret)
        }),
      120_000
    )

    it.effect("do not start with keys that can not be, and say why without the secret", () =>
      Effect.gen(function*() {
        const { url: database } = yield* TestDatabase.TestDatabase
        const half = Buffer.alloc(16, 7).toString("base64")
        const worker = yield* Harness.startWorker({ database, environment: { MILLRACE_PAYLOAD_KEYS: `2026:${half}` } })
        assert.deepInclude(yield* worker.exit, { code: 1 })
        assert.match(
          worker.output(),
          /MILLRACE_PAYLOAD_KEYS is wrong: .*the secret of key 1 \(2026\) is not the base64 of 32/
        )
        assert.notInclude(worker.output(), half)
      }), 60_000)
  }
)
