/**
 * Kinds of jobs: define one, enqueue it, give it a handler.
 *
 * A definition is a plain value that producers and workers share. Its handler is an Effect: its requirements surface in
 * the layer of `toLayer`, its typed errors drive the retries, and interruption is how a cancel, a time-out or a
 * shutdown reaches it. An enqueued job runs at least once; with `Job.transactional` its effect happens exactly once.
 *
 * @since 0.1.0
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
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
import type { EnqueueOptions, Priority } from "./EnqueueOptions.ts"
import type { Handler } from "./Handlers.ts"
import { Handlers } from "./Handlers.ts"
import { insertAll, insertOne } from "./internal/encodedEnqueue.ts"
import * as Execution from "./internal/execution.ts"
import * as JobCodec from "./internal/jobCodec.ts"
import * as NewJobs from "./internal/newJob.ts"
import * as Text from "./internal/text.ts"
import type { AnySchema, JobDefinition, Options } from "./JobDefinition.ts"
import * as JobSignal from "./JobSignal.ts"
import { Queue } from "./Queue.ts"
import type { EnqueueError, JobCancelled, JobDead, JobNotFound, Unsupported } from "./QueueError.ts"

/**
 * How a job is defined.
 *
 * **Details**
 *
 * - `payload`: fields of a struct, or a schema. Schemas need no services and are synchronous; values travel as the JSON
 *   of `Schema.toCodecJson`, at most 1 MiB and 100 levels
 * - `success`: schema of the result. Defaults to `Schema.Void`
 * - `error`: schema of the typed errors. Defaults to `Schema.Never`
 * - `retry`: when failed attempts are repeated. Defaults to `RetryPolicy.default`
 * - `maxAttempts`: failures after which the job is `dead`. Defaults to that of `retry`
 * - `timeout`: longest attempt. Defaults to 15 minutes
 * - `queue`: defaults to `default`
 * - `priority`: defaults to `normal`
 * - `tags`: defaults to none
 * - `version`: version of the payload's schema. Defaults to 1
 * - `unique`: key of a payload; see `EnqueueOptions`. Defaults to none
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Config<
  Payload extends Schema.Struct.Fields | AnySchema,
  Success extends AnySchema,
  Error extends AnySchema
> {
  readonly payload: Payload
  readonly success?: Success
  readonly error?: Error
  readonly retry?: RetryPolicy.RetryPolicy
  readonly maxAttempts?: number
  readonly timeout?: Duration.Input
  readonly queue?: string
  readonly priority?: Priority
  readonly tags?: ReadonlyArray<string>
  readonly version?: number
  readonly unique?: (payload: PayloadSchema<Payload>["Type"]) => string
}

/**
 * The schema of a payload that is given as fields or as a schema.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type PayloadSchema<Payload extends Schema.Struct.Fields | AnySchema> = Payload extends AnySchema ? Payload
  : Payload extends Schema.Struct.Fields ? FieldsSchema<Schema.Struct<Payload>>
  : never

type FieldsSchema<Struct> = Struct extends AnySchema ? Struct : never

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
  const payloadSchema = payloadSchemaOf(config.payload)
  const successSchema = (config.success ?? Schema.Void) as Success
  const errorSchema = (config.error ?? Schema.Never) as Error
  return fromDefinition({
    name: Result.getOrThrow(NewJobs.label("name", name)) as Name,
    payloadSchema,
    successSchema,
    errorSchema,
    options: optionsOf(config),
    codec: JobCodec.make({ payload: payloadSchema, success: successSchema, error: errorSchema })
  })
}

const payloadSchemaOf = <Payload extends Schema.Struct.Fields | AnySchema>(payload: Payload) => {
  const schema: unknown = Schema.isSchema(payload) ? payload : Schema.Struct(payload as Schema.Struct.Fields)
  return schema as PayloadSchema<Payload>
}

const optionsOf = <Payload extends Schema.Struct.Fields | AnySchema>(
  config: Config<Payload, AnySchema, AnySchema>
): Options<PayloadSchema<Payload>["Type"]> => {
  const retry = config.retry ?? RetryPolicy.default
  return {
    queue: Result.getOrThrow(NewJobs.label("queue", config.queue ?? Defaults.queue)),
    priority: Result.getOrThrow(NewJobs.priority(config.priority ?? "normal")),
    timeoutMillis: Result.getOrThrow(NewJobs.timeout(config.timeout ?? Defaults.timeoutMillis)),
    maxAttempts: Result.getOrThrow(NewJobs.attempts(config.maxAttempts ?? RetryPolicy.attemptsLimit(retry))),
    retry,
    tags: Result.getOrThrow(NewJobs.tags(config.tags ?? [])),
    version: Result.getOrThrow(NewJobs.version(config.version ?? 1)),
    ...(config.unique === undefined ? {} : { unique: config.unique })
  }
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
      Effect.suspend(() => Effect.fromResult(NewJobs.fromPayload(definition, payload, options))),
      (job) => Queue.use((queue) => insertOne(queue.insert, job))
    ),
  enqueueAll: (jobs) =>
    Effect.flatMap(
      Effect.suspend(() =>
        Effect.fromResult(
          Result.all(jobs.map(({ options = {}, payload }) => NewJobs.fromPayload(definition, payload, options)))
        )
      ),
      (newJobs) => Queue.use((queue) => insertAll(queue.insert, newJobs))
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
    Effect.orDie(Effect.suspend(() => Effect.fromResult(NewJobs.duration("delay", delay)))),
    (delayMillis) => Effect.fail(new JobSignal.Snooze({ delayMillis }))
  )

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
