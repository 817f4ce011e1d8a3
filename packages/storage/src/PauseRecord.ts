/**
 * A pause: what is kept from being claimed, and until when.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Schema of a pause.
 *
 * **Details**
 *
 * `name` is that of the queue, tenant, job or limit. `key` is set for one key of a limit only; null means all of it.
 * `until` null: until it is resumed.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const PauseRecord = Schema.Struct({
  what: Schema.Literals(["queue", "tenant", "name", "limit"]),
  name: Schema.String,
  key: Schema.NullOr(Schema.String),
  since: Schema.DateTimeUtc,
  until: Schema.NullOr(Schema.DateTimeUtc)
})

/**
 * A pause.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type PauseRecord = typeof PauseRecord.Type
