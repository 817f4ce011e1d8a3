/**
 * Kinds of jobs: define one, enqueue it, give it a handler.
 *
 * A definition is a plain value that producers and workers share. Its handler is an Effect: its requirements surface in
 * the layer of `toLayer`, its typed errors drive the retries, and interruption is how a cancel, a time-out or a
 * shutdown reaches it. An enqueued job runs at least once; with `Job.transactional` its effect happens exactly once.
 *
 * @since 0.1.0
 */
import type { InsertResult } from "@millrace/storage/NewJob"
import type { StorageError } from "@millrace/storage/StorageError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Info } from "./CurrentJob.ts"
import { CurrentJob } from "./CurrentJob.ts"
import * as Defaults from "./Defaults.ts"
import type { EnqueueOptions } from "./EnqueueOptions.ts"
import type { Handler } from "./Handlers.ts"
import { Handlers } from "./Handlers.ts"
import { produceOne } from "./internal/encodedEnqueue.ts"
import * as Execution from "./internal/execution.ts"
import * as JobCodec from "./internal/jobCodec.ts"
import * as JobOptions from "./internal/jobOptions.ts"
import * as NewJobs from "./internal/newJob.ts"
import * as Checks from "./internal/optionChecks.ts"
import * as Sleeping from "./internal/sleeping.ts"
import * as Text from "./internal/text.ts"
import type { Config, PayloadSchema } from "./JobConfig.ts"
import { schemaOf } from "./JobConfig.ts"
import type { AnySchema, JobDefinition } from "./JobDefinition.ts"
import * as JobSignal from "./JobSignal.ts"
import type { Limit } from "./Limit.ts"
import { Queue } from "./Queue.ts"
import type { EnqueueError, JobCancelled, JobDead, JobNotFound, Unsupported } from "./QueueError.ts"

export { upcaster } from "./JobConfig.ts"
export type { Config, Debounce, KeyOf, PayloadSchema, RetryByTag, Throttle, Unique, Upcaster } from "./JobConfig.ts"

/**
 * The function that runs a job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type HandlerFunction<Payload, Success, Error, R> = (
  payload: Payload,
  job: Info
) => Effect.Effect<Success, Error | JobSignal.JobSignal, R>

/**
 * A kind of job.
 *
 * **Details**
 *
 * - `enqueue` stores a job and answers `Enqueued`, or `Duplicate` with the id of the live job that holds its unique key.
 * - `enqueueAll` stores many, in chunks of 1,000, each all or nothing, in one round trip each. One refused payload
 *   refuses all.
 * - `execute` enqueues a job and waits for its end: its result, its typed error, `JobDead` when it gave up for another
 *   reason, `JobCancelled`, or `JobNotFound` when it was removed meanwhile. Interrupting it does not cancel the job.
 * - `toLayer` registers the handler with the worker while the layer lives. `Scope` inside the handler is that of the
 *   attempt.
 *
 * Inside a transaction of the storage's client `enqueue` and `enqueueAll` are part of it.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Job<
  Name extends string,
  Payload extends AnySchema,
  Success extends AnySchema,
  Error extends AnySchema
> extends JobDefinition<Name, Payload, Success, Error> {
  readonly enqueue: (
    payload: Payload["Type"],
    options?: EnqueueOptions
  ) => Effect.Effect<InsertResult, EnqueueError, Queue>
  readonly enqueueAll: (
    jobs: ReadonlyArray<{ readonly payload: Payload["Type"]; readonly options?: EnqueueOptions }>
  ) => Effect.Effect<ReadonlyArray<InsertResult>, EnqueueError, Queue>
  readonly execute: (
    payload: Payload["Type"],
    options?: EnqueueOptions
  ) => Effect.Effect<
    Success["Type"],
    Error["Type"] | JobCancelled | JobDead | JobNotFound | EnqueueError | StorageError,
    Queue
  >
  readonly toLayer: <R>(
    handler: HandlerFunction<Payload["Type"], Success["Type"], Error["Type"], R>
  ) => Layer.Layer<never, never, Handlers | Exclude<R, CurrentJob | Scope.Scope>>
}

/**
 * Any kind of job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Any = JobDefinition

/**
 * Defines a kind of job.
 *
 * **Errors**
 *
 * Throws `InvalidOption` for a name, queue, tag, time-out, priority, version or number of attempts that can not be.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  const Name extends string,
  const Payload extends Schema.Struct.Fields | AnySchema,
  Success extends AnySchema = Schema.Void,
  Error extends AnySchema = Schema.Never
>(
  name: Name,
  config: Config<Payload, Success, Error>
): Job<Name, PayloadSchema<Payload>, Success, Error> => {
  const payloadSchema = schemaOf(config.payload)
  const successSchema = (config.success ?? Schema.Void) as Success
  const errorSchema = (config.error ?? Schema.Never) as Error
  return fromDefinition({
    name: Result.getOrThrow(Checks.label("name", name)) as Name,
    payloadSchema,
    successSchema,
    errorSchema,
    options: Result.getOrThrow(JobOptions.resolve(name, config)),
    codec: JobCodec.make({
      payload: payloadSchema,
      success: successSchema,
      error: errorSchema,
      version: config.version ?? 1,
      upcasters: config.upcasters ?? {}
    })
  })
}

const fromDefinition = <
  Name extends string,
  Payload extends AnySchema,
  Success extends AnySchema,
  Error extends AnySchema
>(definition: JobDefinition<Name, Payload, Success, Error>): Job<Name, Payload, Success, Error> => ({
  ...definition,
  enqueue: (payload, options = {}) =>
    Effect.flatMap(
      Effect.suspend(() => Effect.fromResult(NewJobs.orderPayload(definition, payload, options))),
      (order) => Queue.use((queue) => produceOne(queue.produce, order))
    ),
  enqueueAll: (jobs) =>
    Effect.flatMap(
      Effect.suspend(() =>
        Effect.fromResult(
          Result.all(jobs.map(({ options = {}, payload }) => NewJobs.orderPayload(definition, payload, options)))
        )
      ),
      (orders) => Queue.use((queue) => queue.produce(orders))
    ),
  execute: (payload, options = {}) => Execution.execute<Success, Error>(definition, payload, options),
  toLayer: (handler) => Layer.effectDiscard(register(definition, handler))
})

/** The handler leaves its types here: the definition's codec is what holds payload and result to them. */
const register = <R>(
  definition: JobDefinition,
  handler: HandlerFunction<never, unknown, unknown, R>
): Effect.Effect<void, never, Handlers | Scope.Scope | Exclude<R, CurrentJob | Scope.Scope>> =>
  Effect.flatMap(
    Effect.context<Handlers | Scope.Scope | Exclude<R, CurrentJob | Scope.Scope>>(),
    (context) =>
      Handlers.use((handlers) =>
        handlers.register({
          definition,
          run: handler as unknown as Handler["run"],
          context
        })
      )
  )

/**
 * Ends the attempt and lets the job come back after `delay` (0 to 100 years), without an attempt spent.
 *
 * **Errors**
 *
 * Dies with `InvalidOption` for a delay out of range.
 *
 * @stability unstable
 * @category outcomes
 * @since 0.1.0
 */
export const snooze = (delay: Duration.Input): Effect.Effect<never, JobSignal.Snooze> =>
  Effect.flatMap(
    Effect.orDie(Effect.suspend(() => Effect.fromResult(Checks.duration("delay", delay)))),
    (delayMillis) => Effect.fail(new JobSignal.Snooze({ delayMillis }))
  )

/**
 * Ends the attempt, lets the job come back after `delay`, and lets nothing start under this limit until then: for a
 * service that said "come back in 30 seconds".
 *
 * **Details**
 *
 * The limit is one that the job has, named or given as a value; it is paused for the key of this job, in the step that
 * ends the attempt. A pause that lasts longer already stays. No attempt is spent. `delay` is 0 to 100 years.
 *
 * **Errors**
 *
 * Dies with `InvalidOption` for a delay out of range. For a limit that the job does not have the attempt fails.
 *
 * @stability unstable
 * @category outcomes
 * @since 0.1.0
 */
export const pauseLimit = (
  limit: string | Limit<never>,
  delay: Duration.Input
): Effect.Effect<never, JobSignal.PauseLimit> =>
  Effect.flatMap(
    Effect.orDie(Effect.suspend(() => Effect.fromResult(Checks.duration("delay", delay)))),
    (delayMillis) =>
      Effect.fail(
        new JobSignal.PauseLimit({ limit: typeof limit === "string" ? limit : limit.rule.name, delayMillis })
      )
  )

/**
 * Ends the attempt for so long, without holding a slot, and lets the handler go on after it: a sleep that outlives
 * workers.
 *
 * **Details**
 *
 * `before` runs, its value is stored as part of the job's checkpoint under `name`, and the attempt ends as snoozed.
 * When the time is over, on whichever worker, the handler starts again from its first line; this sleep then answers the
 * stored value at once, and `before` does not run again. Whatever must happen once belongs into the `before` of a
 * sleep; what stands outside of them runs at every start. Names are unique within a handler; sleeps one after the
 * other have one each. `value` is the schema of the value of `before`; without it the value is dropped.
 *
 * `duration` is 0 to 100 years. A job that is made available early goes on sleeping for the rest. No attempt is spent.
 *
 * **Gotchas**
 *
 * A worker that dies after `before` and ahead of the checkpoint runs `before` again, as any effect of a job. Elapsed
 * sleep counts for `maxElapsed` and for the deadline.
 *
 * **Errors**
 *
 * Dies with `InvalidOption` for a name or a duration out of range, or a value that does not fit its schema.
 *
 * @stability unstable
 * @category outcomes
 * @since 0.1.0
 */
export const sleep: {
  <A, E, R>(
    name: string,
    duration: Duration.Input,
    options: { readonly before: Effect.Effect<A, E, R>; readonly value: Schema.ConstraintCodec<A, unknown> }
  ): Effect.Effect<A, E | JobSignal.Snooze, R | CurrentJob>
  <E = never, R = never>(
    name: string,
    duration: Duration.Input,
    options?: { readonly before?: Effect.Effect<unknown, E, R> }
  ): Effect.Effect<void, E | JobSignal.Snooze, R | CurrentJob>
} = Sleeping.sleep

/**
 * Ends the job as `cancelled`.
 *
 * @stability unstable
 * @category outcomes
 * @since 0.1.0
 */
export const cancel = (reason: string): Effect.Effect<never, JobSignal.Cancel> =>
  Effect.suspend(() =>
    Effect.fail(new JobSignal.Cancel({ reason: Text.sanitise(Text.fromUnknown(reason), Defaults.textBytes) }))
  )

/**
 * Ends the job as `dead`, whatever attempts are left: a person has to look at it.
 *
 * @stability unstable
 * @category outcomes
 * @since 0.1.0
 */
export const dead = (reason: string): Effect.Effect<never, JobSignal.Dead> =>
  Effect.suspend(() =>
    Effect.fail(new JobSignal.Dead({ reason: Text.sanitise(Text.fromUnknown(reason), Defaults.textBytes) }))
  )

/**
 * Runs an effect of a handler and completes its job in one transaction: both commit, or neither does.
 *
 * **Details**
 *
 * The effect's value is the job's result and must fit its success schema. What the effect writes through the storage's
 * own client happens exactly once, whatever crashes: a claim that was lost meanwhile rolls the transaction back.
 * Once it committed the job is completed, and what the handler does afterwards no longer counts. Call it at most once in
 * an attempt.
 *
 * When nobody knows whether the commit arrived, the attempt ends in a way that changes nothing if it did, and lets the
 * job run again if it did not. Repeating the completion on its own could complete a job whose effect was rolled back.
 *
 * **Errors**
 *
 * Fails with the effect's own errors (rolled back), and with `TransactionFailed` or `Unsupported` (the storage has no
 * transactions), which a handler just passes on.
 *
 * @stability unstable
 * @category outcomes
 * @since 0.1.0
 */
export const transactional = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | JobSignal.TransactionFailed | Unsupported, R | CurrentJob> =>
  CurrentJob.use((job) => job.transactional(effect))
