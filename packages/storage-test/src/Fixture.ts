/**
 * Ready-made values for tests of storages: jobs, workers, outcomes, with every field filled in.
 *
 * Pure data. `Steps` has the calls that use them.
 *
 * @since 0.1.0
 */
import type { Claim, JobFailure, NewJob, Outcome, WorkerRecord } from "@millrace/storage"

/**
 * The instant at which tests of this package begin: 2026-01-01T00:00:00Z in epoch milliseconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const startMillis = 1_767_225_600_000

/**
 * The lease that `Steps.register` asks for, in milliseconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const leaseMillis = 30_000

/**
 * A job that is available at once: name `SendMail`, queue `default`, no tenant, priority 50, 3 attempts.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const newJob = (fields: Partial<NewJob.NewJob> = {}): NewJob.NewJob => ({
  name: "SendMail",
  version: 1,
  queue: "default",
  tenant: "",
  priority: 50,
  payload: { to: "ada@example.com" },
  delayMillis: 0,
  runAt: null,
  ttlMillis: null,
  maxAttempts: 3,
  timeoutMillis: null,
  retry: null,
  unique: null,
  debounce: null,
  limits: [],
  tags: [],
  ...fields
})

/**
 * What a worker says that can run every version of these jobs.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const handles = (...names: ReadonlyArray<string>): Claim.ClaimOptions["handles"] =>
  names.map((name) => ({ name, versionMin: 0, versionMax: 2_147_483_647 }))

/**
 * A unique key that a job holds until it is finished.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const unique = (key: string, fields: Partial<NewJob.Unique> = {}): NewJob.Unique => ({
  key,
  holds: "finished",
  periodMillis: null,
  ...fields
})

/**
 * What a worker of the queue `default` says of itself.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const workerInfo = (fields: Partial<WorkerRecord.WorkerInfo> = {}): WorkerRecord.WorkerInfo => ({
  host: "host",
  pid: 4711,
  release: "1.0.0",
  queues: ["default"],
  names: ["SendMail"],
  concurrency: 10,
  ...fields
})

/**
 * A stored error.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const failure = (message = "mailbox full"): JobFailure.JobFailure => ({
  tag: "MailRefused",
  message,
  stack: "MailRefused: mailbox full\n    at send",
  data: { code: 552 }
})

/**
 * One outcome of each kind.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const outcomes = {
  completed: (result: Extract<Outcome.Outcome, { readonly _tag: "Completed" }>["result"] = null): Outcome.Outcome => ({
    _tag: "Completed",
    result
  }),
  retried: (delayMillis = 0, error = failure()): Outcome.Outcome => ({ _tag: "Retried", delayMillis, error }),
  snoozed: (delayMillis = 0): Outcome.Outcome => ({ _tag: "Snoozed", delayMillis }),
  released: (): Outcome.Outcome => ({ _tag: "Released" }),
  cancelled: (error: JobFailure.JobFailure | null = null): Outcome.Outcome => ({
    _tag: "Cancelled",
    reason: "asked to",
    error
  }),
  dead: (error = failure()): Outcome.Outcome => ({ _tag: "Dead", reason: "exhausted", error }),
  quarantined: (error = failure()): Outcome.Outcome => ({ _tag: "Quarantined", error })
} as const

/**
 * The settlement of a claim. The attempt started at once and ended `endedAfterMillis` (0) later.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const settlement = (
  claim: Claim.Claim,
  outcome: Outcome.Outcome,
  fields: Partial<Outcome.Settlement> = {}
): Outcome.Settlement => ({
  id: claim.id,
  leaseId: claim.leaseId,
  token: claim.token,
  outcome,
  startedAfterMillis: 0,
  endedAfterMillis: 0,
  uniqueKey: claim.uniqueKey,
  hasReport: claim.hasReport,
  ...fields
})
