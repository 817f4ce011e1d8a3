/**
 * The name of the database schema that holds the tables: checked once, quoted everywhere.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The schema name used when none is given.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const defaultName = "millrace"

/**
 * Schema of a schema name: 1 to 40 characters, so that names derived from it stay below
 * PostgreSQL's 63 bytes; letters, digits, `_` and `-`, beginning with a letter or `_`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const PgSchemaName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_-]{0,39}$/, {
    expected: "a schema name: 1 to 40 letters, digits, _ or -, beginning with a letter or _"
  })
)

/**
 * Quotes a schema name for use in a statement; throws on a name that is not a `PgSchemaName`.
 *
 * @stability unstable
 * @category encoding
 * @since 0.1.0
 */
export const quoteUnsafe = (name: string): string => `"${Schema.decodeUnknownSync(PgSchemaName)(name)}"`

/**
 * The NOTIFY channel of a schema.
 *
 * @stability unstable
 * @category encoding
 * @since 0.1.0
 */
export const channel = (name: string): string => `millrace:${name}`
