/**
 * What is known of a kind of job without its handler: name, schemas, options, and its compiled codec.
 *
 * `Job.make` makes one; `JobRegistry`, `Queue` and `Worker` work on it.
 *
 * @since 0.1.0
 */
import type * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
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
  readonly tags: ReadonlyArray<string>
  readonly version: number
  readonly versionMin: number
  /** A method, not a property: a definition of any payload is a definition of an unknown one. */
  unique?(payload: Payload): string
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
