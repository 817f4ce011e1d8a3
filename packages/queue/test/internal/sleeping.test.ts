import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Ref, Schema } from "effect"
import * as CurrentJob from "../../src/CurrentJob.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const get = (id: Parameters<Queue.Queue["Service"]["get"]>[0]) => Queue.Queue.use((queue) => queue.get(id))

const minute = 60_000

/** Writes down what it does: an order, a sleep of a minute, an invoice, a sleep of two minutes, a reminder. */
const Order = Job.make("Order", { payload: { order: Schema.Int }, success: Schema.String })

const orderLive = (log: Ref.Ref<ReadonlyArray<string>>, fails: Ref.Ref<number>) => {
  const say = (line: string) => Ref.update(log, (all) => [...all, line])
  return Order.toLayer(({ order }) =>
    Effect.gen(function*() {
      yield* say("start")
      const receipt = yield* Job.sleep("cooling off", "1 minute", {
        before: Effect.as(say(`charge ${order}`), { at: 10n }),
        value: Schema.Struct({ at: Schema.BigInt })
      })
      const failsNow = yield* Ref.getAndUpdate(fails, (count) => count - 1)
      if (failsNow > 0) return yield* Effect.die("crash after the first sleep")
      yield* Job.sleep("reminder", "2 minutes", { before: say(`invoice ${receipt.at}`) })
      yield* say("remind")
      return `paid at ${receipt.at}`
    })
  )
}

describe("sleeping", () => {
  it.effect("goes on after the sleep without repeating what came before, and holds no slot meanwhile", () =>
    Effect.gen(function*() {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      const { worker } = yield* TestWorker.start(orderLive(log, yield* Ref.make(0)), { concurrency: 1 })
      const { id } = yield* Order.enqueue({ order: 7 })
      yield* settle
      assert.strictEqual((yield* get(id)).state, "scheduled")
      assert.strictEqual((yield* worker.health).running, 0)
      assert.deepStrictEqual(yield* Ref.get(log), ["start", "charge 7"])
      yield* pass(minute - 10_000)
      assert.deepStrictEqual(yield* Ref.get(log), ["start", "charge 7"])
      yield* pass(20_000)
      assert.deepStrictEqual(yield* Ref.get(log), ["start", "charge 7", "start", "invoice 10"])
      yield* pass(2 * minute + 10_000)
      const job = yield* get(id)
      assert.deepStrictEqual([job.state, job.result, job.failures], ["completed", "paid at 10", 0])
      assert.deepStrictEqual((yield* Ref.get(log)).slice(4), ["start", "remind"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("does not sleep again, nor repeat what came before, when a later line fails", () =>
    Effect.gen(function*() {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      yield* TestWorker.start(orderLive(log, yield* Ref.make(2)))
      const { id } = yield* Order.enqueue({ order: 1 })
      yield* settle
      yield* pass(minute + 60_000)
      assert.strictEqual((yield* get(id)).failures, 2)
      assert.deepStrictEqual(yield* Ref.get(log), ["start", "charge 1", "start", "start", "start", "invoice 10"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("goes on sleeping when the job is made available early", () =>
    Effect.gen(function*() {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      yield* TestWorker.start(orderLive(log, yield* Ref.make(0)))
      const { id } = yield* Order.enqueue({ order: 1 })
      yield* settle
      yield* pass(minute / 2)
      yield* Queue.Queue.use((queue) => queue.retry(id))
      yield* settle
      assert.strictEqual((yield* get(id)).state, "scheduled")
      yield* pass(minute / 2 + 10_000)
      assert.deepStrictEqual(yield* Ref.get(log), ["start", "charge 1", "start", "start", "invoice 10"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("sleeps on when the end of its attempt could not be written, and repeats nothing", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      storage.fault("settle", "hang", 1_000)
      const { id } = yield* Order.enqueue({ order: 1 })
      yield* TestWorker.start(orderLive(log, yield* Ref.make(0)))
      yield* settle
      // The checkpoint is written; what ended the attempt is not.
      assert.strictEqual((yield* get(id)).state, "running")
      assert.deepStrictEqual(yield* Ref.get(log), ["start", "charge 1"])
      storage.heal()
      yield* pass(60_000)
      assert.strictEqual((yield* get(id)).state, "scheduled")
      assert.deepStrictEqual((yield* Ref.get(log)).filter((line) => line.startsWith("charge")), ["charge 1"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("leaves the handler's own checkpoint alone", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<unknown>>([])
      const Walk = Job.make("Walk", { payload: {} })
      yield* TestWorker.start(Walk.toLayer(() =>
        Effect.gen(function*() {
          const job = yield* CurrentJob.CurrentJob
          const before = yield* job.checkpointed
          yield* Ref.update(seen, (all) => [...all, Option.getOrNull(before)])
          yield* job.checkpoint({ step: all(before) + 1 })
          yield* Job.sleep("nap", "1 minute")
        })
      ))
      const { id } = yield* Walk.enqueue({})
      yield* settle
      yield* pass(70_000)
      assert.strictEqual((yield* get(id)).state, "completed")
      assert.deepStrictEqual(yield* Ref.get(seen), [null, { step: 1 }])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("refuses a name, a duration and a value that can not be", () =>
    Effect.gen(function*() {
      const run = (sleep: Effect.Effect<unknown, unknown, CurrentJob.CurrentJob>) =>
        Effect.gen(function*() {
          const Bad = Job.make("Bad", { payload: {}, maxAttempts: 1 })
          const { id } = yield* Bad.enqueue({})
          const { stop } = yield* TestWorker.start(Bad.toLayer(() => Effect.orDie(sleep)))
          yield* settle
          yield* stop
          return (yield* get(id)).error?.message
        })
      assert.include(yield* run(Job.sleep("", "1 minute")), "Option sleep refused")
      assert.include(yield* run(Job.sleep("nap", -1)), "Option duration refused")
      const misfit = { before: Effect.succeed("three" as never), value: Schema.Int }
      assert.include(yield* run(Job.sleep("nap", "1 minute", misfit)), "Option sleep nap refused")
    }).pipe(Effect.provide(Layer.mergeAll(TestWorker.layer()))))
})

const all = (checkpoint: Option.Option<Schema.Json>): number =>
  (Option.getOrNull(checkpoint) as { readonly step: number } | null)?.step ?? 0
