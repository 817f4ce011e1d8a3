/**
 * What a caller may say about one enqueued job beside its payload.
 *
 * @since 0.1.0
 */
import type * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
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
 * - `unique`: while a job of this name, tenant and key is not finished, another enqueue answers `Duplicate`.
 *   Defaults to the definition's `unique`, if any
 * - `maxAttempts`: failures after which the job is `dead`. Defaults to that of `retry`, else the definition's
 * - `timeout`: longest attempt. Defaults to the definition's, which defaults to 15 minutes
 * - `tags`: at most 32. Defaults to the definition's
 * - `retry`: defaults to the definition's, which defaults to `RetryPolicy.default`
 *
 * Queue, tenant, key and tags have 1 to 255 characters and no control characters.
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
  readonly unique?: string
  readonly maxAttempts?: number
  readonly timeout?: Duration.Input
  readonly tags?: ReadonlyArray<string>
  readonly retry?: RetryPolicy.RetryPolicy
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
