/**
 * Samples, alerts and the health of the fleet as the API shows them.
 *
 * @since 0.1.0
 */
import { Alert, FleetHealth, Sample } from "@millrace/storage"
import type { Storage } from "@millrace/storage"
import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as QueueView from "./QueueView.ts"

const Instant = Schema.DateTimeUtcFromString

/**
 * Schema of a spread in milliseconds.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const SpreadView = Schema.Struct(Sample.Spread.fields).annotate({ identifier: "Spread" })

/**
 * Schema of one step of the history.
 *
 * **Details**
 *
 * `counts`, `workers` and `slots` are those at the end of the step; ages, `waits` (from due to start) and `runs` (from start to end)
 * the worst in it; `completed`, `cancelled` and `dead` the jobs that ended in it. `spanMillis` is the time that was sampled.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const SampleView = Schema.Struct({
  at: Instant,
  spanMillis: Schema.Int,
  counts: QueueView.StateCounts,
  oldestWaitingMillis: Schema.NullOr(Schema.Finite),
  longestRunningMillis: Schema.NullOr(Schema.Finite),
  completed: Schema.Int,
  cancelled: Schema.Int,
  dead: Schema.Int,
  waits: Schema.NullOr(SpreadView),
  runs: Schema.NullOr(SpreadView),
  workers: Schema.Int,
  slots: Schema.Int
}).annotate({ identifier: "Sample" })

/**
 * Schema of a history. `queue` is null for all queues together; a step in which nothing was sampled is missing.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const HistoryView = Schema.Struct({
  queue: Schema.NullOr(Schema.String),
  from: Instant,
  to: Instant,
  stepMillis: Schema.Int,
  items: Schema.Array(SampleView)
}).annotate({ identifier: "History" })

/**
 * Schema of an alert. `value` and `threshold` are jobs, milliseconds or a share of 1, by `rule`; `name` is the name of the jobs
 * for `no-worker`, else null.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AlertView = Schema.Struct({
  id: Schema.String,
  rule: Alert.AlertRule,
  queue: Schema.String,
  name: Schema.NullOr(Schema.String),
  state: Schema.Literals(["firing", "resolved"]),
  value: Schema.Finite,
  threshold: Schema.Finite,
  since: Instant,
  resolvedAt: Schema.NullOr(Instant)
}).annotate({ identifier: "Alert" })

/**
 * Schema of the health of the fleet.
 *
 * **Details**
 *
 * `workers.idleSlots` is how many more jobs the workers could run now. `types` are the names of jobs that a live worker serves.
 * `ended`, `waits` and `runs` are of the newest sample, taken at `sampledAt`; null before the first. `alerts` counts those that fire,
 * up to 100.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const HealthDetail = Schema.Struct({
  jobs: QueueView.StateCounts,
  total: Schema.Int,
  queues: QueueView.Stats.fields.queues,
  workers: Schema.Struct({ ...QueueView.Stats.fields.workers.fields, idleSlots: Schema.Int }),
  types: Schema.Array(Schema.String),
  alerts: Schema.Int,
  sampledAt: Schema.NullOr(Instant),
  ended: Schema.NullOr(Schema.Struct({
    spanMillis: Schema.Int,
    completed: Schema.Int,
    cancelled: Schema.Int,
    dead: Schema.Int
  })),
  waits: Schema.NullOr(SpreadView),
  runs: Schema.NullOr(SpreadView)
}).annotate({ identifier: "HealthDetail" })

/**
 * Shows a step of the history.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromSample = (sample: Sample.Sample): typeof SampleView.Type => {
  const { queue: _, ...rest } = sample
  return rest
}

/**
 * Shows an alert.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromAlert = ({ name, ...alert }: Alert.Alert): typeof AlertView.Type => ({
  ...alert,
  name: name === "" ? null : name
})

/**
 * Shows the health of the fleet at an instant.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const healthOf = (
  overview: Storage.Overview,
  newest: Sample.Sample | undefined,
  seen: { readonly alerts: number; readonly now: DateTime.Utc }
): typeof HealthDetail.Type => ({
  ...FleetHealth.of(overview, newest ?? null, seen.now),
  alerts: seen.alerts,
  sampledAt: newest?.at ?? null
})
