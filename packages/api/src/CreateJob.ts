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

/** A time that is waited or held: more than nothing, ten years at most. */
const time = (what: string, description: string) =>
  DurationText.between({
    minimum: Duration.millis(1),
    maximum: Duration.days(3650),
    message: `Expected ${what} from 1 milli to 3650 days`,
    description
  })

const Scope = Schema.optionalKey(
  Schema.Literals(["tenant", "queue", "global"]).annotate({
    description: "Among which jobs of this name the key counts: of the tenant, of the queue, or all. Defaults to tenant"
  })
)

const OwnKey = Schema.optionalKey(JobNaming.name("The key. Without one all jobs of the scope share one"))

const uniqueText = "While a job with this key is not finished, another is a duplicate"

const Unique = Schema.Union([
  JobNaming.name(uniqueText),
  Schema.Struct({
    key: JobNaming.name("The key"),
    scope: Scope,
    until: Schema.optionalKey(
      Schema.Literals(["finished", "started"]).annotate({
        description:
          "Whether the key is free when the job has finished, or already when it has started. Defaults to finished"
      })
    ),
    period: Schema.optionalKey(time("a period", "The key is held at least so long since the enqueue"))
  })
]).annotate({ description: `${uniqueText}. A text is a key by the rule of the job. Excludes throttle and debounce` })

const Throttle = Schema.Struct({
  period: time("a period", "How long after the first enqueue another one is a duplicate"),
  key: OwnKey,
  scope: Scope
}).annotate({ description: "At most one enqueue in a time: the first one counts. Excludes unique and debounce" })

const Debounce = Schema.Struct({
  wait: time("a wait", "The job runs so long after the last enqueue"),
  maxWait: Schema.optionalKey(time("a wait", "And so long after the first one at the latest; not below wait")),
  payload: Schema.optionalKey(
    Schema.Literals(["replace", "keep"]).annotate({
      description: "Whether the waiting job takes the new payload. Defaults to replace"
    })
  ),
  key: OwnKey,
  scope: Scope
}).annotate({
  description: "Enqueues that follow each other become one job. Excludes unique, throttle, delay and runAt"
})

/** The most limits of a job: 16, the storage's own limit. The definition's count too. */
const Limits = Schema.Array(
  Schema.Struct({
    name: JobNaming.name("The limit, as a program declares it"),
    key: Schema.optionalKey(JobNaming.name("Which jobs count together. Defaults to the key that all share")),
    weight: Schema.optionalKey(
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000_000 })).annotate({
        description: "What the job takes of a rate. Defaults to 1"
      })
    )
  })
).check(Schema.isMaxLength(16, { message: "Expected at most 16 limits" })).annotate({
  description: "Limits beside the job's own; one of the same name takes its place"
})

/** The most parents of a job: 100, the storage's own limit. */
const Parents = Schema.Array(JobId.JobId).check(
  Schema.isMaxLength(100, { message: "Expected at most 100 parents" })
).annotate({
  description:
    "Jobs, by id, that must be completed before this one may start; it is cancelled when one of them is dead, cancelled or removed. Excludes debounce"
})

/** The most tags of a job: 32, the queue's own limit. */
const Tags = Schema.Array(JobNaming.name("A tag")).check(
  Schema.isMaxLength(32, { message: "Expected at most 32 tags" })
).annotate({ description: "Words to find the job by" })

/** Fields that exclude each other: the first of a pair is named. */
const exclusive = [
  ["delay", "runAt"],
  ["throttle", "unique"],
  ["debounce", "unique"],
  ["debounce", "throttle"],
  ["debounce", "delay"],
  ["debounce", "runAt"],
  ["parents", "debounce"]
] as const

const refuseBoth = (job: { readonly [Field in (typeof exclusive)[number][number]]?: unknown }) => {
  const both = exclusive.find(([one, other]) => job[one] !== undefined && job[other] !== undefined)
  return both === undefined || { path: [both[0]], issue: `Expected ${both[0]} or ${both[1]}, not both` }
}

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
 * - `unique`: while a job of this name with this key is not finished, another is a duplicate; a key, or
 *   `{ key, scope?, until?, period? }`
 * - `throttle`: `{ period, key?, scope? }`: for a time another enqueue is a duplicate
 * - `debounce`: `{ wait, maxWait?, payload?, key?, scope? }`: enqueues that follow each other become one job. `unique`,
 *   `throttle` and `debounce` exclude each other
 * - `ttl`: cancelled when it has not started so long after it was due. Defaults to the job's
 * - `deadline`: from then on no attempt starts or goes on, and the job is dead. Defaults to none
 * - `fifo`: jobs of this name, tenant and key run one after the other, in order. Defaults to the job's
 * - `parents`: ids of at most 100 jobs that must be completed first; until then the job is `pending`, and it is cancelled
 *   when one of them is dead, cancelled or removed. Excludes `debounce`
 * - `limits`: `[{ name, key?, weight? }]`, beside the job's own
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
  unique: Schema.optionalKey(Unique),
  throttle: Schema.optionalKey(Throttle),
  debounce: Schema.optionalKey(Debounce),
  ttl: Schema.optionalKey(
    time("a time to live", "Cancelled when it has not started so long after it was due. Defaults to the job's")
  ),
  deadline: Schema.optionalKey(Instant),
  fifo: Schema.optionalKey(JobNaming.name("Jobs with this key run one after the other. Defaults to the job's")),
  parents: Schema.optionalKey(Parents),
  limits: Schema.optionalKey(Limits),
  maxAttempts: Schema.optionalKey(MaxAttempts),
  timeout: Schema.optionalKey(Timeout),
  tags: Schema.optionalKey(Tags)
}).check(Schema.makeFilter(refuseBoth)).annotate({ identifier: "CreateJob" })

/**
 * A job to create.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type CreateJob = typeof CreateJob.Type

const refuseIdle = (change: object) =>
  Object.keys(change).length > 0 || { path: [], issue: "Expected priority, tags, delay or runAt" }

/**
 * Schema of a change of a job that waits: one or more of its fields, each as in `CreateJob`; what is absent stays.
 *
 * **Details**
 *
 * `tags` replace those that it has. `delay` counts from now; `delay` and `runAt` exclude each other.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ChangeJob = Schema.Struct({
  priority: Schema.optionalKey(Priority),
  delay: Schema.optionalKey(Delay),
  runAt: Schema.optionalKey(Instant),
  tags: Schema.optionalKey(Tags)
}).check(Schema.makeFilter(refuseBoth), Schema.makeFilter(refuseIdle)).annotate({ identifier: "ChangeJob" })

/**
 * A change of a job that waits.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ChangeJob = typeof ChangeJob.Type

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
