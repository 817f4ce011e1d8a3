/**
 * What callers send to create, change, preview and backfill schedules.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { CreateJob } from "./CreateJob.ts"
import * as DurationText from "./DurationText.ts"
import { Instant } from "./Instant.ts"
import * as JobNaming from "./JobNaming.ts"

/**
 * The most instants of one preview, and of one backfill: 1,000.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const instantLimit = 1000

const Every = DurationText.between({
  minimum: Duration.seconds(1),
  maximum: Duration.days(36_500),
  message: "Expected an interval from 1 second to 36500 days",
  description: "The interval between two instants; excludes cron and at"
})

const Jitter = DurationText.between({
  minimum: Duration.zero,
  maximum: Duration.days(1),
  message: "Expected a jitter from 0 seconds to 1 day",
  description: "The job starts up to so much after its instant. Defaults to 0 seconds"
})

const Window = DurationText.between({
  minimum: Duration.seconds(1),
  maximum: Duration.days(3650),
  message: "Expected a window from 1 second to 3650 days",
  description: "How old an instant may be that is caught up"
})

const Count = Schema.Int.check(
  Schema.isBetween({ minimum: 1, maximum: instantLimit }, { message: `Expected 1 to ${instantLimit}` })
)

/**
 * Schema of what happens to instants that nobody could fire in time: `skip` leaves them out, `runOnce` fires the latest
 * for all, `catchUp` the latest `max` that are no older than `window`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Misfire = Schema.Union([
  Schema.Literals(["skip", "runOnce"]),
  Schema.Struct({ catchUp: Schema.Struct({ max: Count, window: Window }) })
]).annotate({ description: "For instants that nobody could fire in time. Defaults to runOnce" })

const timing = {
  cron: Schema.optionalKey(Schema.String.annotate({ description: "Five fields, or six with the seconds first" })),
  timeZone: Schema.optionalKey(Schema.String.annotate({ description: "IANA time zone of cron. Defaults to UTC" })),
  every: Schema.optionalKey(Every),
  from: Schema.optionalKey(Instant),
  at: Schema.optionalKey(Instant)
}

const policy = {
  jitter: Schema.optionalKey(Jitter),
  overlap: Schema.optionalKey(Schema.Literals(["skip", "queue", "cancelPrevious"])),
  misfire: Schema.optionalKey(Misfire)
}

/**
 * Schema of the job of a schedule: a job to create, without its time.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const RecurringJob = Schema.Struct({
  name: CreateJob.fields.name,
  payload: CreateJob.fields.payload,
  queue: CreateJob.fields.queue,
  tenant: CreateJob.fields.tenant,
  priority: CreateJob.fields.priority,
  unique: Schema.optionalKey(JobNaming.name("While a job with this key is not finished, another is a duplicate")),
  maxAttempts: CreateJob.fields.maxAttempts,
  timeout: CreateJob.fields.timeout,
  tags: CreateJob.fields.tags
}).annotate({ identifier: "RecurringJob" })

/**
 * Schema of a schedule to create.
 *
 * **Details**
 *
 * - exactly one of `cron` (with `timeZone`), `every` (with `from`, from which intervals are counted) and `at`
 * - `job`: what each instant enqueues
 * - `jitter`, `overlap`, `misfire`: default to none, `queue` and `runOnce`
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const CreateSchedule = Schema.Struct({
  name: JobNaming.name("The name of the schedule"),
  ...timing,
  job: RecurringJob,
  ...policy
}).annotate({ identifier: "CreateSchedule" })

/**
 * A schedule to create.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type CreateSchedule = typeof CreateSchedule.Type

/**
 * Schema of a change: a timing replaces the one before as a whole; what is absent stays.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ChangeSchedule = Schema.Struct({
  ...timing,
  job: Schema.optionalKey(RecurringJob),
  ...policy
}).annotate({ identifier: "ChangeSchedule" })

/**
 * A change.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ChangeSchedule = typeof ChangeSchedule.Type

/**
 * Schema of a timing whose instants are asked for. `count` defaults to 10; `after` to now.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const PreviewTiming = Schema.Struct({
  ...timing,
  count: Schema.optionalKey(Count),
  after: Schema.optionalKey(Instant)
}).annotate({ identifier: "PreviewTiming" })

/**
 * A timing whose instants are asked for.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type PreviewTiming = typeof PreviewTiming.Type

/**
 * Schema of a past window to fill: `from` is included, `to` is not. `max` defaults to 1,000.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Backfill = Schema.Struct({
  from: Instant,
  to: Instant,
  max: Schema.optionalKey(Count)
}).annotate({ identifier: "Backfill" })

/**
 * Schema of the question for the next instants of a schedule. `count` defaults to 10; `after` to now.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const PreviewQuery = Schema.Struct({
  count: Schema.optionalKey(Count.annotate({ description: `Instants, 1 to ${instantLimit}. Defaults to 10` })),
  after: Schema.optionalKey(Instant)
})
