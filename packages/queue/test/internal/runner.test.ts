import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { JobId } from "@millrace/storage/JobId"
import { Cause, Deferred, Effect, Exit, Fiber, Logger, Option, Ref, References, Schema, Tracer } from "effect"
import * as CurrentJob from "../../src/CurrentJob.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Work = Job.make("Work", { payload: { n: Schema.Number }, retry: RetryPolicy.never })

const recordOf = (id: JobId) => Queue.Queue.use((queue) => queue.get(id))

/** Handlers that do not do what their type says. */
const rude: ReadonlyArray<readonly [name: string, handler: () => Effect.Effect<void>, tag: string]> = [
  ["throws before it returns an effect", () => {
    throw new TypeError("sync")
  }, "TypeError"],
  ["throws undefined", () => {
    throw undefined
  }, "Defect"],
  ["returns no effect", () => 3 as never, "Defect"],
  ["dies", () => Effect.die("dead"), "Defect"],
  ["rejects", () => Effect.promise(() => Promise.reject(new RangeError("async"))), "RangeError"],
  ["interrupts itself", () => Effect.interrupt, "Interrupted"],
  ["fails with what is not in its schema", () => Effect.fail({ odd: true }) as never, "Defect"]
]

describe("runner", () => {
  for (const [name, handler, tag] of rude) {
    it.effect(`F12: records a handler that ${name} as failed, and goes on`, () =>
      Effect.gen(function*() {
        yield* TestWorker.start(Work.toLayer(({ n }) => n === 0 ? handler() : Effect.void))
        const bad = yield* Work.enqueue({ n: 0 })
        const good = yield* Work.enqueue({ n: 1 })
        yield* settle
        // A rejected promise needs a real turn of the event loop.
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* settle
        const record = yield* recordOf(bad.id)
        assert.strictEqual(record.state, "dead")
        assert.strictEqual(record.error?.tag, tag)
        assert.strictEqual((yield* recordOf(good.id)).state, "completed")
      }).pipe(Effect.provide(TestWorker.layer())))
  }

  it.effect("gives each attempt a scope of its own, closed at its end, on its slot", () =>
    Effect.gen(function*() {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      const say = (text: string) => Ref.update(log, (all) => [...all, text])
      const gate = yield* Deferred.make<void>()
      const { worker } = yield* TestWorker.start(
        Work.toLayer(({ n }) =>
          Effect.gen(function*() {
            yield* Effect.acquireRelease(
              say(`open ${n}`),
              (_, exit) => Effect.andThen(n === 2 ? Deferred.await(gate) : Effect.void, say(`close ${n} ${exit._tag}`))
            )
            yield* Effect.addFinalizer(() => say(`first ${n}`))
            if (n === 1) return yield* Effect.die("no")
            return yield* say(`run ${n}`)
          })
        ),
        { concurrency: 1 }
      )
      const { id } = yield* Work.enqueue({ n: 0 })
      yield* Work.enqueue({ n: 1 })
      yield* settle
      assert.deepStrictEqual(yield* Ref.get(log), [
        "open 0",
        "run 0",
        "first 0",
        "close 0 Success",
        "open 1",
        "first 1",
        "close 1 Failure"
      ])
      assert.strictEqual((yield* recordOf(id)).state, "completed")
      const slow = yield* Work.enqueue({ n: 2 })
      yield* settle
      assert.strictEqual((yield* recordOf(slow.id)).state, "running")
      assert.strictEqual((yield* worker.health).running, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual((yield* recordOf(slow.id)).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F12: fails an attempt whose finalizer dies", () =>
    Effect.gen(function*() {
      yield* TestWorker.start(Work.toLayer(() => Effect.addFinalizer(() => Effect.die(new RangeError("late")))))
      const { id } = yield* Work.enqueue({ n: 0 })
      yield* settle
      const record = yield* recordOf(id)
      assert.strictEqual(record.state, "dead")
      assert.strictEqual(record.error?.tag, "RangeError")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("interrupts what a handler forked when the handler ends", () =>
    Effect.gen(function*() {
      const ended = yield* Ref.make(false)
      yield* TestWorker.start(
        Work.toLayer(() =>
          Effect.asVoid(Effect.forkChild(Effect.never.pipe(Effect.onInterrupt(() => Ref.set(ended, true))), {
            startImmediately: true
          }))
        )
      )
      yield* Work.enqueue({ n: 0 })
      yield* settle
      assert.isTrue(yield* Ref.get(ended))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("annotates what a handler logs, beside the annotations of its layer", () =>
    Effect.gen(function*() {
      const lines: Array<Readonly<Record<string, unknown>>> = []
      const logger = Logger.make(({ fiber, message }) => {
        if (String(message) === "hello") lines.push({ ...fiber.getRef(References.CurrentLogAnnotations) })
      })
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.log("hello"))).pipe(
        Effect.annotateLogs({ program: "test" }),
        Effect.provideService(Logger.CurrentLoggers, new Set([logger]))
      )
      const { id } = yield* Work.enqueue({ n: 0 }, { tenant: "shop" })
      yield* settle
      const { workerId } = yield* worker.health
      assert.deepStrictEqual(lines, [
        { program: "test", worker: workerId, job: id, name: "Work", queue: "default", tenant: "shop", attempt: 1 }
      ])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("makes a span of each attempt when there is a tracer, and none when there is not", () =>
    Effect.gen(function*() {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      yield* TestWorker.start(
        Work.toLayer(({ n }) => n === 1 ? Effect.die("no") : Effect.withSpan(Effect.void, "inner"))
      ).pipe(
        Effect.withSpan("the program's start"),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const { id } = yield* Work.enqueue({ n: 0 })
      yield* Work.enqueue({ n: 1 })
      yield* settle
      const attempts = spans.filter(({ name }) => name === "job Work")
      assert.strictEqual(attempts.length, 2)
      assert.strictEqual(attempts[0]?.attributes.get("millrace.job"), id)
      assert.strictEqual(attempts[0]?.kind, "consumer")
      assert.isTrue(attempts.every(({ status }) => status._tag === "Ended"))
      assert.isTrue(attempts.every(({ parent }) => Option.isNone(parent)))
      const inner = spans.find(({ name }) => name === "inner")
      assert.strictEqual(inner?.traceId, attempts[0]?.traceId)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F13: completes jobs with a logger and a tracer that throw", () =>
    Effect.gen(function*() {
      const tracer = Tracer.make({
        span: () => {
          throw new Error("tracer")
        }
      })
      const logger = Logger.make(() => {
        throw new Error("logger")
      })
      yield* TestWorker.start(Work.toLayer(() => Effect.void), { jobLogLevel: "Info" }).pipe(
        Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const { id } = yield* Work.enqueue({ n: 0 })
      yield* settle
      assert.strictEqual((yield* recordOf(id)).state, "completed")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("runs a handler in the context of its layer, and with its own CurrentJob", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      yield* TestWorker.start(
        Work.toLayer(({ n }) =>
          Effect.gen(function*() {
            const job = yield* CurrentJob.CurrentJob
            yield* Effect.sleep("10 millis")
            const again = yield* CurrentJob.CurrentJob
            yield* Ref.update(seen, (all) => [...all, `${n} ${job.id} ${job === again}`])
          })
        )
      )
      for (let n = 1; n <= 3; n++) yield* Work.enqueue({ n })
      yield* pass(1_000)
      assert.deepStrictEqual(yield* Ref.get(seen), ["1 1 true", "2 2 true", "3 3 true"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("lets other fibers run between many handlers that never wait", () =>
    Effect.gen(function*() {
      const done = yield* Ref.make(0)
      yield* Work.enqueueAll(Array.from({ length: 1_000 }, (_, n) => ({ payload: { n } })))
      let turns = 0
      let first = 0
      let last = 0
      const other = yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.sync(() => turns++), Effect.yieldNow)))
      const seen = Effect.sync(() => {
        if (first === 0) first = turns
        last = turns
      })
      yield* TestWorker.start(Work.toLayer(() => Effect.andThen(seen, Ref.update(done, (n) => n + 1))), {
        concurrency: 1_000,
        perTenant: 1_000
      })
      yield* settle
      assert.strictEqual(yield* Ref.get(done), 1_000)
      // At most 128 start before others get a turn.
      assert.isAtLeast(last - first, 7)
      yield* Fiber.interrupt(other)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("interrupts a handler that was stopped before it could be", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const exits = yield* Ref.make<ReadonlyArray<boolean>>([])
      yield* TestWorker.start(
        Work.toLayer(() =>
          Effect.never.pipe(
            Effect.onExit((exit) =>
              Ref.update(exits, (all) => [...all, Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)])
            )
          )
        )
      )
      const { id } = yield* Work.enqueue({ n: 0 })
      yield* settle
      yield* Queue.Queue.use((queue) => queue.cancel(id))
      yield* settle
      assert.deepStrictEqual(yield* Ref.get(exits), [true])
      assert.strictEqual(storage.settlements()[0]?.outcome._tag, "Cancelled")
    }).pipe(Effect.provide(TestWorker.layer())))
})
