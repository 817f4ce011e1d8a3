/**
 * A job on its way into storage, and what came of it.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import type { JobId } from "./JobId.ts"

/**
 * A job to insert: encoded, validated, with every default filled in.
 *
 * **Details**
 *
 * `delayMillis` (storage clock, 0 = now) and `runAt` exclude each other; a `runAt` in the
 * past means now. `uniqueKey` is already scoped (by job name, tenant …). A job holds its key from
 * insert until it is completed, cancelled, dead or removed; meanwhile inserting another
 * yields `Duplicate`. Within one batch the first job takes the key.
 * `priority` is 0 (first) to 100 (last). `maxAttempts` is 1 or more. `delayMillis` is finite and not
 * negative. No text or JSON in here holds NUL characters or lone surrogates.
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
  readonly maxAttempts: number
  readonly timeoutMillis: number | null
  readonly retry: Schema.Json | null
  readonly uniqueKey: string | null
  readonly tags: ReadonlyArray<string>
}

/**
 * What became of one inserted job: the new id, or the id of the live job that holds its unique key.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type InsertResult =
  | { readonly _tag: "Enqueued"; readonly id: JobId }
  | { readonly _tag: "Duplicate"; readonly id: JobId }
  | { readonly _tag: "Replaced"; readonly id: JobId }
