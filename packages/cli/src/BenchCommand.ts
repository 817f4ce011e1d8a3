/**
 * `millrace bench`: how many jobs a second this database carries from this machine, in a schema of its own.
 *
 * @since 0.1.0
 */
import * as Job from "@millrace/queue/Job"
import * as Queue from "@millrace/queue/Queue"
import * as Worker from "@millrace/queue/Worker"
import { Storage } from "@millrace/storage/Storage"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Database from "./Database.ts"
import * as Output from "./Output.ts"
import * as Progress from "./Progress.ts"
import * as Table from "./Table.ts"

/**
 * What was measured: jobs a second, and milliseconds from enqueue to the answer of a job that does nothing.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Measured {
  readonly jobs: number
  readonly enqueuePerSecond: number
  readonly runPerSecond: number
  readonly latencyMillis: { readonly p50: number; readonly p99: number; readonly samples: number }
}

/**
 * The value below which this share of the values lies; 0 for none.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const percentile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0
}

const Noop = Job.make("bench-noop", { payload: { index: Schema.Int } })

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const flags = {
  ...Database.flags,
  jobs: Flag.Int("jobs").pipe(
    Flag.withDescription("Jobs to enqueue and run. Defaults to 10000"),
    Flag.withSchema(between(1, 10_000_000)),
    Flag.withDefault(10_000)
  ),
  samples: Flag.Int("samples").pipe(
    Flag.withDescription("Jobs to measure the latency with, one after the other. Defaults to 100"),
    Flag.withSchema(between(1, 100_000)),
    Flag.withDefault(100)
  ),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withDescription("Jobs at the same time. Defaults to 100"),
    Flag.withSchema(between(1, 10_000)),
    Flag.withDefault(100)
  )
}

/** Jobs of one call of `enqueueAll`: what the storage takes in one statement. */
const batch = 1000

const enqueue = Effect.fnUntraced(function*(jobs: number, bar: Progress.Bar) {
  const before = yield* Clock.currentTimeMillis
  for (let start = 0; start < jobs; start += batch) {
    const length = Math.min(batch, jobs - start)
    yield* Noop.enqueueAll(Array.from({ length }, (_, index) => ({ payload: { index: start + index } })))
    yield* bar.advance(length, "enqueueing")
  }
  return (yield* Clock.currentTimeMillis) - before
})

/** Runs what was enqueued, then single jobs; answers how long the former took, and each of the latter. */
const run = (jobs: number, samples: number, concurrency: number, bar: Progress.Bar) =>
  Effect.gen(function*() {
    const all = yield* Deferred.make<void>()
    let ran = 0
    const handler = Noop.toLayer(() =>
      Effect.suspend(() => {
        ran += 1
        if (ran === jobs) Deferred.doneUnsafe(all, Effect.void)
        return bar.advance(1, "running")
      })
    )
    const worker = Worker.layer({ queues: { default: { concurrency } } })
    yield* Layer.build(Layer.provideMerge(handler, worker))
    const before = yield* Clock.currentTimeMillis
    yield* Deferred.await(all)
    const millis = (yield* Clock.currentTimeMillis) - before
    return { millis, latencies: yield* Effect.replicateEffect(sample, samples) }
  }).pipe(Effect.scoped)

const sample = Effect.gen(function*() {
  const before = yield* Clock.currentTimeNanos
  yield* Noop.execute({ index: 0 })
  return Number((yield* Clock.currentTimeNanos) - before) / 1_000_000
})

const measure = Effect.fnUntraced(function*(jobs: number, samples: number, concurrency: number) {
  const bar = yield* Progress.start(2 * jobs + samples)
  const enqueueMillis = yield* enqueue(jobs, bar)
  const { latencies, millis } = yield* run(jobs, samples, concurrency, bar)
  const perSecond = (each: number) => Math.round(jobs / (Math.max(1, each) / 1000))
  return {
    jobs,
    enqueuePerSecond: perSecond(enqueueMillis),
    runPerSecond: perSecond(millis),
    latencyMillis: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), samples }
  } satisfies Measured
})

const toText = ({ enqueuePerSecond, jobs, latencyMillis, runPerSecond }: Measured): string =>
  Table.fields([
    ["jobs", jobs],
    ["enqueue", `${enqueuePerSecond} jobs/s, in batches of ${batch}`],
    ["run", `${runPerSecond} jobs/s, by one worker in this process`],
    ["latency", `${latencyMillis.p50.toFixed(1)} ms (p50), ${latencyMillis.p99.toFixed(1)} ms (p99), enqueue to result`]
  ])

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make(
  "bench",
  flags,
  Effect.fnUntraced(function*({ concurrency, jobs, samples, ...given }) {
    const database = yield* Database.open(given)
    const schema = `millrace_bench_${yield* Random.nextIntBetween(100_000, 999_999)}`
    const storage = yield* database.storage(schema)
    const quiet = Layer.mergeAll(Layer.provideMerge(Queue.layer, Layer.succeed(Storage, storage)), Logger.layer([]))
    const measured = yield* Effect.provideContext(measure(jobs, samples, concurrency), yield* Layer.build(quiet))
    yield* Output.answer(measured, () => toText(measured))
  }, Effect.scoped)
).pipe(Command.withDescription("Measure jobs a second on a database, in a schema that is dropped afterwards"))
