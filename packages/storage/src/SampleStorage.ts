/**
 * What is kept to see how the queues are doing: samples and alerts. A port of its own, so that a storage of jobs does
 * not need it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Alert, AlertQuery, Finding } from "./Alert.ts"
import type { NewSample, QueueProbe, Sample, SampleQuery } from "./Sample.ts"
import type { StorageError } from "./StorageError.ts"

/**
 * The service.
 *
 * **Details**
 *
 * - `probe` looks at these queues, and at what ended in the last `windowMillis`; answers them by name, and all of them together
 *   under `""`. It reads a bounded number of rows, however many jobs wait: ages and names come from the heads of the lines and from the oldest
 *   jobs, spreads from at most 20,000 ended jobs.
 * - `append` stores samples of one instant, that of the storage's clock. `latest` reads those of the newest instant. `list` reads a queue's
 *   history in steps.
 * - `judge` makes what is found now firing and resolves all other alerts, in one step; answers those that changed their state.
 *   Joins the caller's transaction. `alerts` lists them.
 * - `prune` drops samples, and alerts that were resolved, that are older than that; answers how many samples.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class SampleStorage extends Context.Service<SampleStorage, {
  readonly probe: (
    options: { readonly queues: ReadonlyArray<string>; readonly windowMillis: number }
  ) => Effect.Effect<ReadonlyArray<QueueProbe>, StorageError>
  readonly append: (samples: ReadonlyArray<NewSample>) => Effect.Effect<void, StorageError>
  readonly latest: Effect.Effect<ReadonlyArray<Sample>, StorageError>
  readonly list: (query: SampleQuery) => Effect.Effect<ReadonlyArray<Sample>, StorageError>
  readonly judge: (findings: ReadonlyArray<Finding>) => Effect.Effect<ReadonlyArray<Alert>, StorageError>
  readonly alerts: (query: AlertQuery) => Effect.Effect<ReadonlyArray<Alert>, StorageError>
  readonly prune: (olderThanMillis: number) => Effect.Effect<number, StorageError>
}>()("@millrace/storage/SampleStorage") {}
