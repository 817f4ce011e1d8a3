/**
 * The endpoints of history, alerts and health.
 *
 * @since 0.1.0
 */
import { Api, ApiError, Cursor, JobFilter, StatsApi, StatsView } from "@millrace/api"
import { Queue } from "@millrace/queue"
import { JobId, Sample, SampleStorage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as StorageFailure from "../StorageFailure.ts"

/** More alerts that fire are not counted. */
const firingMax = 100

/**
 * The handlers of the group `stats`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "stats",
  Effect.fnUntraced(function*(handlers) {
    const samples = yield* SampleStorage.SampleStorage
    const queue = yield* Queue.Queue
    return handlers.handleAll({
      history: Effect.fnUntraced(function*({ query }) {
        const range = StatsApi.rangeOf(query, yield* DateTime.now)
        if (Result.isFailure(range)) return yield* new ApiError.InvalidRequest({ error: range.failure })
        const asked = { queue: query.queue ?? Sample.allQueues, ...range.success }
        const items = yield* StorageFailure.answered(samples.list(asked))
        return { queue: query.queue ?? null, ...range.success, items: items.map(StatsView.fromSample) }
      }),
      alerts: Effect.fnUntraced(function*({ query: { cursor, limit: asked, state } }) {
        const limit = asked ?? JobFilter.limitDefault
        const before = cursor === undefined ? Option.none() : Cursor.decode(cursor)
        if (cursor !== undefined && Option.isNone(before)) return yield* invalidCursor()
        const found = yield* StorageFailure.answered(samples.alerts({
          limit: limit + 1,
          ...(state === undefined ? {} : { state }),
          ...(Option.isSome(before) ? { before: before.value } : {})
        }))
        const items = found.slice(0, limit)
        const last = items.at(-1)
        const hasMore = found.length > limit && last !== undefined
        return {
          items: items.map(StatsView.fromAlert),
          nextCursor: hasMore ? Cursor.encode(JobId.makeUnsafe(last.id)) : null
        }
      }),
      detail: () =>
        StorageFailure.answered(Effect.gen(function*() {
          const overview = yield* queue.overview
          const newest = (yield* samples.latest).find(({ queue }) => queue === Sample.allQueues)
          const firing = yield* samples.alerts({ state: "firing", limit: firingMax })
          return StatsView.healthOf(overview, newest, { alerts: firing.length, now: yield* DateTime.now })
        }))
    })
  })
)

const invalidCursor = () =>
  new ApiError.InvalidCursor({
    error: {
      message: "The cursor is damaged, or was not written by this API",
      field: "cursor",
      hint: "Use the nextCursor of the page before as it is, or leave it out to start with the newest alert"
    }
  })
