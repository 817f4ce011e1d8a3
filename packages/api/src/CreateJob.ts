/**
 * What a caller sends to create jobs, and what comes of it.
 *
 * @since 0.1.0
 */
import { JobId } from "@millrace/storage"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as DurationText from "./DurationText.ts"
import { Instant } from "./Instant.ts"
import * as JobNaming from "./JobNaming.ts"
import { Priority } from "./Priority.ts"

/**
 * The most jobs of one batch: 1,000, the storage's own limit of one statement.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const batchLimit = 1000

/** The longest delay: ten years. Longer ones are typing errors more often than plans. */
const Delay = DurationText.between({
  minimum: Duration.zero,
  maximum: Duration.days(3650),
  message: "Expected a delay from 0 seconds to 3650 days",
  description: "How long to wait before the job may run; excludes runAt. Defaults to none"
})

/** The longest time limit: 24 days. Timers hold 2^31 - 1 milliseconds, 24.8 days. */
const Timeout = DurationText.between({
  minimum: Duration.millis(1),
  maximum: Duration.days(24),
  message: "Expected a time limit from 1 milli to 24 days",
  description: "How long one attempt may run. Defaults to the job's"
})

/** The most attempts: 1,000. With any back-off that is longer than anyone waits. */
const MaxAttempts = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })).annotate({
  description: "Attempts until the job is dead. Defaults to the job's"
})

/** The most tags of a job: 32, the queue's own limit. */
const Tags = Schema.Array(JobNaming.name("A tag")).check(
  Schema.isMaxLength(32, { message: "Expected at most 32 tags" })
).annotate({ description: "Words to find the job by" })

/**
 * Schema of a job to create.
 *
 * **Details**
 *
 * - `name`, `payload`: which job, and its input as its schema encodes it
 * - `queue`: defaults to the job's
 * - `tenant`: whose job it is; null or absent: nobody's
 * - `priority`: a name or 0 (first) to 100 (last). Defaults to the job's
 * - `delay`, `runAt`: not before; at most one of them. Defaults to now
 * - `unique`: while a job of this name with this key is not finished, another is a duplicate
 * - `maxAttempts`, `timeout`: default to the job's
 * - `tags`: default to the job's
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const CreateJob = Schema.Struct({
  name: JobNaming.name("Which job: one of GET /api/v1/job-types"),
  payload: Schema.Json,
  queue: Schema.optionalKey(JobNaming.name("The queue. Defaults to the job's")),
  tenant: Schema.optionalKey(Schema.NullOr(JobNaming.name("Whose job it is; null or absent: nobody's"))),
  priority: Schema.optionalKey(Priority),
  delay: Schema.optionalKey(Delay),
  runAt: Schema.optionalKey(Instant),
  unique: Schema.optionalKey(JobNaming.name("While a job with this key is not finished, another is a duplicate")),
  maxAttempts: Schema.optionalKey(MaxAttempts),
  timeout: Schema.optionalKey(Timeout),
  tags: Schema.optionalKey(Tags)
}).check(
  Schema.makeFilter((job: { readonly delay?: string; readonly runAt?: unknown }) =>
    job.delay === undefined || job.runAt === undefined ||
    { path: ["delay"], issue: "Expected delay or runAt, not both" }
  )
).annotate({ identifier: "CreateJob" })

/**
 * A job to create.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type CreateJob = typeof CreateJob.Type

/**
 * Schema of many jobs to create at once: 1 to 1,000, all or none.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const CreateBatch = Schema.Struct({
  jobs: Schema.Array(CreateJob).check(
    Schema.isBetweenLength(1, batchLimit, { message: `Expected 1 to ${batchLimit} jobs` })
  )
}).annotate({ identifier: "CreateBatch" })

/**
 * Many jobs to create at once.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type CreateBatch = typeof CreateBatch.Type

/**
 * Schema of what came of a job to create.
 *
 * **Details**
 *
 * `enqueued`: `id` is the new job. `duplicate`: nothing was stored, `id` is the job that holds the unique key.
 * `replaced`: `id` is the job that holds the unique key and took the new content.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const CreatedJob = Schema.Struct({
  id: JobId.JobId,
  outcome: Schema.Literals(["enqueued", "duplicate", "replaced"])
}).annotate({ identifier: "CreatedJob" })

/**
 * What came of a job to create.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type CreatedJob = typeof CreatedJob.Type

/**
 * Schema of what came of a batch, in its order.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const CreatedBatch = Schema.Struct({ jobs: Schema.Array(CreatedJob) }).annotate({ identifier: "CreatedBatch" })
