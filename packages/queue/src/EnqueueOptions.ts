/**
 * What a caller may say about one enqueued job beside its payload.
 *
 * @since 0.1.0
 */
import type * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { JobId } from "@millrace/storage/JobId"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"

/**
 * Who runs first: a name, or a whole number from 0 (first) to 100 (last). `Defaults.priorities` holds the names' numbers.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Priority = "urgent" | "high" | "normal" | "low" | number

/**
 * Options of one enqueued job.
 *
 * **Details**
 *
 * - `queue`: defaults to the definition's, which defaults to `default`
 * - `tenant`: whose jobs share fairness and limits. Defaults to none
 * - `priority`: defaults to the definition's, which defaults to `normal` (50)
 * - `delay`: how long the job waits, by the storage's clock, at most 100 years. Defaults to 0
 * - `runAt`: when the job may run, up to the year 9999; in the past means now. Excludes `delay`
 * - `unique`: while a job of this name, tenant and key is not finished, another enqueue answers `Duplicate`. A text is
 *   a key by the rule of the definition's `unique`, if any, which is also the default
 * - `throttle`: for a time after an enqueue another one with the key answers `Duplicate`. Defaults to the definition's
 * - `debounce`: the job waits, and another enqueue with the key puts it off and answers `Replaced`. Defaults to the
 *   definition's. `unique`, `throttle` and `debounce` exclude each other; `debounce` excludes `delay` and `runAt`
 * - `ttl`: the job is `cancelled` when it has not started so long after it was due. Defaults to the definition's
 * - `deadline`: when the job must be over: from then on no attempt starts or goes on, and the job is `dead`. At most
 *   100 years from now. Defaults to none
 * - `fifo`: jobs of this name, tenant and key run one after the other, in order. Defaults to the definition's
 * - `parents`: jobs, by id, that must be `completed` before this one starts: at most 100, one that is named twice counts
 *   once. Until then it is `pending`; when one of them is `dead`, `cancelled` or removed, it is `cancelled`. Excludes
 *   `debounce`. Defaults to none
 * - `limits`: limits beside the definition's, by name; one of the same name gives way. Defaults to none
 * - `maxAttempts`: failures after which the job is `dead`. Defaults to that of `retry`, else the definition's
 * - `timeout`: longest attempt. Defaults to the definition's, which defaults to 15 minutes
 * - `tags`: at most 32. Defaults to the definition's
 * - `retry`: defaults to the definition's, which defaults to `RetryPolicy.default`
 *
 * Queue, tenant, keys and tags have 1 to 255 characters and no control characters.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface EnqueueOptions {
  readonly queue?: string
  readonly tenant?: string
  readonly priority?: Priority
  readonly delay?: Duration.Input
  readonly runAt?: DateTime.DateTime.Input
  readonly unique?: string | UniqueOptions
  readonly throttle?: ThrottleOptions
  readonly debounce?: DebounceOptions
  readonly ttl?: Duration.Input
  readonly deadline?: DateTime.DateTime.Input
  readonly fifo?: string
  readonly parents?: ReadonlyArray<JobId>
  readonly limits?: ReadonlyArray<LimitOptions>
  readonly maxAttempts?: number
  readonly timeout?: Duration.Input
  readonly tags?: ReadonlyArray<string>
  readonly retry?: RetryPolicy.RetryPolicy
}

/**
 * Among which jobs of a name a key is looked for: those of the same tenant, those of the same queue, or all.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Scope = "tenant" | "queue" | "global"

/**
 * How a key keeps other jobs out.
 *
 * **Details**
 *
 * - `scope`: defaults to `tenant`
 * - `until`: the key is free again when the job has `finished` (also by being cancelled or dead), or already when it has
 *   `started`, so that one runs and one waits. Defaults to `finished`
 * - `period`: the key is held at least so long since the enqueue, even when the job is over. Defaults to no such time
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface UniqueRule {
  readonly scope?: Scope
  readonly until?: "finished" | "started"
  readonly period?: Duration.Input
}

/**
 * A unique key of one job, with its rule.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface UniqueOptions extends UniqueRule {
  readonly key: string
}

/**
 * At most one enqueue with a key in a time: the first one counts.
 *
 * **Details**
 *
 * `period` counts from the enqueue that was taken, whatever becomes of its job. `scope` defaults to `tenant`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ThrottleRule {
  readonly period: Duration.Input
  readonly scope?: Scope
}

/**
 * A throttled key of one job. Without a key all jobs of the scope share one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ThrottleOptions extends ThrottleRule {
  readonly key?: string
}

/**
 * Enqueues with a key that follow each other become one job, after a pause: the last one counts.
 *
 * **Details**
 *
 * - `wait`: the job runs so long after the last enqueue
 * - `maxWait`: and so long after the first one at the latest. Defaults to no such limit
 * - `payload`: whether the waiting job takes the new payload (`replace`) or keeps its own. Defaults to `replace`
 * - `scope`: defaults to `tenant`
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface DebounceRule {
  readonly wait: Duration.Input
  readonly maxWait?: Duration.Input
  readonly payload?: "replace" | "keep"
  readonly scope?: Scope
}

/**
 * A debounced key of one job. Without a key all jobs of the scope share one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface DebounceOptions extends DebounceRule {
  readonly key?: string
}

/**
 * A limit that a job has by the limit's name: its rule is declared elsewhere.
 *
 * **Details**
 *
 * `key` defaults to the one for all jobs; `weight` is a whole number from 1 on and defaults to 1. A job whose limit
 * nobody declared waits until somebody does.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface LimitOptions {
  readonly name: string
  readonly key?: string
  readonly weight?: number
}

/**
 * A job to enqueue by name, with its payload as JSON: for HTTP and other callers without the definition.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface EncodedRequest extends EnqueueOptions {
  readonly name: string
  readonly payload: unknown
}

/**
 * What may be changed of a job that waits: each as in `EnqueueOptions`; what is absent stays as it is.
 *
 * **Details**
 *
 * `tags` replace those that it has. A time in the past means now. `delay` and `runAt` exclude each other.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobChange = Pick<EnqueueOptions, "priority" | "tags" | "delay" | "runAt">
