/**
 * The endpoints of the history of the queues, of alerts, and of the health of the fleet.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import * as ApiError from "./ApiError.ts"
import * as DurationText from "./DurationText.ts"
import { Instant } from "./Instant.ts"
import * as JobFilter from "./JobFilter.ts"
import * as JobNaming from "./JobNaming.ts"
import * as ListPage from "./ListPage.ts"
import { AlertView, HealthDetail, HistoryView } from "./StatsView.ts"

/**
 * Schema of what part of the history to read.
 *
 * **Details**
 *
 * - `queue`: all queues together when left out
 * - `from`, `to`: instants with their zone. Default to the last hour
 * - `step`: from 1 minute to 31 days. Defaults to what makes at most 120 steps; 1,000 steps at most
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const HistoryRange = Schema.Struct({
  queue: Schema.optionalKey(JobNaming.name("The queue")),
  from: Schema.optionalKey(Instant),
  to: Schema.optionalKey(Instant),
  step: Schema.optionalKey(DurationText.between({
    minimum: Duration.minutes(1),
    maximum: Duration.days(31),
    message: "Expected a step from 1 minute to 31 days",
    description: "Length of a step. Defaults to what makes at most 120 of them"
  }))
})

/**
 * The most steps that one answer has.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const stepsMaximum = 1000

/** Steps are chosen from these minutes, so that this many points or fewer make the chart. */
const chart = { points: 120, minutes: [1, 5, 15, 60, 360, 1440, 10_080, 44_640] }

const minuteMillis = 60_000

/**
 * Fills the defaults of a range in; fails with the field that is wrong and why.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const rangeOf = (
  range: typeof HistoryRange.Type,
  now: DateTime.Utc
): Result.Result<
  { readonly from: DateTime.Utc; readonly to: DateTime.Utc; readonly stepMillis: number },
  { readonly field: "from" | "step"; readonly message: string }
> => {
  const to = range.to ?? now
  const from = range.from ?? DateTime.subtract(to, { hours: 1 })
  const length = DateTime.toEpochMillis(to) - DateTime.toEpochMillis(from)
  if (length <= 0) return Result.fail({ field: "from", message: "from must be before to" })
  const fitting = chart.minutes.find((minutes) => length / (minutes * minuteMillis) <= chart.points) ?? 44_640
  const asked = range.step === undefined ? Option.none() : DurationText.parse(range.step)
  const stepMillis = Option.match(asked, { onNone: () => fitting * minuteMillis, onSome: Duration.toMillis })
  return length / stepMillis > stepsMaximum
    ? Result.fail({ field: "step", message: `The range has more than ${stepsMaximum} steps of this length` })
    : Result.succeed({ from, to, stepMillis: Math.floor(stepMillis) })
}

/**
 * Schema of which alerts to list.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AlertFilter = Schema.Struct({
  state: Schema.optionalKey(Schema.Literals(["firing", "resolved"])),
  cursor: JobFilter.JobFilter.fields.cursor,
  limit: JobFilter.JobFilter.fields.limit
})

const history = HttpApiEndpoint.get("history", "/api/v1/stats/history", {
  query: HistoryRange,
  success: HistoryView,
  error: [ApiError.InvalidRequest, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(OpenApi.annotations({
  summary: "Read how a queue did",
  description:
    "Depth, ages, throughput and latency in steps, oldest first, from samples that workers take every minute."
}))

const alerts = HttpApiEndpoint.get("alerts", "/api/v1/alerts", {
  query: AlertFilter,
  success: ListPage.of(AlertView),
  error: [ApiError.InvalidCursor, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(OpenApi.annotations({
  summary: "List alerts, newest first",
  description: "What is, or was, not as it should be. An alert fires until a sample finds nothing any more.",
  transform: limitOnly
}))

const detail = HttpApiEndpoint.get("detail", "/health/detail", {
  success: HealthDetail,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(OpenApi.annotations({
  summary: "How is the fleet?",
  description:
    "Workers, slots, jobs by state, registered types, and how long jobs waited and ran. For probes, use /health and /ready."
}))

/** The limit is a number, although a query string knows only text. */
function limitOnly(operation: { readonly [key: string]: unknown }): Record<string, unknown> {
  const limit = { type: "integer", minimum: 1, maximum: JobFilter.limitMaximum, default: JobFilter.limitDefault }
  return {
    ...operation,
    parameters: (operation["parameters"] as ReadonlyArray<{ readonly name: string }>).map((parameter) =>
      parameter.name === "limit" ? { ...parameter, schema: limit } : parameter
    )
  }
}

/**
 * The endpoints of history, alerts and health.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const StatsApi = HttpApiGroup.make("stats")
  .add(history, alerts, detail)
  .annotateMerge(OpenApi.annotations({ title: "History, alerts and health" }))
