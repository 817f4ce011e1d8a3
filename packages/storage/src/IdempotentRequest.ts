/**
 * Requests that are made once however often they are sent: their keys, and the answers that are kept for them.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { StorageError } from "./StorageError.ts"

/**
 * A request with a key.
 *
 * **Details**
 *
 * `caller` and `endpoint` are the scope of `key`: the same key of another caller, or for another endpoint, is another one.
 * `fingerprint` tells the content of two requests apart. The answer is kept for `keepMillis`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface IdempotentRequest {
  readonly caller: string
  readonly endpoint: string
  readonly key: string
  readonly fingerprint: string
  readonly keepMillis: number
}

/**
 * What a request was answered.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface KeptAnswer {
  readonly status: number
  readonly body: string
}

/**
 * What came of a request: it ran now (`Ran`), ran before and is answered as it was (`Kept`), or another one has its key
 * (`Other`).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type OnceResult =
  | { readonly _tag: "Ran"; readonly answer: KeptAnswer }
  | { readonly _tag: "Kept"; readonly answer: KeptAnswer }
  | { readonly _tag: "Other" }

/**
 * The requests that a storage keeps.
 *
 * **Details**
 *
 * - `once` runs what a request asks for, unless it ran before. The run and its answer are stored together: in the
 *   caller's transaction, or in one of their own where the storage has any. Of requests with the same key at the same
 *   time one runs, and the others wait for it. A run that fails keeps nothing: the next request runs.
 * - `prune` drops answers whose time is over, at most 10,000, and tells how many.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface IdempotentRequests {
  readonly once: <E, R>(
    request: IdempotentRequest,
    run: Effect.Effect<KeptAnswer, E, R>
  ) => Effect.Effect<OnceResult, E | StorageError, R>
  readonly prune: Effect.Effect<number, StorageError>
}
