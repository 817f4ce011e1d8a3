/**
 * A queue and a worker in memory for the tests of an application: enqueue, let due jobs run, let time pass, and look.
 *
 * The real queue and the real worker on `MemoryStorage`, on the clock of the test (`TestClock`, which `it.effect` of
 * `@effect/vitest` provides). Nothing is mocked and nothing sleeps: a retry after an hour takes as long as any other line.
 *
 * @since 0.1.0
 */
import type { EnqueueOptions } from "@millrace/queue/EnqueueOptions"
import type { Handlers } from "@millrace/queue/Handlers"
import type { Job } from "@millrace/queue/Job"
import type { AnySchema, JobDefinition } from "@millrace/queue/JobDefinition"
import * as Queue from "@millrace/queue/Queue"
import type { EnqueueError, JobCancelled, JobDead } from "@millrace/queue/QueueError"
import { JobNotFound } from "@millrace/queue/QueueError"
import * as Worker from "@millrace/queue/Worker"
import type { WorkerOptions } from "@millrace/queue/WorkerOptions"
import type { JobId } from "@millrace/storage/JobId"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { JobState } from "@millrace/storage/JobState"
import { isTerminal } from "@millrace/storage/JobState"
import * as MemoryStorage from "@millrace/storage/MemoryStorage"
import { releaseMillis, Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Ending from "./internal/ending.ts"
import * as Expectation from "./internal/expectation.ts"
import * as Gate from "./internal/gate.ts"

/**
 * What a job is expected to look like; what is left out may be anything. `payload` is compared with the fields given.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Expected<Payload = unknown> {
  readonly payload?: Partial<Payload>
  readonly queue?: string
  readonly tenant?: string
  readonly priority?: number
  readonly state?: JobState
  readonly tags?: ReadonlyArray<string>
}

/**
 * No stored job is as expected, or one is that should not be. `found` tells the jobs of that name that are stored.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedJobs extends Schema.TaggedError<UnexpectedJobs>()("UnexpectedJobs", {
  name: Schema.String,
  expected: Schema.String,
  found: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const found = this.found.length === 0 ? "there is none" : `there are:\n  ${this.found.join("\n  ")}`
    return `Expected ${this.expected} of ${this.name}; ${found}`
  }
}

/**
 * The helper of a test.
 *
 * **Details**
 *
 * - `jobs` lists the stored jobs of a kind that are as expected, oldest first, in whatever state.
 * - `assertEnqueued` fails with `UnexpectedJobs` when there is none, and answers the oldest; `refuteEnqueued` fails when
 *   there is one.
 * - `runDue` lets every job run that is due now, and jobs that those enqueue; answers how many attempts ended. No time
 *   passes: a handler that waits for time goes on waiting. Nothing runs before it is called.
 * - `advance` lets time pass and runs what becomes due, each at its instant.
 * - `perform` enqueues a job and lets time pass until it has ended, through its retries, at most 30 days; then it answers
 *   as `Job.execute` does. Other jobs that are due meanwhile run as well.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class TestQueue extends Context.Service<TestQueue, {
  readonly jobs: <Name extends string, Payload extends AnySchema>(
    job: JobDefinition<Name, Payload>,
    expected?: Expected<Payload["Type"]>
  ) => Effect.Effect<ReadonlyArray<JobRecord>>
  readonly assertEnqueued: <Name extends string, Payload extends AnySchema>(
    job: JobDefinition<Name, Payload>,
    expected?: Expected<Payload["Type"]>
  ) => Effect.Effect<JobRecord, UnexpectedJobs>
  readonly refuteEnqueued: <Name extends string, Payload extends AnySchema>(
    job: JobDefinition<Name, Payload>,
    expected?: Expected<Payload["Type"]>
  ) => Effect.Effect<void, UnexpectedJobs>
  readonly runDue: Effect.Effect<number>
  readonly advance: (duration: Duration.Input) => Effect.Effect<void>
  readonly perform: <
    Name extends string,
    Payload extends AnySchema,
    Success extends AnySchema,
    Error extends AnySchema
  >(
    job: Job<Name, Payload, Success, Error>,
    payload: Payload["Type"],
    options?: EnqueueOptions
  ) => Effect.Effect<
    Success["Type"],
    Error["Type"] | JobCancelled | JobDead | JobNotFound | EnqueueError | StorageError
  >
}>()("@millrace/testing/TestQueue") {}

/**
 * Everything that a test of jobs needs, empty, for one test: the queue, a worker, their storage, and `TestQueue`.
 *
 * **Details**
 *
 * Handlers are added with `Job.toLayer(…)` on top: `Layer.provideMerge(TestQueue.layer())`. The worker works for the
 * queue `default` unless the options name others. It neither polls nor promotes by itself, and its lease lasts a year, so
 * that hours of virtual time pass in no time; options that say otherwise win.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: WorkerOptions = {}
): Layer.Layer<TestQueue | Queue.Queue | Worker.Worker | Handlers | Storage> => {
  const gated = Layer.effect(Storage, Gate.Gate.use(({ storage }) => Effect.succeed(storage)))
  const worker = Worker.layer({ ...unhurried, ...options }).pipe(Layer.provide(gated))
  return Layer.effect(TestQueue, make).pipe(
    Layer.provideMerge([Queue.layer, worker]),
    Layer.provide(Layer.effect(Gate.Gate, Gate.make)),
    Layer.provideMerge(MemoryStorage.layer)
  )
}

/** Nothing that a worker does now and then happens by itself: hours of virtual time cost next to nothing. */
const unhurried: WorkerOptions = { maintenance: false, pollInterval: "365 days", leaseDuration: "365 days" }

const make: Effect.Effect<TestQueue["Service"], never, Queue.Queue | Storage | Gate.Gate> = Effect.gen(function*() {
  const storage = yield* Storage
  const queue = yield* Queue.Queue
  const gate = yield* Gate.Gate
  const jobs: TestQueue["Service"]["jobs"] = (job, expected = {}) => Effect.orDie(find(storage, job, expected))
  const due = runDue(storage, gate)
  return TestQueue.of({
    jobs,
    assertEnqueued: (job, expected = {}) =>
      Effect.flatMap(
        jobs(job, expected),
        ([first]) =>
          first === undefined ? refuse(jobs, job, `a job${Expectation.render(expected)}`) : Effect.succeed(first)
      ),
    refuteEnqueued: (job, expected = {}) =>
      Effect.flatMap(
        jobs(job, expected),
        ({ length }) => length === 0 ? Effect.void : refuse(jobs, job, `no job${Expectation.render(expected)}`)
      ),
    runDue: due,
    advance: (duration) => pass(storage, due, Duration.toMillis(duration), Effect.succeed(false)),
    perform: (job, payload, options) =>
      Effect.gen(function*() {
        const { id } = yield* Effect.provideService(job.enqueue(payload, options), Queue.Queue, queue)
        const look = Effect.map(storage.list({ ids: [id], limit: 1 }), ({ items: [record] }) => record)
        yield* pass(
          storage,
          due,
          performMillis,
          Effect.map(look, (record) => record === undefined || isTerminal(record.state))
        )
        const record = yield* look
        if (record === undefined) return yield* new JobNotFound({ id })
        return yield* Ending.of(job, record)
      })
  })
})

const refuse = (
  jobs: TestQueue["Service"]["jobs"],
  job: JobDefinition,
  expected: string
): Effect.Effect<never, UnexpectedJobs> =>
  Effect.flatMap(
    jobs(job),
    (records) => Effect.fail(new UnexpectedJobs({ name: job.name, expected, found: records.map(Expectation.outline) }))
  )

/** Jobs on one page of the storage, and in one promotion. */
const batch = 1_000

const find = (
  storage: Storage["Service"],
  job: JobDefinition,
  expected: Expected,
  before?: JobId
): Effect.Effect<ReadonlyArray<JobRecord>, StorageError> =>
  Effect.gen(function*() {
    const page = yield* storage.list({ names: [job.name], limit: batch, ...(before === undefined ? {} : { before }) })
    const found = page.items.filter((record) => Expectation.fits(record, expected)).toReversed()
    return page.next === null ? found : [...yield* find(storage, job, expected, page.next), ...found]
  })

/** Turns that fibers get before a test looks whether something happened. */
const turns = 20

const giveWay: Effect.Effect<void> = Effect.asVoid(Effect.repeat(Effect.yieldNow, { times: turns }))

/** Looks without a change after which whatever runs is taken to wait for time. */
const quietLooks = 5

const runDue = (storage: Storage["Service"], gate: Gate.Gate["Service"]): Effect.Effect<number> =>
  Effect.gen(function*() {
    const before = gate.settled()
    let last = ""
    for (let quiet = 0; quiet < quietLooks;) {
      yield* storage.promote({ limit: batch })
      yield* gate.open
      yield* giveWay
      const { queues } = yield* storage.overview
      const now = `${gate.settled()} ${JSON.stringify(queues)}`
      quiet = now === last ? quiet + 1 : 0
      last = now
    }
    yield* gate.close
    return gate.settled() - before
  }).pipe(Effect.orDie)

/** Longest virtual time that `perform` waits for a job, in milliseconds: 30 days. */
const performMillis = 30 * 86_400_000

/** Longest step, in milliseconds, while handlers run: they may wait for time that nobody else knows of. */
const stepMillis = 1_000

/** Lets time pass from one due job to the next, and in short steps while handlers run. */
const pass = (
  storage: Storage["Service"],
  due: Effect.Effect<number>,
  millis: number,
  isOver: Effect.Effect<boolean, StorageError>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* due
    for (let left = millis; left > 0 && !(yield* isOver);) {
      const nextDueMillis = yield* nextDue(storage)
      const { queues } = yield* storage.overview
      const isBusy = queues.some(({ counts }) => counts.running > 0)
      const step = Math.max(1, Math.min(left, isBusy ? stepMillis : left, nextDueMillis ?? left))
      yield* TestClock.adjust(step)
      yield* due
      left -= step
    }
  }).pipe(Effect.orDie)

/**
 * In how many milliseconds the next job is due. What is pending asks to be looked after every second, which every run of
 * due jobs does: only jobs with a time of their own count.
 */
const nextDue = (storage: Storage["Service"]): Effect.Effect<number | null, StorageError> =>
  Effect.gen(function*() {
    const { nextDueMillis } = yield* storage.promote({ limit: batch })
    if (nextDueMillis !== releaseMillis) return nextDueMillis
    const { items, next } = yield* storage.list({ states: ["scheduled", "retryable"], limit: batch })
    if (next !== null) return nextDueMillis
    const now = yield* Clock.currentTimeMillis
    return items.length === 0 ? null : Math.min(...items.map(({ runAt }) => DateTime.toEpochMillis(runAt) - now))
  })
