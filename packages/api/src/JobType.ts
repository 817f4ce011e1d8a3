/**
 * A kind of job that can be created: what the server or a live worker knows of it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Schema of a kind of job.
 *
 * **Details**
 *
 * - `source`: `built-in` comes with Millrace, `module` was loaded by the server, `worker` is known only because a
 *   live worker runs it: its payload is not checked by the server, and everything but its name is null
 * - `payload`: the JSON Schema (draft 2020-12) of the payload
 * - `retry`: the retry policy as data; null means the default policy
 * - `timeoutMillis`: how long one attempt may run
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobType = Schema.Struct({
  name: Schema.String,
  source: Schema.Literals(["built-in", "module", "worker"]),
  version: Schema.NullOr(Schema.Int),
  queue: Schema.NullOr(Schema.String),
  payload: Schema.NullOr(Schema.Json),
  retry: Schema.NullOr(Schema.Json),
  timeoutMillis: Schema.NullOr(Schema.Int)
}).annotate({ identifier: "JobType" })

/**
 * A kind of job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobType = typeof JobType.Type
