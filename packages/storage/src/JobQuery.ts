/**
 * Filters and the keyset cursor for listing jobs.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import { jsonContains } from "./internal/jsonContains.ts"
import * as JobId from "./JobId.ts"
import type { JobRecord } from "./JobRecord.ts"
import type { JobState } from "./JobState.ts"

/**
 * Which jobs to list: all given filters must hold; within one filter any value may match.
 *
 * **Details**
 *
 * Newest first (by id). A filter without values matches nothing. `tags` matches jobs that have any of
 * them. `payload` matches jobs whose payload contains this JSON (as PostgreSQL's `@>`).
 * `createdAfter` includes its instant, `createdBefore` does not. `before` is the id of the last job
 * of the page before. `limit` is 1 to 1,000, defaults to 50.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface JobQuery {
  readonly ids?: ReadonlyArray<JobId.JobId>
  readonly states?: ReadonlyArray<JobState>
  readonly names?: ReadonlyArray<string>
  readonly queues?: ReadonlyArray<string>
  readonly tenants?: ReadonlyArray<string>
  readonly tags?: ReadonlyArray<string>
  readonly payload?: Schema.Json
  readonly createdAfter?: DateTime.Utc
  readonly createdBefore?: DateTime.Utc
  readonly before?: JobId.JobId
  readonly limit?: number
}

/**
 * One page of a list. `next` is the `before` of the following page, null at the end.
 *
 * **Gotchas**
 *
 * A page may be shorter than its limit, or empty, while `next` is set: only null means the end.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Page {
  readonly items: ReadonlyArray<JobRecord>
  readonly next: JobId.JobId | null
}

/**
 * Jobs of a page when a query names no limit.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const limitDefault = 50

/**
 * Makes a page of at most `limit` jobs from a list that was read with one more than that.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const toPage = (newestFirst: ReadonlyArray<JobRecord>, limit: number): Page => {
  const items = newestFirst.slice(0, limit)
  const last = items.at(-1)
  return { items, next: newestFirst.length > limit && last !== undefined ? last.id : null }
}

/**
 * Tells whether a payload contains the JSON of a query, as PostgreSQL's `@>`.
 *
 * @stability unstable
 * @category predicates
 * @since 0.1.0
 */
export const containsPayload = (payload: Schema.Json, wanted: Schema.Json): boolean => jsonContains(payload, wanted)

/**
 * Orders job records newest first.
 *
 * @stability unstable
 * @category ordering
 * @since 0.1.0
 */
export const newestFirst = (a: JobRecord, b: JobRecord): number => JobId.compare(b.id, a.id)
