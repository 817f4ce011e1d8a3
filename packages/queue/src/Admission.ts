/**
 * Steering what runs: pauses, limits, weights, while everything goes on.
 *
 * A part of the `Queue` service: `queue.pause`, `queue.resume` and `queue.admission`. What is set here is stored, holds for
 * all workers at once, and outlives them.
 *
 * @since 0.1.0
 */
import type { TenantQuery, TenantRecord } from "@millrace/storage/Inspection"
import type { LimitRecord } from "@millrace/storage/Limit"
import type { StorageError } from "@millrace/storage/StorageError"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Limit } from "./Limit.ts"
import type { InvalidOption } from "./QueueError.ts"

/**
 * What is paused or resumed: a queue (also as plain text), a tenant, a job name, or a limit.
 *
 * **Details**
 *
 * A limit is paused for one `key`, or for all without one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Target =
  | string
  | { readonly queue: string }
  | { readonly tenant: string }
  | { readonly name: string }
  | { readonly limit: string; readonly key?: string }

/**
 * Other numbers for a limit.
 *
 * **Details**
 *
 * - `key`: the key for which they count. Defaults to every key without an override of its own
 * - `max`: jobs at a time, or permits; 0 lets nothing start. `per`, `burst`: those of a rate. Default to the rule's
 * - `during`: how long they count. Defaults to until they are cleared
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Override {
  readonly key?: string
  readonly max?: number
  readonly per?: Duration.Input
  readonly burst?: number
  readonly during?: Duration.Input
}

/**
 * Limits, tenants and their weights.
 *
 * **Details**
 *
 * - `limits` lists the declared limits: rule, overrides, pauses, use by key, changes.
 * - `tenants` lists tenants by name: weights, pause, jobs that wait and run.
 * - `declare` tells the storage the rules of limits, for programs without handlers. Workers and `Job.enqueue` do it by
 *   themselves.
 * - `override` sets other numbers for a limit or one of its keys, `clearOverride` ends that.
 * - `setWeight` sets how much of a queue a tenant gets beside others: 1 is what everyone has, from 0.01 to 100; null takes it back.
 *   Without `queue` it is the tenant's weight in all queues.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Admission {
  readonly limits: Effect.Effect<ReadonlyArray<LimitRecord>, StorageError>
  readonly tenants: (query?: TenantQuery) => Effect.Effect<ReadonlyArray<TenantRecord>, StorageError>
  readonly declare: (limits: ReadonlyArray<Limit<never>>) => Effect.Effect<void, InvalidOption | StorageError>
  readonly override: (limit: string, override: Override) => Effect.Effect<void, InvalidOption | StorageError>
  readonly clearOverride: (limit: string, key?: string) => Effect.Effect<void, StorageError>
  readonly setWeight: (
    tenant: string,
    weight: number | null,
    options?: { readonly queue?: string }
  ) => Effect.Effect<void, InvalidOption | StorageError>
}
