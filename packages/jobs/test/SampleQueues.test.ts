import { assert, describe, it } from "@effect/vitest"
import { Job, Queue, Worker } from "@millrace/queue"
import { Scheduler } from "@millrace/scheduler"
import { MemorySampleStorage, MemoryScheduleStorage, MemoryStorage, SampleStorage, Storage } from "@millrace/storage"
import { Effect, Layer, Redacted, References } from "effect"
import { TestClock } from "effect/testing"
import * as AlertRules from "../src/AlertRules.ts"
import * as AlertTargets from "../src/AlertTargets.ts"
import * as AlertWebhook from "../src/AlertWebhook.ts"
import * as EmailHandler from "../src/EmailHandler.ts"
import * as Mailer from "../src/Mailer.ts"
import * as SampleQueues from "../src/SampleQueues.ts"
import * as SmtpSettings from "../src/SmtpSettings.ts"
import * as SystemJobs from "../src/SystemJobs.ts"
import { smtpServer } from "./smtpFixture.ts"
import { receiver } from "./webhookFixture.ts"

const Work = Job.make("Work", { payload: {}, queue: "work" })

const storages = Layer.merge(MemoryScheduleStorage.layer, MemorySampleStorage.layer).pipe(
  Layer.provideMerge(MemoryStorage.layer)
)

const thresholds = { ...AlertRules.defaults, depth: 2 }

describe("the samples", () => {
  it.effect("are taken every minute by an ordinary schedule", () =>
    Effect.gen(function*() {
      yield* Work.enqueueAll([{ payload: {} }, { payload: {} }])
      yield* TestClock.adjust("150 seconds")
      const scheduler = yield* Scheduler.Scheduler
      const { items } = yield* scheduler.list({})
      assert.deepStrictEqual(items.map(({ name, overlap }) => [name, overlap]), [["millrace-sample", "skip"]])
      assert.deepStrictEqual(items[0]?.job.payload, { thresholds: AlertRules.defaults, keepMillis: 14 * 86_400_000 })
      const { list } = yield* Storage.Storage
      const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* Effect.repeat(Effect.andThen(turn, TestClock.adjust("1 second")), { times: 20 })
      assert.isAbove((yield* list({ names: ["millrace-sample"], states: ["completed"] })).items.length, 0)
      const samples = yield* (yield* SampleStorage.SampleStorage).latest
      assert.deepStrictEqual(samples.map(({ queue }) => queue), ["", "millrace", "work"])
      assert.strictEqual(samples[2]?.counts.available, 2)
    }).pipe(Effect.provide(
      Layer.merge(SampleQueues.layer, SampleQueues.schedule()).pipe(
        Layer.provide(AlertTargets.layer()),
        Layer.provideMerge([
          Queue.layer,
          Scheduler.layer(),
          Worker.layer({ queues: [SystemJobs.queue], pollInterval: "1 second" })
        ]),
        Layer.provideMerge(storages)
      )
    )))

  it.effect("fire alerts once, enqueue who is told with them, and resolve them", () =>
    Effect.gen(function*() {
      yield* Work.enqueueAll([{ payload: {} }, { payload: {} }, { payload: {} }])
      const sample = SampleQueues.run({ thresholds, keepMillis: 86_400_000 })
      // Depth, and nobody who works: two alerts for a webhook and a mailbox each.
      assert.deepStrictEqual(yield* sample, { queues: 1, fired: 2, resolved: 0, told: 4 })
      yield* TestClock.adjust("1 minute")
      const queue = yield* Queue.Queue
      assert.deepInclude(yield* sample, { fired: 0, resolved: 0, told: 0 })
      const { items } = yield* queue.list({ queues: ["work"] })
      yield* queue.transition(items.map(({ id }) => id), { _tag: "Remove" })
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(yield* sample, { resolved: 2, told: 4 })
      const { alerts } = yield* SampleStorage.SampleStorage
      assert.deepStrictEqual((yield* alerts({ limit: 9 })).map(({ rule, state }) => [rule, state]), [
        ["no-worker", "resolved"],
        ["depth", "resolved"]
      ])
      const told = yield* queue.list({ queues: [SystemJobs.queue] })
      assert.lengthOf(told.items.filter(({ name }) => name === "email-notification"), 4)
    }).pipe(Effect.provide(
      Layer.merge(
        Queue.layer,
        AlertTargets.layer({ webhooks: ["https://example.com/hook"], email: "ops@example.com" })
      ).pipe(Layer.provideMerge(storages))
    )))

  it.live("have a webhook and a mailbox told by jobs", () =>
    Effect.gen(function*() {
      const hook = yield* receiver()
      const server = yield* smtpServer()
      const told = Layer.mergeAll(AlertWebhook.layer, EmailHandler.layer).pipe(
        Layer.provide(Mailer.layerSmtp(SmtpSettings.make({ host: "127.0.0.1", port: server.port }))),
        Layer.provideMerge(AlertTargets.layer({
          webhooks: [hook.url],
          secrets: [Redacted.make("0123456789abcdef")],
          mayBePrivate: true,
          email: "ops@example.com"
        })),
        Layer.provideMerge([Queue.layer, Worker.layer({ queues: [SystemJobs.queue], pollInterval: "20 millis" })]),
        Layer.provideMerge(storages),
        Layer.provide(Layer.succeed(References.MinimumLogLevel, "None"))
      )
      yield* Effect.gen(function*() {
        yield* Work.enqueue({})
        const result = yield* SampleQueues.run({ thresholds, keepMillis: 86_400_000 })
        assert.deepInclude(result, { fired: 1, told: 2 })
        const queue = yield* Queue.Queue
        const { items } = yield* queue.list({ queues: [SystemJobs.queue] })
        const ended = yield* Effect.forEach(items, ({ id }) => queue.awaitFinished(id))
        assert.deepStrictEqual(ended.map(({ state }) => state), ["completed", "completed"])
      }).pipe(Effect.provide(told))
      assert.deepInclude(JSON.parse(hook.received[0]?.body ?? "{}"), { rule: "no-worker", queue: "work", name: "Work" })
      assert.deepStrictEqual(server.received.map(({ to }) => to), [["ops@example.com"]])
      assert.include(server.received[0]?.source, "Subject: Alert: no-worker of work")
    }).pipe(Effect.scoped))
})
