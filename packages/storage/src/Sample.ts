/**
 * Samples: how a queue stood at an instant, kept for charts and alerts.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { JobState } from "./JobState.ts"

/**
 * The name under which the sample of all queues together is kept: no queue can have it.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const allQueues = ""

/**
 * Schema of a spread in milliseconds: the average, and the values that half, 95 % and 99 % of the jobs did not exceed.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Spread = Schema.Struct({ mean: Schema.Finite, p50: Schema.Finite, p95: Schema.Finite, p99: Schema.Finite })

/**
 * A spread in milliseconds.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Spread = typeof Spread.Type

/**
 * Makes a spread of a list in any order, by the nearest rank; null for an empty one.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const spreadOf = (millis: ReadonlyArray<number>): Spread | null => {
  if (millis.length === 0) return null
  const sorted = millis.toSorted((a, b) => a - b)
  const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  const mean = sorted.reduce((sum, each) => sum + each, 0) / sorted.length
  return { mean, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99) }
}

/**
 * What a storage finds out about a queue without counting jobs.
 *
 * **Details**
 *
 * - `oldestWaitingMillis`: how long the job that waits longest has been due, null when none waits
 * - `longestRunningMillis`: since the oldest claim that is still held, null when none is
 * - `completed`, `cancelled`, `dead`: jobs that ended in the window, as far as it was looked at
 * - `waits`: from due to start, `runs`: from start to end, of the jobs that ended in the window; null for none
 * - `waitingNames`: names of waiting jobs, as far as it was looked at
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface QueueProbe {
  readonly queue: string
  readonly oldestWaitingMillis: number | null
  readonly longestRunningMillis: number | null
  readonly completed: number
  readonly cancelled: number
  readonly dead: number
  readonly waits: Spread | null
  readonly runs: Spread | null
  readonly waitingNames: ReadonlyArray<string>
}

/**
 * Schema of a sample to be stored.
 *
 * **Details**
 *
 * `queue` is `""` for all queues together. `spanMillis` is the time that `completed`, `cancelled`, `dead`, `waits` and
 * `runs` are about. `workers` serve the queue, `slots` is how many of its jobs they may run at once.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const NewSample = Schema.Struct({
  queue: Schema.String,
  spanMillis: Schema.Int,
  counts: Schema.Record(JobState, Schema.Int),
  oldestWaitingMillis: Schema.NullOr(Schema.Finite),
  longestRunningMillis: Schema.NullOr(Schema.Finite),
  completed: Schema.Int,
  cancelled: Schema.Int,
  dead: Schema.Int,
  waits: Schema.NullOr(Spread),
  runs: Schema.NullOr(Spread),
  workers: Schema.Int,
  slots: Schema.Int
})

/**
 * A sample to be stored.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type NewSample = typeof NewSample.Type

/**
 * A sample, and when it was taken.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Sample extends NewSample {
  readonly at: DateTime.Utc
}

/**
 * Which samples to read: of one queue, from an instant on and before another, in steps.
 *
 * **Details**
 *
 * A step begins at a multiple of `stepMillis` since 1970 and holds all samples in it as one: counts, workers and slots are those
 * of the newest; ages, waits and runs the worst; spans and numbers of ended jobs the sums. At most 1,001 steps, oldest first.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface SampleQuery {
  readonly queue: string
  readonly from: DateTime.Utc
  readonly to: DateTime.Utc
  readonly stepMillis: number
}

/**
 * The most steps that one read answers: 1,000, and one more where the range begins inside of one.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const stepsMax = 1001
