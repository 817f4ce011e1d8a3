/**
 * Instants that callers send: ISO 8601 with a zone, such as `2026-11-22T08:00:00Z`.
 *
 * Without a zone the same text would mean another instant on every machine, so it is refused.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/

/**
 * Schema of an instant.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Instant = Schema.String.annotate({ examples: ["2026-11-22T08:00:00Z"], format: "date-time" }).check(
  Schema.isPattern(pattern, { message: "Expected an instant with its zone, such as 2026-11-22T08:00:00Z" })
).pipe(Schema.decodeTo(Schema.DateTimeUtcFromString))
