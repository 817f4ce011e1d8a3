/**
 * From what a caller says to the row that a storage takes: options checked, defaults filled in, payload encoded.
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { NewJob } from "@millrace/storage/NewJob"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import type { EnqueueOptions, Priority } from "../EnqueueOptions.ts"
import type { JobDefinition, Options } from "../JobDefinition.ts"
import { InvalidOption, InvalidPayload } from "../QueueError.ts"
import type { Misfit } from "./jobCodec.ts"
import * as JsonGuard from "./jsonGuard.ts"
import * as Text from "./text.ts"

/** A new job, or why it is refused. */
export type Checked<A> = Result.Result<A, InvalidPayload | InvalidOption>

/** Bounds of a payload. */
const payloadBounds: JsonGuard.Bounds = { bytes: Defaults.payloadBytes, depth: Defaults.jsonDepth }

/** The new job of a definition and a payload of its type. */
export const fromPayload = (definition: JobDefinition, payload: unknown, options: EnqueueOptions): Checked<NewJob> => {
  const misfit = JsonGuard.checkShape(payload, payloadBounds)
  if (misfit !== null) return refusePayload(definition.name, misfit)
  const encoded = definition.codec.encodePayload(payload)
  if (encoded._tag === "Misfit") return refusePayload(definition.name, encoded.misfit)
  const unfit = JsonGuard.check(encoded.value, payloadBounds)
  if (unfit !== null) return refusePayload(definition.name, unfit)
  return assemble(
    definition.name,
    encoded.value,
    definition.options,
    options,
    () => definition.options.unique?.(payload)
  )
}

/** The new job of a definition and a payload that is JSON already. */
export const fromJson = (definition: JobDefinition, payload: unknown, options: EnqueueOptions): Checked<NewJob> => {
  const misfit = JsonGuard.check(payload, payloadBounds)
  if (misfit !== null) return refusePayload(definition.name, misfit)
  const decoded = definition.codec.decodePayload(payload as Schema.Json)
  if (decoded._tag === "Misfit") return refusePayload(definition.name, decoded.misfit)
  const unique = () => definition.options.unique?.(decoded.value)
  return assemble(definition.name, payload as Schema.Json, definition.options, options, unique)
}

/** The new job of a name that has no definition here. */
export const fromUnknown = (name: string, payload: unknown, options: EnqueueOptions): Checked<NewJob> => {
  const misfit = JsonGuard.check(payload, payloadBounds)
  if (misfit !== null) return refusePayload(name, misfit)
  return assemble(name, payload as Schema.Json, undefinedOptions, options, () => undefined)
}

/** The options of a job without a definition. */
const undefinedOptions: Options = {
  queue: Defaults.queue,
  priority: Defaults.priorities.normal,
  timeoutMillis: Defaults.timeoutMillis,
  maxAttempts: RetryPolicy.attemptsLimit(RetryPolicy.default),
  retry: RetryPolicy.default,
  tags: [],
  version: 1,
  versionMin: 1
}

const refusePayload = (name: string, misfit: Misfit): Checked<never> =>
  Result.fail(
    new InvalidPayload({
      name: Text.sanitise(Text.fromUnknown(name), Defaults.nameLength),
      field: misfit.field,
      detail: Text.sanitise(misfit.detail, 1024)
    })
  )

const assemble = (
  name: string,
  payload: Schema.Json,
  defaults: Options,
  options: EnqueueOptions,
  uniqueOf: () => string | undefined
): Checked<NewJob> =>
  Result.gen(function*() {
    const tenant = options.tenant === undefined || options.tenant === "" ? "" : yield* label("tenant", options.tenant)
    const unique = options.unique ?? uniqueOf()
    return {
      name: yield* label("name", name),
      version: defaults.version,
      queue: yield* label("queue", options.queue ?? defaults.queue),
      tenant,
      priority: yield* priority(options.priority ?? defaults.priority),
      payload,
      ...(yield* due(options)),
      maxAttempts: yield* attempts(options.maxAttempts ?? attemptsOf(options, defaults)),
      timeoutMillis: options.timeout === undefined ? null : yield* timeout(options.timeout),
      retry: options.retry === undefined ? null : yield* policy(options.retry),
      uniqueKey: unique === undefined ? null : scoped(name, tenant, yield* label("unique", unique)),
      tags: yield* tags(options.tags ?? defaults.tags)
    }
  })

const attemptsOf = (options: EnqueueOptions, defaults: Options): number =>
  options.retry === undefined ? defaults.maxAttempts : RetryPolicy.attemptsLimit(options.retry)

/** A name, queue, tenant, key or tag: 1 to 255 characters without controls. */
export const label = (field: string, value: unknown): Result.Result<string, InvalidOption> => {
  if (typeof value !== "string") return refuse(field, `expected text, found ${typeof value}`)
  if (value.length === 0) return refuse(field, "expected at least one character")
  if (value.length > Defaults.nameLength) return refuse(field, `longer than ${Defaults.nameLength} characters`)
  return controls.test(value) ? refuse(field, "holds a control character or a lone surrogate") : Result.succeed(value)
}

const controls = /[\p{Cc}\p{Surrogate}]/u

/** A number from 0 (first) to 100, or one of the names. */
export const priority = (value: Priority): Result.Result<number, InvalidOption> => {
  const number = typeof value === "string" && Object.hasOwn(Defaults.priorities, value)
    ? Defaults.priorities[value]
    : value
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 100
    ? Result.succeed(number)
    : refuse("priority", "expected urgent, high, normal, low or a whole number from 0 to 100")
}

/** A number of attempts: a whole number of 1 or more. */
export const attempts = (value: number): Result.Result<number, InvalidOption> =>
  Number.isInteger(value) && value >= 1 && value <= 2_147_483_647
    ? Result.succeed(value)
    : refuse("maxAttempts", "expected a whole number of attempts, 1 or more")

/** A version of a payload's schema: a whole number of 1 or more. */
export const version = (value: number): Result.Result<number, InvalidOption> =>
  Number.isInteger(value) && value >= 1 && value <= 2_147_483_647
    ? Result.succeed(value)
    : refuse("version", "expected a whole number, 1 or more")

/** A time-out in milliseconds: more than 0. */
export const timeout = (value: Duration.Input): Result.Result<number, InvalidOption> =>
  Result.flatMap(
    duration("timeout", value),
    (millis) => millis > 0 ? Result.succeed(millis) : refuse("timeout", "expected more than 0 milliseconds")
  )

/** A duration in whole milliseconds, from 0 to 100 years. */
export const duration = (field: string, value: Duration.Input): Result.Result<number, InvalidOption> => {
  // Duration takes NaN for zero.
  const given = typeof value === "number" && Number.isNaN(value) ? Option.none() : Duration.fromInput(value)
  const millis = Option.match(given, { onNone: () => Number.NaN, onSome: Duration.toMillis })
  return millis >= 0 && millis <= Defaults.durationMillis
    ? Result.succeed(Math.ceil(millis))
    : refuse(field, "expected a duration from 0 to 100 years")
}

/** At most 32 tags. */
export const tags = (values: ReadonlyArray<string>): Result.Result<ReadonlyArray<string>, InvalidOption> => {
  if (!Array.isArray(values) || values.length > Defaults.tagCount) {
    return refuse("tags", `expected at most ${Defaults.tagCount} tags`)
  }
  return Result.all(values.map((tag, index) => label(`tags[${index}]`, tag)))
}

/** The last instant of the year 9999: the last one whose text every database and calendar agrees on. */
const latestMillis = 253_402_300_799_999

const due = (options: EnqueueOptions): Result.Result<Pick<NewJob, "delayMillis" | "runAt">, InvalidOption> => {
  if (options.runAt === undefined) {
    if (options.delay === undefined) return Result.succeed(now)
    return Result.map(duration("delay", options.delay), (delayMillis) => ({ delayMillis, runAt: null }))
  }
  if (options.delay !== undefined) return refuse("runAt", "runAt and delay exclude each other")
  const runAt = Option.getOrUndefined(DateTime.make(options.runAt))
  const millis = runAt === undefined ? Number.NaN : DateTime.toEpochMillis(runAt)
  return runAt !== undefined && millis >= 0 && millis <= latestMillis
    ? Result.succeed({ delayMillis: 0, runAt: DateTime.toUtc(runAt) })
    : refuse("runAt", "expected an instant from 1970 to 9999")
}

const now = { delayMillis: 0, runAt: null }

const policyCodec = Schema.encodeUnknownResult(Schema.toCodecJson(RetryPolicy.RetryPolicy))

const policy = (value: RetryPolicy.RetryPolicy): Result.Result<Schema.Json, InvalidOption> =>
  Result.mapError(
    policyCodec(value),
    (error) => new InvalidOption({ field: "retry", detail: Text.sanitise(error.message, 1024) })
  )

/** A key is unique within job name and tenant. Colons in these are escaped, so that no two scopes look the same. */
const scoped = (name: string, tenant: string, key: string): string => `${escape(name)}:${escape(tenant)}:${key}`

const escape = (text: string): string => text.replace(/[%:]/g, (char) => char === "%" ? "%25" : "%3A")

const refuse = (field: string, detail: string): Result.Result<never, InvalidOption> =>
  Result.fail(new InvalidOption({ field, detail }))
