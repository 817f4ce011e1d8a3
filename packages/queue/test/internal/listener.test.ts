import { assert, describe, it } from "@effect/vitest"
import { Storage } from "@millrace/storage/Storage"
import { StorageError, Unavailable } from "@millrace/storage/StorageError"
import { Effect, Layer, Logger, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: {} })

describe("listener", () => {
  it.effect("F26: opens a stream again that ended or failed, without haste, and never ends the worker", () =>
    Effect.gen(function*() {
      const opened = yield* Ref.make(0)
      const inner = yield* Storage
      const broken = Stream.unwrap(
        Effect.map(Ref.updateAndGet(opened, (n) => n + 1), (n) =>
          n % 2 === 0
            ? Stream.empty
            : Stream.fail(new StorageError({ reason: new Unavailable({ operation: "listen", detail: "cut" }) })))
      )
      yield* TestWorker.start(Work.toLayer(() => Effect.void)).pipe(
        Effect.provide(Layer.succeed(Storage, { ...inner, events: broken })),
        Effect.provideService(Logger.CurrentLoggers, new Set())
      )
      yield* TestClock.adjust("60 seconds")
      assert.isAtLeast(yield* Ref.get(opened), 20)
      assert.isAtMost(yield* Ref.get(opened), 140)
      const { id } = yield* Work.enqueue({})
      yield* pass(1_500)
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("looks at everything when a connection begins anew", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { pollInterval: "1 hour" })
      yield* pass(500)
      const before = ["claim", "promote", "renew"].map((method) => storage.count(method as "claim"))
      yield* storage.publish({ _tag: "Connected" })
      yield* settle
      const after = ["claim", "promote", "renew"].map((method) => storage.count(method as "claim"))
      assert.deepStrictEqual(after.map((count, index) => count > (before[index] ?? 0)), [true, true, true])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("wakes only for what concerns this worker", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { pollInterval: "1 hour", maintenance: false })
      yield* pass(500)
      const before = storage.calls.length
      yield* storage.publish({ _tag: "Available", queue: "other" })
      yield* storage.publish({ _tag: "CancelRequested", workerId: "other" })
      yield* storage.publish({ _tag: "Finished", ids: [] })
      yield* settle
      assert.strictEqual(storage.calls.length, before)
      yield* storage.publish({ _tag: "Available", queue: "default" })
      yield* settle
      assert.strictEqual(storage.calls.length, before + 1)
    }).pipe(Effect.provide(TestWorker.layer())))
})
