/**
 * The worker: claims jobs of its queues and runs their handlers on fibers.
 *
 * @since 0.1.0
 */
import type { JobId } from "@millrace/storage/JobId"
import type * as Storage from "@millrace/storage/Storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Handlers } from "./Handlers.ts"
import type { WorkerOptions } from "./WorkerOptions.ts"

/**
 * What a worker is doing.
 *
 * **Details**
 *
 * - `starting`: not registered yet; the storage may be out of reach
 * - `running`: claims and runs jobs
 * - `isolating`: runs suspects (jobs that died with their worker) one at a time, and nothing else
 * - `fenced`: its lease could not be renewed; running jobs were interrupted and it waits for the storage
 * - `draining`: claims nothing more
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type WorkerState = "starting" | "running" | "isolating" | "fenced" | "draining"

/**
 * A handler that goes on although it was interrupted: it ignores interruption, or blocks. Its slot stays taken, and its
 * claim is kept until it ends.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface StuckHandler {
  readonly id: JobId
  readonly name: string
  readonly reason: "timeout" | "cancel" | "shutdown" | "lease"
  readonly sinceMillis: number
}

/**
 * The condition of a worker.
 *
 * **Details**
 *
 * `workerId` is its present id in the storage. `running` handlers of `capacity` slots; `buffered` claims wait for a slot;
 * `settling` outcomes wait to be written. `leaseMillis` is what is left of the lease by this process's clock, less the
 * safety margin; 0 or less when the worker is fenced.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface WorkerHealth {
  readonly workerId: string
  readonly state: WorkerState
  readonly queues: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly capacity: number
  readonly running: number
  readonly buffered: number
  readonly settling: number
  readonly leaseMillis: number
  readonly stuck: ReadonlyArray<StuckHandler>
}

/**
 * The worker service.
 *
 * **Details**
 *
 * - `id` is the worker's own id, chosen at its start.
 * - `drain` claims nothing more and waits until nothing runs; it interrupts nothing.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Worker extends Context.Service<Worker, {
  readonly id: string
  readonly health: Effect.Effect<WorkerHealth>
  readonly drain: Effect.Effect<void>
}>()("@millrace/queue/Worker") {}

/**
 * A worker. It starts with the layer, claims jobs for which handlers are registered, and stops gracefully with it.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  _options: WorkerOptions = {}
): Layer.Layer<Worker | Handlers, never, Storage.Storage> =>
  Layer.effectContext(Effect.die("Worker.layer is being built"))
