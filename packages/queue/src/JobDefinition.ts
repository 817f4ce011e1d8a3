/**
 * What is known of a kind of job without its handler: name, schemas, options, and its compiled codec.
 *
 * `Job.make` makes one; `JobRegistry`, `Queue` and `Worker` work on it.
 *
 * @since 0.1.0
 */
import type * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { JobLimit, LimitRule } from "@millrace/storage/Limit"
import type { Scope } from "./EnqueueOptions.ts"
import type * as JobCodec from "./internal/jobCodec.ts"

/**
 * A schema that a job may use: any that needs no services and decodes synchronously.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type AnySchema = JobCodec.AnySchema

/**
 * The options of a job with every default filled in.
 *
 * **Details**
 *
 * `priority` is 0 (first) to 100. `maxAttempts` is that of the job, else of its retry policy.
 * `versionMin` is the oldest version of the payload that a worker still takes.
 * `leavesTimeout`, `leavesRetry` and `leavesAttempts` say that the definition has none of its own, so that `JobDefaults`
 * may give another.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options<Payload = unknown> {
  readonly queue: string
  readonly priority: number
  readonly timeoutMillis: number
  readonly maxAttempts: number
  readonly retry: RetryPolicy.RetryPolicy
  readonly leavesTimeout: boolean
  readonly leavesRetry: boolean
  readonly leavesAttempts: boolean
  readonly tags: ReadonlyArray<string>
  readonly version: number
  readonly versionMin: number
  readonly ttlMillis: number | null
  /** The rules of the limits that jobs have, to be declared to the storage. */
  readonly rules: ReadonlyArray<LimitRule>
  readonly once: Once | null
  // Methods, not properties: a definition of any payload is a definition of an unknown one.
  limitsOf?(payload: Payload, tenant: string): ReadonlyArray<JobLimit>
  onceKey?(payload: Payload): string
  fifoKey?(payload: Payload): string
  reduce?(waiting: Payload, next: Payload): Payload
}

/**
 * What becomes of enqueues with the same key: the rule of `unique`, `throttle` or `debounce` in plain numbers.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Once =
  | {
    readonly _tag: "Unique"
    readonly scope: Scope
    readonly holds: "started" | "finished" | "period"
    readonly periodMillis: number | null
  }
  | {
    readonly _tag: "Debounce"
    readonly scope: Scope
    readonly waitMillis: number
    readonly maxWaitMillis: number | null
    readonly payload: "keep" | "replace"
  }

/**
 * A kind of job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface JobDefinition<
  out Name extends string = string,
  out Payload extends AnySchema = AnySchema,
  out Success extends AnySchema = AnySchema,
  out Error extends AnySchema = AnySchema
> {
  readonly name: Name
  readonly payloadSchema: Payload
  readonly successSchema: Success
  readonly errorSchema: Error
  readonly options: Options<Payload["Type"]>
  readonly codec: JobCodec.JobCodec
}
