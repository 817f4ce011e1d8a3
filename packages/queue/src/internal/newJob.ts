/**
 * From what a caller says to the row that a storage takes: options checked, defaults filled in, payload encoded.
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { LimitRule } from "@millrace/storage/Limit"
import type { NewJob } from "@millrace/storage/NewJob"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import type { EnqueueOptions } from "../EnqueueOptions.ts"
import * as JobDefaults from "../JobDefaults.ts"
import type { JobDefinition, Options } from "../JobDefinition.ts"
import type { InvalidOption } from "../QueueError.ts"
import { InvalidPayload } from "../QueueError.ts"
import * as EncodedStorage from "./encodedStorage.ts"
import type { Misfit } from "./jobCodec.ts"
import * as JobLimits from "./jobLimits.ts"
import * as JsonGuard from "./jsonGuard.ts"
import * as Once from "./once.ts"
import * as Checks from "./optionChecks.ts"
import type { Order } from "./producer.ts"
import type { Reducer } from "./reducer.ts"
import * as Policies from "./storedPolicy.ts"
import * as Text from "./text.ts"

/** A new job, or why it is refused. */
export type Checked<A> = Result.Result<A, InvalidPayload | InvalidOption>

/** Bounds of a payload. */
const payloadBounds: JsonGuard.Bounds = { bytes: Defaults.payloadBytes, depth: Defaults.jsonDepth }

/** The new job of a definition and a payload of its type. */
export const fromPayload = (
  definition: JobDefinition,
  payload: unknown,
  options: EnqueueOptions,
  defaults: JobDefaults.Values = JobDefaults.values
): Checked<NewJob> => Result.map(orderPayload(definition, payload, options), (order) => jobOf(order, defaults))

/** The job of an order, with the attempts that it left to others. */
export const jobOf = ({ job, leavesAttempts }: Order, defaults: JobDefaults.Values): NewJob =>
  leavesAttempts ? { ...job, maxAttempts: JobDefaults.attemptsOf(defaults) } : job

/** The new job of a definition and a payload of its type, with what belongs to it. */
export const orderPayload = (definition: JobDefinition, payload: unknown, options: EnqueueOptions): Checked<Order> => {
  const misfit = JsonGuard.checkShape(payload, payloadBounds)
  if (misfit !== null) return refusePayload(definition.name, misfit)
  const encoded = definition.codec.encodePayload(payload)
  if (encoded._tag === "Misfit") return refusePayload(definition.name, encoded.misfit)
  const unfit = JsonGuard.check(encoded.value, payloadBounds)
  if (unfit !== null) return refusePayload(definition.name, unfit)
  return toOrder(definition, encoded.value, payload, options)
}

/** The new job of a definition and a payload that is JSON already, with what belongs to it. */
export const orderJson = (definition: JobDefinition, payload: unknown, options: EnqueueOptions): Checked<Order> => {
  const misfit = JsonGuard.check(payload, payloadBounds)
  if (misfit !== null) return refusePayload(definition.name, misfit)
  const decoded = definition.codec.decodePayload(payload as Schema.Json)
  if (decoded._tag === "Misfit") return refusePayload(definition.name, decoded.misfit)
  return toOrder(definition, payload as Schema.Json, decoded.value, options)
}

/** The new job of a name that has no definition here. */
export const fromUnknown = (name: string, payload: unknown, options: EnqueueOptions): Checked<NewJob> =>
  Result.map(orderUnknown(name, payload, options), ({ job }) => job)

/** The new job of a name that has no definition here, with what belongs to it. */
export const orderUnknown = (name: string, payload: unknown, options: EnqueueOptions): Checked<Order> => {
  const misfit = JsonGuard.check(payload, payloadBounds)
  if (misfit !== null) return refusePayload(name, misfit)
  return Result.map(
    assemble(name, payload as Schema.Json, undefinedOptions, options, null),
    (job) => ({
      job,
      rules: rulesOf(name, undefinedOptions, options),
      reduce: null,
      leavesAttempts: leavesAttempts(undefinedOptions, options)
    })
  )
}

const toOrder = (
  definition: JobDefinition,
  encoded: Schema.Json,
  payload: unknown,
  options: EnqueueOptions
): Checked<Order> =>
  Result.map(assemble(definition.name, encoded, definition.options, options, { payload }), (job) => ({
    job,
    rules: rulesOf(definition.name, definition.options, options),
    reduce: reducerOf(definition, payload, options),
    leavesAttempts: leavesAttempts(definition.options, options)
  }))

/** Nobody said how often the job may fail. */
const leavesAttempts = (defaults: Options, { maxAttempts, retry }: EnqueueOptions): boolean =>
  defaults.leavesAttempts && maxAttempts === undefined && retry === undefined

/** The order of a job that only the enqueue asks for has to be declared too. */
const rulesOf = (name: string, defaults: Options, { fifo }: EnqueueOptions): ReadonlyArray<LimitRule> =>
  fifo === undefined || defaults.fifoKey !== undefined ? defaults.rules : [...defaults.rules, JobLimits.orderRule(name)]

/** Only a debounce of the definition reduces; one of the enqueue keeps or replaces. */
const reducerOf = (definition: JobDefinition, payload: unknown, options: EnqueueOptions): Reducer | null => {
  const { codec, name, options: { reduce } } = definition
  const { debounce, throttle, unique } = options
  if (reduce === undefined || debounce !== undefined || throttle !== undefined || unique !== undefined) return null
  return (waiting) => {
    // What is stored may fit a schema that asks for little, and the waiting payload would be lost.
    if (!EncodedStorage.isPayloadReadable(waiting)) return refusePayload(name, unreadable)
    const old = codec.decodeVersion(waiting.payload, waiting.version)
    if (old._tag === "Misfit") return refusePayload(name, old.misfit)
    const encoded = codec.encodePayload(reduce(old.value, payload))
    if (encoded._tag === "Misfit") return refusePayload(name, encoded.misfit)
    const unfit = JsonGuard.check(encoded.value, payloadBounds)
    return unfit === null ? Result.succeed(encoded.value) : refusePayload(name, unfit)
  }
}

const unreadable: Misfit = {
  field: "$",
  detail: "the waiting job's can not be decrypted here, and is kept: give this program the key"
}

/** The options of a job without a definition. */
const undefinedOptions: Options = {
  queue: Defaults.queue,
  priority: Defaults.priorities.normal,
  timeoutMillis: Defaults.timeoutMillis,
  maxAttempts: RetryPolicy.attemptsLimit(RetryPolicy.default),
  retry: RetryPolicy.default,
  leavesTimeout: true,
  leavesRetry: true,
  leavesAttempts: true,
  tags: [],
  version: 1,
  versionMin: 1,
  ttlMillis: null,
  rules: [],
  once: null
}

const refusePayload = (name: string, misfit: Misfit): Result.Result<never, InvalidPayload> =>
  Result.fail(
    new InvalidPayload({
      name: Text.sanitise(Text.fromUnknown(name), Defaults.nameLength),
      field: misfit.field,
      detail: Text.sanitise(misfit.detail, 1024)
    })
  )

/** `typed` is the payload as the definition's own functions take it; null without a definition. */
const assemble = (
  name: string,
  payload: Schema.Json,
  defaults: Options,
  options: EnqueueOptions,
  typed: { readonly payload: unknown } | null
): Checked<NewJob> =>
  Result.gen(function*() {
    const tenant = options.tenant === undefined || options.tenant === ""
      ? ""
      : yield* Checks.label("tenant", options.tenant)
    const queue = yield* Checks.label("queue", options.queue ?? defaults.queue)
    const ownLimits = typed === null ? [] : defaults.limitsOf?.(typed.payload, tenant) ?? []
    const parents = options.parents === undefined ? [] : yield* Checks.parents(options.parents)
    const fifoKey = options.fifo ?? (typed === null ? undefined : defaults.fifoKey?.(typed.payload))
    const once = yield* Once.resolve(
      { name, queue, tenant },
      defaults,
      options,
      () => typed === null ? undefined : defaults.onceKey?.(typed.payload)
    )
    if (once.debounce !== null && parents.length > 0) {
      return yield* Checks.refuse("parents", "parents and debounce exclude each other")
    }
    return {
      name: yield* Checks.label("name", name),
      version: defaults.version,
      queue,
      tenant,
      priority: yield* Checks.priority(options.priority ?? defaults.priority),
      payload,
      ...(yield* due(options)),
      ttlMillis: options.ttl === undefined ? defaults.ttlMillis : yield* Checks.timeout(options.ttl, "ttl"),
      maxAttempts: yield* Checks.attempts(options.maxAttempts ?? attemptsOf(options, defaults)),
      timeoutMillis: options.timeout === undefined ? null : yield* Checks.timeout(options.timeout),
      retry: yield* Policies.stored(options),
      ...once,
      limits: yield* JobLimits.resolve(name, tenant, options, ownLimits, fifoKey),
      tags: yield* Checks.tags(options.tags ?? defaults.tags),
      ...(parents.length === 0 ? {} : { parents })
    }
  })

const attemptsOf = (options: EnqueueOptions, defaults: Options): number =>
  options.retry === undefined ? defaults.maxAttempts : RetryPolicy.attemptsLimit(options.retry)

const due = (options: EnqueueOptions): Result.Result<Pick<NewJob, "delayMillis" | "runAt">, InvalidOption> => {
  if (options.runAt === undefined) {
    if (options.delay === undefined) return Result.succeed(now)
    return Result.map(Checks.duration("delay", options.delay), (delayMillis) => ({ delayMillis, runAt: null }))
  }
  return options.delay === undefined
    ? Result.map(Checks.instant("runAt", options.runAt), (runAt) => ({ delayMillis: 0, runAt }))
    : Checks.refuse("runAt", "runAt and delay exclude each other")
}

const now = { delayMillis: 0, runAt: null }
