/**
 * A job on its way into storage, and what came of it.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import type { JobId } from "./JobId.ts"
import type { JobLimit } from "./Limit.ts"

/**
 * A job to insert: encoded, validated, with every default filled in.
 *
 * **Details**
 *
 * `delayMillis` (storage clock, 0 = now) and `runAt` exclude each other; a `runAt` in the
 * past means now. `priority` is 0 (first) to 100 (last). `maxAttempts` is 1 or more. `delayMillis` is finite and not
 * negative. No text or JSON in here holds NUL characters or lone surrogates.
 *
 * `ttlMillis` is how long the job may wait for its first start, counted from the instant it is due: afterwards it is not
 * lent any more and becomes `cancelled` with an error tagged `Expired`. Null: for ever.
 *
 * `limits` are those that every start of the job must pass: at most 16, each name and key once;
 * names and keys are at most 255 characters.
 *
 * `parents` are jobs that must be `completed` before this one may start: at most 100, one that is named twice counts
 * once; absent means none. It excludes `debounce`. See `Storage.insert` and `Storage.promote`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface NewJob {
  readonly name: string
  readonly version: number
  readonly queue: string
  readonly tenant: string
  readonly priority: number
  readonly payload: Schema.Json
  readonly delayMillis: number
  readonly runAt: DateTime.Utc | null
  readonly ttlMillis: number | null
  readonly maxAttempts: number
  readonly timeoutMillis: number | null
  readonly retry: Schema.Json | null
  readonly unique: Unique | null
  readonly debounce: Debounce | null
  readonly limits: ReadonlyArray<JobLimit>
  readonly tags: ReadonlyArray<string>
  readonly parents?: ReadonlyArray<JobId>
}

/**
 * A claim to be the only job with a key: meanwhile inserting another with it yields `Duplicate`.
 *
 * **Details**
 *
 * `key` is already scoped (by job name, tenant …). Within one batch the first job takes the key. `holds` says how long:
 *
 * - `finished`: until the job is completed, cancelled, dead or removed.
 * - `started`: until it is claimed for the first time, or ended before.
 * - `period`: for `periodMillis` since the insert, whatever becomes of the job, even if it is removed.
 *
 * With `finished` and `started` a `periodMillis` is the least time: the key is held that long since the insert even
 * after the end; null for none. `period` needs one. The record of a job shows its key while the job holds it by its life, and
 * after its end; never with `period`, and not after the start with `started`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Unique {
  readonly key: string
  readonly holds: "started" | "finished" | "period"
  readonly periodMillis: number | null
}

/**
 * Putting off: while a job with this key waits to become available, inserting another only pushes that one to
 * `waitMillis` from now, and answers `Replaced` with its id.
 *
 * **Details**
 *
 * `key` is already scoped; keys of `Unique` are others. `maxWaitMillis` bounds the pushing: a job becomes due so long after
 * it was inserted at the latest; null: never bounded. `payload` says whether the waiting job takes the new payload. The job
 * is due after `waitMillis` (1 or more): `delayMillis` must be 0, `runAt` and `unique` null.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Debounce {
  readonly key: string
  readonly waitMillis: number
  readonly maxWaitMillis: number | null
  readonly payload: "keep" | "replace"
}

/**
 * What became of one inserted job: the new id, the id of the job that holds its unique key, or of the
 * waiting job that it put off.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type InsertResult =
  | { readonly _tag: "Enqueued"; readonly id: JobId }
  | { readonly _tag: "Duplicate"; readonly id: JobId }
  | { readonly _tag: "Replaced"; readonly id: JobId }
