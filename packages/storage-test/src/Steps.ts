/**
 * The steps that tests of storages are made of: one call of a storage each, with defaults.
 *
 * @since 0.1.0
 */
import { assert } from "@effect/vitest"
import type {
  Attempt,
  Claim,
  JobId,
  JobQuery,
  JobRecord,
  NewJob,
  Outcome,
  StorageError,
  WorkerRecord
} from "@millrace/storage"
import { Storage } from "@millrace/storage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"

type Step<A> = Effect.Effect<A, StorageError.StorageError, Storage.Storage>

const use = <A>(
  f: (storage: Storage.Storage["Service"]) => Effect.Effect<A, StorageError.StorageError>
): Step<A> => Storage.Storage.use(f)

/**
 * Inserts jobs made by `Fixture.newJob` and returns their ids; fails the test when one is a duplicate.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const insert = Effect.fnUntraced(function*(...jobs: ReadonlyArray<Partial<NewJob.NewJob>>) {
  const results = yield* use((storage) => storage.insert(jobs.map(Fixture.newJob)))
  assert.deepStrictEqual(results.map((result) => result._tag), jobs.map(() => "Enqueued"))
  return results.map((result) => result.id)
})

/**
 * Inserts one job and returns its id.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const insertOne = (job: Partial<NewJob.NewJob> = {}): Step<JobId.JobId> =>
  Effect.map(insert(job), ([id]) => present(id, "the id of the inserted job"))

/** The answer without what other workers have to do with it. */
const own = (result: WorkerRecord.RenewResult): WorkerRecord.RenewResult => {
  if (result._tag === "Lost") return result
  const { nextExpiryMillis: _, ...rest } = result
  return rest
}

/**
 * Registers a worker, by default `w1` for 30 seconds. The answer is without `nextExpiryMillis`.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const register = (
  workerId = "w1",
  options: { readonly leaseMillis?: number; readonly info?: Partial<WorkerRecord.WorkerInfo> } = {}
): Step<WorkerRecord.RenewResult> =>
  use((storage) =>
    Effect.map(
      storage.renew({
        _tag: "Register",
        workerId,
        leaseMillis: options.leaseMillis ?? Fixture.leaseMillis,
        info: Fixture.workerInfo(options.info)
      }),
      own
    )
  )

/**
 * Renews a worker's lease for 30 seconds. The answer is without `nextExpiryMillis`.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const renew = (workerId = "w1"): Step<WorkerRecord.RenewResult> =>
  use((storage) => Effect.map(storage.renew({ _tag: "Renew", workerId, leaseMillis: Fixture.leaseMillis }), own))

/**
 * Renews a worker's lease for 30 seconds and answers when the first lease of another worker ends; undefined when the
 * driver does not tell.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const nextExpiry = (workerId = "w1"): Step<number | null | undefined> =>
  use((storage) =>
    Effect.map(
      storage.renew({ _tag: "Renew", workerId, leaseMillis: Fixture.leaseMillis }),
      (result) => result._tag === "Lost" ? undefined : result.nextExpiryMillis
    )
  )

/**
 * Lets a worker leave.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const leave = (workerId = "w1"): Step<WorkerRecord.RenewResult> =>
  use((storage) => storage.renew({ _tag: "Leave", workerId }))

/**
 * Claims for worker `w1` from the queue `default`, at most 10 jobs named `SendMail`, 10 per tenant.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const claim = ({ names, unstarted, ...options }: ClaimStep = {}): Step<ReadonlyArray<Claim.Claim>> =>
  Effect.tap(
    use((storage) =>
      storage.claim({
        workerId: "w1",
        queue: "default",
        handles: Fixture.handles(...(names ?? ["SendMail"])),
        limit: 10,
        perTenant: 10,
        ...options
      })
    ),
    (claims) =>
      options.suspects === true && unstarted !== true
        ? Effect.forEach(claims, (one) => report(one, { started: true }, options.workerId))
        : Effect.void
  )

/**
 * What a step claims: `names` are handled in every version.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ClaimStep = Partial<Claim.ClaimOptions> & {
  readonly names?: ReadonlyArray<string>
  readonly unstarted?: boolean
}

/**
 * Claims one job; fails the test when there is none.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const claimOne = (options: ClaimStep = {}): Step<Claim.Claim> =>
  Effect.map(claim({ limit: 1, ...options }), ([first]) => present(first, "a claimed job"))

/**
 * Registers a worker, inserts a job and claims it.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const running = Effect.fnUntraced(function*(job: Partial<NewJob.NewJob> = {}, workerId = "w1") {
  yield* register(workerId)
  yield* insertOne(job)
  return yield* claimOne({ workerId })
})

/**
 * Settles one claim and returns the answer.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const settle = (
  claim: Claim.Claim,
  outcome: Outcome.Outcome,
  options: { readonly workerId?: string } & Partial<Outcome.Settlement> = {}
): Step<Claim.FencedResult> => {
  const { workerId = "w1", ...fields } = options
  return Effect.map(
    use((storage) => storage.settle(workerId, [Fixture.settlement(claim, outcome, fields)])),
    ([result]) => present(result, "the answer to a settlement")
  )
}

/**
 * Reports for one claim of worker `w1` and returns the answer.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const report = (
  claim: Claim.Claim,
  fields: Omit<Outcome.Report, "id" | "leaseId" | "token">,
  workerId = "w1"
): Step<Claim.FencedResult> => {
  const { id, leaseId, token } = claim
  return Effect.map(
    use((storage) => storage.report(workerId, [{ id, leaseId, token, ...fields }])),
    ([result]) => present(result, "the answer to a report")
  )
}

/**
 * Makes due jobs available, at most 1,000.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const promote = (limit = 1000): Step<Storage.Promoted> => use((storage) => storage.promote({ limit }))

/**
 * Takes back the jobs of lost workers, at most 1,000 leases.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const reclaim = (limit = 1000): Step<ReadonlyArray<Storage.Reclaimed>> =>
  use((storage) => storage.reclaim({ limit }))

/**
 * Lets every lease end and takes the jobs back.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const crashWorkers: Step<ReadonlyArray<Storage.Reclaimed>> = Effect.andThen(
  TestClock.adjust(Fixture.leaseMillis),
  reclaim()
)

/**
 * Claims a job again and again under new workers that are lost, alone from the second time on, `times` in all;
 * `before` of them happened already.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const crash = Effect.fnUntraced(function*(times: number, before = 0) {
  for (let n = before; n < times + before; n++) {
    const workerId = `crashed-${yield* Clock.currentTimeMillis}-${n}`
    yield* register(workerId)
    yield* claimOne({ workerId, suspects: n > 0 })
    yield* crashWorkers
  }
})

/**
 * Cancels, retries or removes jobs.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const transition = (
  ids: ReadonlyArray<JobId.JobId>,
  tag: Exclude<Storage.TransitionAction["_tag"], "Change">
): Step<ReadonlyArray<Storage.TransitionResult>> =>
  use((storage) =>
    storage.transition(ids, tag === "Cancel" ? { _tag: tag, reason: "changed our mind" } : { _tag: tag })
  )

/**
 * Changes waiting jobs; what is not given stays as it is.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const change = (
  ids: ReadonlyArray<JobId.JobId>,
  to: Partial<Omit<Extract<Storage.TransitionAction, { readonly _tag: "Change" }>, "_tag">>
): Step<ReadonlyArray<Storage.TransitionResult>> =>
  use((storage) =>
    storage.transition(ids, { _tag: "Change", priority: null, tags: null, delayMillis: null, runAt: null, ...to })
  )

/**
 * Pauses or resumes a queue.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const control = (tag: "PauseQueue" | "ResumeQueue", queue = "default"): Step<void> =>
  use((storage) => storage.control({ _tag: tag, queue }))

/**
 * Reads the record of a job; fails the test when there is none.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const get = (id: JobId.JobId): Step<JobRecord.JobRecord> =>
  Effect.map(list({ ids: [id] }), ([record]) => present(record, `the record of job ${id}`))

/**
 * Lists jobs: one page of records.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const list = (query: JobQuery.JobQuery): Step<ReadonlyArray<JobRecord.JobRecord>> =>
  Effect.map(use((storage) => storage.list(query)), (page) => page.items)

/**
 * Reads the attempts of a job.
 *
 * @stability unstable
 * @category steps
 * @since 0.1.0
 */
export const history = (id: JobId.JobId): Step<ReadonlyArray<Attempt.Attempt>> =>
  use((storage) => storage.inspect.history(id))

/**
 * Narrows a value that a test can not do without.
 *
 * @stability unstable
 * @category assertions
 * @since 0.1.0
 */
export const present = <A>(value: A | null | undefined, what: string): A => {
  assert(value !== undefined && value !== null, `${what} is missing`)
  return value
}
