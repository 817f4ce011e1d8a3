import { assert, describe, it } from "@effect/vitest"
import { MemoryStorage } from "@millrace/storage"
import type { ClaimOptions } from "@millrace/storage/Claim"
import { Deferred, Effect, Layer, Logger, Schedule } from "effect"
import * as Job from "../../src/Job.ts"
import { ProcessLoad } from "../../src/ProcessLoad.ts"
import * as Queue from "../../src/Queue.ts"
import * as Worker from "../../src/Worker.ts"
import type { WorkerOptions } from "../../src/WorkerOptions.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const Work = Job.make("Work", { payload: {}, timeout: "1 day" })

/** A worker of jobs that last, in a process as busy as the test says. */
const working = Effect.fnUntraced(function*(
  count: number,
  options: WorkerOptions,
  handler: Effect.Effect<void> = Effect.never
) {
  const process = { load: 0 }
  const { worker } = yield* Effect.provideService(
    TestWorker.start(Work.toLayer(() => handler), options),
    ProcessLoad,
    () => () => process.load
  )
  yield* Work.enqueueAll(Array.from({ length: count }, () => ({ payload: {} })))
  yield* TestWorker.settle
  const slots = Effect.map(worker.health, ({ slots }) => slots.map(({ slots }) => slots))
  return { process, worker, slots }
})

const registered = Effect.map(
  Queue.Queue.use((queue) => queue.overview),
  ({ workers }) => workers.map(({ info }) => info.concurrency)
)

/** Lets the adjuster look so often. */
const looks = (count: number) => Effect.repeat(TestWorker.pass(1000), { times: count - 1 })

describe("adjuster", () => {
  it.effect("gives a queue more slots while jobs wait for them, up to the most, and tells the storage", () =>
    Effect.gen(function*() {
      const { slots, worker } = yield* working(100, { concurrency: { min: 2, max: 8 } })
      assert.deepStrictEqual(yield* slots, [2])
      assert.deepStrictEqual(yield* registered, [2])
      assert.strictEqual((yield* worker.health).running, 2)
      yield* looks(2)
      assert.deepStrictEqual(yield* slots, [4])
      assert.strictEqual((yield* worker.health).running, 4)
      yield* looks(10)
      assert.deepInclude(yield* worker.health, {
        capacity: 8,
        running: 8,
        slots: [{ queue: "default", slots: 8, running: 8, min: 2, max: 8 }]
      })
      assert.deepStrictEqual(yield* registered, [8])
    }).pipe(Effect.scoped, Effect.provide(TestWorker.layer())))

  it.effect("gives no more than the process can bear, and takes slots away when it is saturated, but ends nothing", () =>
    Effect.gen(function*() {
      const { process, slots, worker } = yield* working(100, { concurrency: { min: 2, max: 8 } })
      yield* looks(12)
      process.load = 0.8
      yield* looks(5)
      assert.deepStrictEqual(yield* slots, [8])
      process.load = 1
      yield* looks(12)
      assert.deepStrictEqual(yield* slots, [2])
      assert.strictEqual((yield* worker.health).running, 8)
      assert.deepStrictEqual(yield* registered, [2])
    }).pipe(Effect.scoped, Effect.provide(TestWorker.layer())))

  it.effect("starts what was claimed for free slots, although they were taken away meanwhile", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const first = yield* Deferred.make<void>()
      let starts = 0
      const { process, slots, worker } = yield* working(
        16,
        { concurrency: { min: 2, max: 8 }, prefetch: 0 },
        Effect.suspend(() => ++starts <= 8 ? Deferred.await(first) : Effect.never)
      )
      yield* looks(12)
      assert.deepStrictEqual(yield* slots, [8])
      const answers = storage.holdAnswers("claim")
      yield* Deferred.succeed(first, undefined)
      yield* TestWorker.settle
      const claim = storage.calls.findLast(({ method }) => method === "claim")?.input as ClaimOptions
      assert.deepStrictEqual([claim.limit, claim.slots], [8, 8])
      process.load = 1
      yield* looks(6)
      assert.deepStrictEqual(yield* slots, [2])
      yield* answers.open
      yield* TestWorker.settle
      // The storage counts them as started: none of them may wait.
      assert.deepInclude(yield* worker.health, { running: 8, buffered: 0 })
    }).pipe(Effect.scoped, Effect.provide(TestWorker.layer())))

  it.effect("takes slots away when the work is done", () =>
    Effect.gen(function*() {
      const { slots } = yield* working(30, { concurrency: { min: 1, max: 16 } }, Effect.sleep("3 seconds"))
      yield* looks(8)
      const [most = 0] = yield* slots
      assert.isAbove(most, 4)
      yield* looks(30)
      assert.deepStrictEqual(yield* slots, [1])
    }).pipe(Effect.scoped, Effect.provide(TestWorker.layer())))

  it.effect("leaves queues with a fixed number alone", () =>
    Effect.gen(function*() {
      const { slots, worker } = yield* working(100, {
        queues: { default: { concurrency: 3 }, other: { concurrency: { min: 1, max: 5 } } }
      })
      yield* looks(5)
      assert.deepStrictEqual(yield* slots, [3, 1])
      assert.strictEqual((yield* worker.health).running, 3)
    }).pipe(Effect.scoped, Effect.provide(TestWorker.layer())))

  it.live(
    "takes an event loop that comes round too late for a saturated one, although nobody measures",
    () =>
      Effect.gen(function*() {
        const worker = yield* Worker.Worker
        const until = (slots: number) =>
          worker.health.pipe(
            Effect.flatMap(({ capacity }) => capacity === slots ? Effect.void : Effect.fail("not yet")),
            Effect.retry(Schedule.spaced("5 millis"))
          )
        yield* Work.enqueueAll(Array.from({ length: 20 }, () => ({ payload: {} })))
        yield* until(3)
        // Longer than two looks are apart and one may be late.
        yield* Effect.sync(() => {
          const end = performance.now() + 1_700
          while (performance.now() < end);
        })
        yield* until(2)
      }).pipe(Effect.provide(
        Work.toLayer(() => Effect.never).pipe(
          Layer.provideMerge([Queue.layer, Worker.layer({ concurrency: { min: 2, max: 3 }, graceDuration: 0 })]),
          Layer.provide(MemoryStorage.layer),
          Layer.provide(Logger.layer([]))
        )
      )),
    30_000
  )
})
