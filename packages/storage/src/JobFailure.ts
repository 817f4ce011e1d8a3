/**
 * The stored form of an error: what a failed attempt leaves behind.
 *
 * Always storable: text is free of NUL bytes and lone surrogates and truncated to
 * a stated length, so that writing a failure can not itself fail.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Schema of a stored error.
 *
 * **Details**
 *
 * `tag` is the `_tag` of a typed error, else the name of the thrown value's class,
 * else `Defect`. `data` is the typed error encoded by the job's error schema.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobFailure = Schema.Struct({
  tag: Schema.String,
  message: Schema.String,
  stack: Schema.optionalKey(Schema.String),
  data: Schema.optionalKey(Schema.Json)
})

/**
 * A stored error.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobFailure = typeof JobFailure.Type
