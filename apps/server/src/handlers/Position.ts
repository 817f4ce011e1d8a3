/**
 * Where a page of named things begins.
 *
 * @since 0.1.0
 */
import { ApiError, Cursor } from "@millrace/api"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/**
 * The entries of a page when no limit is given: 50, as of jobs.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const limitDefault = 50

/**
 * Reads a cursor that `Cursor.encodeText` wrote: the name or id to go on behind; null without one.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const read = (cursor: string | undefined): Effect.Effect<string | null, ApiError.InvalidCursor> => {
  if (cursor === undefined) return Effect.succeed(null)
  const after = Cursor.decodeText(cursor)
  return Option.isSome(after) ? Effect.succeed(after.value) : Effect.fail(damaged())
}

/**
 * Makes the answer to a cursor that this API did not write.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const damaged = (): ApiError.InvalidCursor =>
  new ApiError.InvalidCursor({
    error: {
      message: "The cursor is damaged, or was not written by this API",
      field: "cursor",
      hint: "Use the nextCursor of the page before as it is, or leave it out to start at the beginning"
    }
  })
