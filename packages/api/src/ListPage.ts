/**
 * The one form of every list that the API answers: `{ items, nextCursor }`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Makes the schema of a page. `nextCursor` is null when nothing follows.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const of = <S extends Schema.Top>(item: S) =>
  Schema.Struct({
    items: Schema.Array(item),
    nextCursor: Schema.NullOr(Schema.String)
  })
