/**
 * Reading pages of jobs.
 *
 * Filters that an index answers read a page's jobs and no more. For all others the work of a call is bounded: it looks
 * at the newest jobs of each place, a thousand, then two thousand, and so on to 63,000, and answers what it found, with
 * a cursor that goes on from there.
 */
import * as Bounds from "@millrace/storage/Bounds"
import * as JobId from "@millrace/storage/JobId"
import type { JobQuery, Page } from "@millrace/storage/JobQuery"
import { limitDefault, toPage } from "@millrace/storage/JobQuery"
import type { JobRecord } from "@millrace/storage/JobRecord"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import type { Place } from "../statements/list.ts"
import * as statements from "../statements/list.ts"
import * as Filter from "./listFilter.ts"
import * as Rows from "./rows.ts"
import type { Session } from "./session.ts"

/** Jobs that the first round looks at in each place, for filters without an index. Each further round doubles it. */
const roundMin = 1000

/** Jobs that the last round looks at: 63,000 in all, some 100 ms (measured: decisions/0007). */
const roundMax = 32_000

/** The sizes of a page that have a statement of their own; a page is cut to its limit. */
const sizes = [51, 201, 1001]

/** The list method of a session. */
export const make = (session: Session) => {
  const rowsOf = Effect.fnUntraced(
    function*(query: JobQuery, places: ReadonlyArray<Place>, range: Filter.Range, limit: number) {
      const binder = Filter.binder()
      const parts = places.map((place) => Filter.partOf(query, place, range, binder))
      const size = sizes.find((size) => size >= limit) ?? limit
      const text = statements.page(session.schema, parts, size, binder.bind(limit, "int"))
      return (yield* session.rows("list", text, binder.values)).map(Rows.toRecord)
    }
  )

  const floorOf = Effect.fnUntraced(
    function*(query: JobQuery, places: ReadonlyArray<Place>, before: bigint | null, size: number) {
      const binder = Filter.binder()
      const parts = places.filter((place) => Filter.isBounded(query, place))
        .map((place) => Filter.indexedPartOf(query, place, { before, floor: null }, binder))
      const after = Filter.createdAfter(query)
      const afterSql = after === undefined ? null : binder.bind(after, "timestamptz")
      const [row] = yield* session.rows("list", statements.floor(session.schema, parts, size, afterSql), binder.values)
      return { floor: (row?.["floor"] ?? null) as bigint | null, isOver: row?.["is_over"] === true }
    }
  )

  const firstBefore = Effect.fnUntraced(function*(query: JobQuery) {
    const { before } = Filter.rangeOf(query)
    const created = Filter.createdBefore(query)
    if (created === undefined) return before
    const [row] = yield* session.rows("list", statements.idAfter(session.schema), [created])
    const id = row?.["id"] as bigint
    return before === null || id < before ? id : before
  })

  const inRounds = Effect.fnUntraced(function*(query: JobQuery, places: ReadonlyArray<Place>, limit: number) {
    const found: Array<JobRecord> = []
    let before = yield* firstBefore(query)
    for (let size = roundMin; size <= roundMax; size *= 2) {
      const { floor, isOver } = yield* floorOf(query, places, before, size)
      found.push(...(yield* rowsOf(query, places, { before, floor }, limit + 1 - found.length)))
      if (found.length > limit || floor === null || isOver) return toPage(found, limit)
      before = floor
    }
    return { items: found, next: before === null ? null : JobId.makeUnsafe(before) }
  })

  return Effect.fnUntraced(function*(query: JobQuery): Effect.fn.Return<Page, StorageError.StorageError> {
    const reason = Bounds.checkQuery(query)
    if (reason !== null) return yield* Effect.fail(new StorageError.StorageError({ reason }))
    const limit = query.limit ?? limitDefault
    const places = Filter.placesOf(query)
    if (places.length === 0) return { items: [], next: null }
    if (places.some((place) => Filter.isBounded(query, place))) return yield* inRounds(query, places, limit)
    return toPage(yield* rowsOf(query, places, Filter.rangeOf(query), limit + 1), limit)
  })
}
