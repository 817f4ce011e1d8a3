import { assert, describe, it } from "@effect/vitest"
import { RetryPolicy } from "@millrace/retry-policy"
import { ConfigProvider, Effect, Exit, Layer } from "effect"
import * as Job from "../src/Job.ts"
import * as JobDefaults from "../src/JobDefaults.ts"
import * as JobRegistry from "../src/JobRegistry.ts"
import * as Queue from "../src/Queue.ts"
import * as TestStorage from "./TestStorage.ts"
import * as TestWorker from "./TestWorker.ts"

const Plain = Job.make("Plain", { payload: {} })
const Own = Job.make("Own", {
  payload: {},
  timeout: "3 seconds",
  retry: RetryPolicy.fixed("1 second", { maxAttempts: 7 })
})
const Counted = Job.make("Counted", { payload: {}, maxAttempts: 5 })

const read = (env: Record<string, string>) =>
  Effect.provideService(JobDefaults.config, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

/** The queue and the storage of a test, under defaults. */
const under = (defaults: Partial<JobDefaults.Values>) =>
  Queue.layer.pipe(
    Layer.provide(JobRegistry.layer([Plain, Own])),
    Layer.provideMerge(JobDefaults.layer(defaults)),
    Layer.provideMerge(TestStorage.layer())
  )

const attemptsOf = (id: Parameters<Queue.Queue["Service"]["get"]>[0]) =>
  Effect.map(Queue.Queue.use((queue) => queue.get(id)), ({ maxAttempts }) => maxAttempts)

describe("JobDefaults", () => {
  it.effect("are those of a program that configures none, when nothing is set", () =>
    Effect.gen(function*() {
      const found = yield* read({})
      assert.deepStrictEqual(found, { ...JobDefaults.values, maxAttempts: 25 })
      assert.deepStrictEqual(JobDefaults.attemptsOf(JobDefaults.values), 25)
      assert.strictEqual(yield* JobDefaults.JobDefaults, JobDefaults.values)
    }))

  it.effect("read strategy, base, cap, attempts and time-out", () =>
    Effect.gen(function*() {
      const found = yield* read({
        MILLRACE_TIMEOUT: "90 seconds",
        MILLRACE_RETRY: "linear",
        MILLRACE_RETRY_BASE: "5 seconds",
        MILLRACE_RETRY_CAP: "1 minute",
        MILLRACE_MAX_ATTEMPTS: "3"
      })
      const linear = RetryPolicy.linear({ base: "5 seconds", cap: "1 minute", maxAttempts: 3, jitter: "equal" })
      assert.deepStrictEqual(found, { timeoutMillis: 90_000, retry: linear, maxAttempts: 3 })
      const retryOf = (strategy: string) => Effect.map(read({ MILLRACE_RETRY: strategy }), ({ retry }) => retry)
      const options = { cap: "1 hour", maxAttempts: 25, jitter: "equal" } as const
      assert.deepStrictEqual(yield* retryOf("fixed"), RetryPolicy.fixed("1 second", options))
      assert.deepStrictEqual(yield* retryOf("exponential"), RetryPolicy.default)
      assert.strictEqual((yield* read({ MILLRACE_RETRY: "none" })).retry, RetryPolicy.never)
      assert.strictEqual(JobDefaults.attemptsOf(yield* read({ MILLRACE_RETRY: "none" })), 1)
    }))

  for (
    const [variable, value] of [
      ["MILLRACE_TIMEOUT", "0 millis"],
      ["MILLRACE_TIMEOUT", "366 days"],
      ["MILLRACE_RETRY", "sometimes"],
      ["MILLRACE_RETRY_BASE", "soon"],
      ["MILLRACE_RETRY_CAP", "Infinity"],
      ["MILLRACE_MAX_ATTEMPTS", "0"],
      ["MILLRACE_MAX_ATTEMPTS", "2.5"]
    ] as const
  ) {
    it.effect(`refuse ${variable}=${value} with its name`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(read({ [variable]: value }))
        assert.isTrue(Exit.isFailure(exit))
        assert.include(String(exit), variable)
      }))
  }

  it.effect("decide how often a job may fail about which neither definition nor enqueue says anything", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const made = [
        yield* Plain.enqueue({}),
        yield* queue.enqueueEncoded({ name: "Plain", payload: {} }),
        yield* queue.enqueueEncoded({ name: "Unknown", payload: {} }),
        ...(yield* Plain.enqueueAll([{ payload: {} }]))
      ]
      assert.deepStrictEqual(yield* Effect.forEach(made, ({ id }) => attemptsOf(id)), [2, 2, 2, 2])
      const said = [
        yield* Plain.enqueue({}, { maxAttempts: 9 }),
        yield* Plain.enqueue({}, { retry: RetryPolicy.fixed("1 second", { maxAttempts: 4 }) }),
        yield* Own.enqueue({}),
        yield* queue.enqueueEncoded({ name: "Own", payload: {} }),
        yield* Counted.enqueue({})
      ]
      assert.deepStrictEqual(yield* Effect.forEach(said, ({ id }) => attemptsOf(id)), [9, 4, 7, 7, 5])
    }).pipe(Effect.provide(under({ maxAttempts: 2 }))))

  it.effect("decide when a worker repeats such a job, and not when it repeats one with a policy of its own", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const fail = Effect.die("no")
      yield* TestWorker.start(
        Layer.mergeAll(Plain.toLayer(() => fail), Own.toLayer(() => fail), Counted.toLayer(() => fail))
      )
      const plain = yield* Plain.enqueue({}, { maxAttempts: 3 })
      const own = yield* Own.enqueue({})
      const counted = yield* Counted.enqueue({})
      yield* TestWorker.settle
      assert.deepInclude(yield* queue.get(plain.id), { state: "dead", failures: 1 })
      assert.deepInclude(yield* queue.get(counted.id), { state: "dead", failures: 1 })
      assert.deepInclude(yield* queue.get(own.id), { state: "retryable", failures: 1 })
    }).pipe(Effect.provide(under({ retry: RetryPolicy.never }))))

  it.effect("end an attempt that takes too long, and leave a time-out of the definition alone", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      yield* TestWorker.start(Layer.merge(Plain.toLayer(() => Effect.never), Own.toLayer(() => Effect.never)))
      const [plain, own] = [yield* Plain.enqueue({}), yield* Own.enqueue({})]
      yield* TestWorker.settle
      yield* TestWorker.pass(1500)
      assert.strictEqual((yield* queue.history(plain.id))[0]?.error?.tag, "Timeout")
      assert.strictEqual((yield* queue.get(own.id)).state, "running")
      yield* TestWorker.pass(3000)
      assert.strictEqual((yield* queue.history(own.id))[0]?.error?.tag, "Timeout")
    }).pipe(Effect.provide(under({ timeoutMillis: 1000 }))))

  it("leave a definition as it is that says everything, and one of a program that configures nothing", () => {
    assert.strictEqual(JobDefaults.applied(Own, { ...JobDefaults.values, timeoutMillis: 1 }), Own)
    assert.strictEqual(JobDefaults.applied(Plain, JobDefaults.values), Plain)
    const applied = JobDefaults.applied(Counted, { timeoutMillis: 1, retry: RetryPolicy.never, maxAttempts: 3 })
    assert.deepInclude(applied.options, { timeoutMillis: 1, retry: RetryPolicy.never, maxAttempts: 5 })
  })
})
