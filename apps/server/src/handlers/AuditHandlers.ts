/**
 * The endpoint of the audit.
 *
 * @since 0.1.0
 */
import { Api, ApiError, Cursor, JobFilter } from "@millrace/api"
import { JobId, ServiceStorage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as StorageFailure from "../StorageFailure.ts"

/**
 * The handlers of the group `audit`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "audit",
  Effect.fnUntraced(function*(handlers) {
    const { audit } = yield* ServiceStorage.ServiceStorage
    return handlers.handleAll({
      list: Effect.fnUntraced(function*({ query: { cursor, limit: asked, ...filters } }) {
        const limit = asked ?? JobFilter.limitDefault
        const before = cursor === undefined ? Option.none() : Cursor.decode(cursor)
        if (cursor !== undefined && Option.isNone(before)) return yield* invalidCursor()
        const lines = yield* StorageFailure.answered(audit.list({
          ...filters,
          limit: limit + 1,
          ...(Option.isSome(before) ? { before: before.value } : {})
        }))
        const items = lines.slice(0, limit)
        const last = items.at(-1)
        const hasMore = lines.length > limit && last !== undefined
        return { items, nextCursor: hasMore ? Cursor.encode(JobId.makeUnsafe(last.id)) : null }
      })
    })
  })
)

const invalidCursor = () =>
  new ApiError.InvalidCursor({
    error: {
      message: "The cursor is damaged, or was not written by this API",
      field: "cursor",
      hint: "Use the nextCursor of the page before as it is, or leave it out to start with the newest line"
    }
  })
