/**
 * One look at everything: workers, jobs by state, what is served, how long jobs waited and ran, and this program's pool.
 *
 * @since 0.1.0
 */
import type { PoolFigures } from "@millrace/storage/ConnectionPool"
import * as FleetHealth from "@millrace/storage/FleetHealth"
import { allQueues } from "@millrace/storage/Sample"
import { SampleStorage } from "@millrace/storage/SampleStorage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PoolWatch from "./PoolWatch.ts"
import { Queue } from "./Queue.ts"

/**
 * The health of a fleet, and of the pool of the program that looked; null where no driver tells of one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Health extends FleetHealth.FleetHealth {
  readonly pool: PoolFigures | null
}

/**
 * Looks at all queues and workers of the storage.
 *
 * **Details**
 *
 * `ended`, `waits` and `runs` are of the jobs that ended in the last `window` (1 minute unless said otherwise), as far as
 * `SampleStorage.probe` looks; null without a `SampleStorage`. A look costs the same whether ten jobs wait or ten million.
 *
 * **Errors**
 *
 * `StorageError`: what does not answer is not healthy. `Worker.health` tells of the worker of this process without the
 * storage.
 *
 * @stability unstable
 * @category looking
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function*(
  options: { readonly window?: Duration.Input } = {}
): Effect.fn.Return<Health, StorageError, Queue> {
  const queue = yield* Queue
  const samples = yield* Effect.serviceOption(SampleStorage)
  const overview = yield* queue.overview
  const windowMillis = Duration.toMillis(options.window ?? "1 minute")
  const recent = Option.isNone(samples) ? null : yield* recently(samples.value, windowMillis)
  return { ...FleetHealth.of(overview, recent, yield* DateTime.now), pool: yield* PoolWatch.look }
})

const recently = (
  { probe }: SampleStorage["Service"],
  windowMillis: number
): Effect.Effect<FleetHealth.Recent | null, StorageError> =>
  Effect.map(probe({ queues: [], windowMillis }), (probes) => {
    const all = probes.find(({ queue }) => queue === allQueues)
    return all === undefined ? null : { ...all, spanMillis: windowMillis }
  })
