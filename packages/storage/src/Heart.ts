/**
 * The heart of a process: renews the leases of its workers where a blocked event loop can not stop it.
 *
 * A driver may bring one, on a thread and a connection of its own. Without one a worker renews its lease itself, between
 * everything else that its event loop does.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { RenewResult } from "./WorkerRecord.ts"

/**
 * A registration to keep alive.
 *
 * **Details**
 *
 * - `everyMillis`: pause between two renewals, at most; they come up to a fifth earlier
 * - `standstillMillis`: how long the event loop may give no sign before its lease is left to end
 * - `heard`: called in the event loop with the answer of a renewal, and the monotonic time before it was sent. Not for
 *   every renewal: of those that fell into a standstill only the last one is told
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface KeepOptions {
  readonly workerId: string
  readonly leaseMillis: number
  readonly everyMillis: number
  readonly standstillMillis: number
  readonly heard: (result: RenewResult, sentMillis: number) => void
}

/**
 * A registration that a heart keeps alive.
 *
 * **Details**
 *
 * - `sentMillis`: the monotonic time (`process.hrtime`, in milliseconds) before the last renewal that succeeded was
 *   sent; `-Infinity` before the first. True at any time, also when answers wait to be heard
 * - `stop`: renews no more
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Keeping {
  readonly sentMillis: () => number
  readonly stop: () => void
}

/**
 * What renews leases beside the event loop.
 *
 * **Details**
 *
 * - `keep` renews a registration that exists until it is stopped, the storage says that it is lost, or the event loop
 *   gave no sign for too long. It returns at once, and never throws. A heart that fails renews nothing: its worker
 *   notices by `sentMillis`, renews itself, and fences itself when that fails as well.
 * - `sign` says that the event loop lives.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface HeartService {
  readonly keep: (options: KeepOptions) => Keeping
  readonly sign: () => void
}

/**
 * The heart of the process. Defaults to null: workers renew their leases themselves.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const Heart = Context.Reference<HeartService | null>("@millrace/storage/Heart", {
  defaultValue: () => null
})
