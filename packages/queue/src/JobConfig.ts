/**
 * How a kind of job is defined: the options of `Job.make`.
 *
 * @since 0.1.0
 */
import type * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { DebounceRule, Priority, ThrottleRule, UniqueRule } from "./EnqueueOptions.ts"
import type { AnySchema } from "./JobDefinition.ts"
import type { Limit } from "./Limit.ts"

/**
 * How a job is defined.
 *
 * **Details**
 *
 * - `payload`: fields of a struct, or a schema. Schemas need no services and are synchronous; values travel as the JSON
 *   of `Schema.toCodecJson`, at most 1 MiB and 100 levels
 * - `success`: schema of the result. Defaults to `Schema.Void`
 * - `error`: schema of the typed errors. Defaults to `Schema.Never`
 * - `retry`: when failed attempts are repeated: a policy, or one for each tag of `error`. Defaults to `RetryPolicy.default`
 * - `maxAttempts`: failures after which the job is `dead`. Defaults to that of `retry`
 * - `timeout`: longest attempt. Defaults to 15 minutes
 * - `queue`: defaults to `default`
 * - `priority`: defaults to `normal`
 * - `tags`: defaults to none
 * - `version`: version of the payload's schema. Defaults to 1
 * - `upcasters`: for each older version that a worker still takes, its schema and the way to the present payload; the
 *   versions have no gap. Defaults to none: a worker takes `version` only
 * - `limits`: how many may run or start at a time, by key; see `Limit`. At most 16. Defaults to none
 * - `unique`, `throttle`, `debounce`: what becomes of enqueues with the same key; see `EnqueueOptions`. Default to none,
 *   and exclude each other. `reduce` of a debounce makes one payload of the waiting one and the new one
 * - `ttl`: how long a due job may wait for its first start. Defaults to for ever
 * - `fifo`: jobs of a tenant with the same key run one after the other, in order; see `Limit.fifo`. Defaults to none
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
  readonly retry?: RetryPolicy.RetryPolicy | RetryByTag<Error["Type"]>
  readonly maxAttempts?: number
  readonly timeout?: Duration.Input
  readonly queue?: string
  readonly priority?: Priority
  readonly tags?: ReadonlyArray<string>
  readonly version?: number
  readonly upcasters?: { readonly [version: number]: Upcaster<PayloadSchema<Payload>["Type"]> }
  readonly limits?: ReadonlyArray<Limit<PayloadSchema<Payload>["Type"]>>
  readonly unique?: KeyOf<PayloadSchema<Payload>["Type"]> | Unique<PayloadSchema<Payload>["Type"]>
  readonly throttle?: Throttle<PayloadSchema<Payload>["Type"]>
  readonly debounce?: Debounce<PayloadSchema<Payload>["Type"]>
  readonly ttl?: Duration.Input
  readonly fifo?: KeyOf<PayloadSchema<Payload>["Type"]>
}

/**
 * The key of a payload: 1 to 255 characters without controls.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type KeyOf<in Payload> = (payload: Payload) => string

/**
 * A unique key by payload, with its rule.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Unique<in Payload> extends UniqueRule {
  readonly key: KeyOf<Payload>
}

/**
 * A throttled key by payload. Without `key` all jobs of the scope share one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Throttle<in Payload> extends ThrottleRule {
  readonly key?: KeyOf<Payload>
}

/**
 * A debounced key by payload. Without `key` all jobs of the scope share one.
 *
 * **Details**
 *
 * `reduce` makes the payload of the waiting job from its own and the new one, in one transaction with the row locked, so
 * that no enqueue is left out. It is pure, and excludes `payload`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Debounce<in out Payload> extends DebounceRule {
  readonly key?: KeyOf<Payload>
  readonly reduce?: (waiting: Payload, next: Payload) => Payload
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
 * A retry policy for each tag of a job's errors, checked by the compiler.
 *
 * **Details**
 *
 * A tag of the job's `error` without a rule is a type error, and so is a rule for a tag that it does not have. Defects,
 * time-outs and errors without a tag follow `otherwise`, whose limits hold for all attempts. Defaults to
 * `RetryPolicy.default`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface RetryByTag<Error> {
  readonly byTag: [RetryPolicy.ErrorTag<Error>] extends [never] ? { readonly [tag: string]: never }
    : RetryPolicy.ExhaustiveRules<Error>
  readonly otherwise?: RetryPolicy.RetryPolicy
  /** A policy has a tag; this is none. */
  readonly _tag?: never
}

/**
 * The way from the payload of an older version to the present one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Upcaster<out Payload = unknown> {
  readonly payload: AnySchema
  readonly to: (old: never) => Payload
}

/**
 * Makes an upcaster: the fields or schema of an old payload, and the function to the present one.
 *
 * **Details**
 *
 * What the function answers must fit the present schema; an old payload for which it throws, or does not, is
 * quarantined.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const upcaster = <const Old extends Schema.Struct.Fields | AnySchema, Payload>(
  payload: Old,
  to: (old: PayloadSchema<Old>["Type"]) => Payload
): Upcaster<Payload> => ({ payload: schemaOf(payload), to })

/**
 * The schema of a payload that is given as fields or as a schema.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const schemaOf = <Payload extends Schema.Struct.Fields | AnySchema>(
  payload: Payload
): PayloadSchema<Payload> => {
  const schema: unknown = Schema.isSchema(payload) ? payload : Schema.Struct(payload as Schema.Struct.Fields)
  return schema as PayloadSchema<Payload>
}
