/**
 * The storage port: everything that Millrace asks of a database, in 13 methods and a group of reads.
 *
 * Batch in, batch out. Every method is idempotent or fenced, needs nothing from its
 * caller's environment, and fails only with `StorageError`. `MemoryStorage` is its
 * executable specification; `@millrace/storage-test` compares every driver with it.
 *
 * **Guarantees that every driver gives**
 *
 * - An inserted job is live or finished, never lost.
 * - A claim raises the job's token by one, for ever. A worker write whose fence is not the
 *   newest changes nothing and answers `LeaseLost`. The same write repeated answers `Applied` again.
 * - Claim, settle, renew, reclaim and promote are each one atomic step.
 * - All instants are those of one clock, the storage's.
 * - Inside a transaction of the caller (`capabilities.transaction`), insert and settle are part of it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Attempt } from "./Attempt.ts"
import type { Claim, ClaimOptions, FencedResult } from "./Claim.ts"
import type { ControlCommand } from "./ControlCommand.ts"
import type { ExplainFacts, LogEntry, TenantQuery, TenantRecord } from "./Inspection.ts"
import type { JobId } from "./JobId.ts"
import type { JobQuery, Page } from "./JobQuery.ts"
import type { JobState } from "./JobState.ts"
import type { LimitRecord } from "./Limit.ts"
import type { InsertResult, NewJob } from "./NewJob.ts"
import type { Report, Settlement } from "./Outcome.ts"
import type { StorageError } from "./StorageError.ts"
import type { RenewRequest, RenewResult, WorkerRecord } from "./WorkerRecord.ts"

/**
 * The storage service.
 *
 * **Details**
 *
 * - `insert` stores jobs; results in the order of the input. All or nothing. Joins the caller's transaction.
 *   A job that is due later than now is `scheduled`, any other `available`. Ids rise in the order of the input.
 *   One with parents that are not all `completed` is `pending`; that a parent does not exist refuses the batch.
 * - `claim` lends available jobs to a registered, unexpired worker: smallest priority first, tenants in turn,
 *   oldest first. Never a job of a paused queue, tenant or name, one that expired, or one whose limits have no room.
 *   Returns `[]` for an unknown or expired worker. The jobs come in the order in which they should start.
 * - `report` stores what running handlers report; results in the order of the input.
 * - `settle` ends attempts of one worker; results in the order of the input. Joins the caller's transaction.
 *   One call settles a claim once.
 * - `renew` registers a worker, renews its lease (and with it every claim it holds), or lets it leave.
 * - `promote` makes due scheduled and retryable jobs available, the longest due first, at most `limit`. A job is
 *   due from the instant `runAt` on. It also cancels jobs that expired before their first start. And it looks at what
 *   `pending` jobs wait for: one whose parents are all `completed` becomes `available`, or `scheduled` where its time is
 *   still ahead; one of which a parent is `dead`, `cancelled` or gone becomes `cancelled` with an error tagged `ParentFailed`
 *   that names the first of them, with `data` of its `parent` and its `state` (`removed` for one that is gone). A driver may
 *   look at a part of them in one call, and at the others in the next ones.
 * - `reclaim` takes back the jobs of workers whose lease has ended, at most `limit` leases: a crash, not a
 *   failure. They become available as suspects; one whose lease was alone and that crashed for the third time
 *   becomes `dead`; one that was asked to stop becomes `cancelled`. A crash leaves an error tagged `Crashed`. A job
 *   of which nobody knows that it had started (lent ahead; or a suspect before `Report.started`) counts no crash: it
 *   becomes a suspect all the same, and its attempt is `released`. A
 *   worker's registration ends before its first lease is taken, even when `limit` leaves others to later calls.
 * - `transition` cancels, retries, promotes, changes or removes jobs by id, at most 1,000; ids that do not exist are left out of the answer.
 * - `control` changes a run-time setting such as a queue's pause. Repeating it changes nothing. What is paused
 *   takes jobs, promotes, settles and reclaims as ever; it only lends none.
 * - `list` reads one page of jobs, newest first, in one query.
 * - `inspect` has reads that change nothing: see `Inspect`.
 * - `overview` counts jobs by queue and state and lists the workers.
 * - `prune` drops finished jobs by age and prepares the tables of coming days.
 * - `events` are hints that something happened; they may be lost, and polling is the truth.
 *
 * **The line**
 *
 * A job gets a position when it becomes available, by whatever way: insert, promote, retry, release or reclaim put it
 * at the end of the line of its queue, priority and tenant. Oldest first means smallest position first.
 *
 * **Errors**
 *
 * An argument outside the bounds stated here or in its type fails with `Invalid`, and nothing is changed.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Storage extends Context.Service<Storage, {
  readonly capabilities: Capabilities
  readonly insert: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<ReadonlyArray<InsertResult>, StorageError>
  readonly claim: (options: ClaimOptions) => Effect.Effect<ReadonlyArray<Claim>, StorageError>
  readonly report: (
    workerId: string,
    reports: ReadonlyArray<Report>
  ) => Effect.Effect<ReadonlyArray<FencedResult>, StorageError>
  readonly settle: (
    workerId: string,
    settlements: ReadonlyArray<Settlement>
  ) => Effect.Effect<ReadonlyArray<FencedResult>, StorageError>
  readonly renew: (request: RenewRequest) => Effect.Effect<RenewResult, StorageError>
  readonly promote: (options: { readonly limit: number }) => Effect.Effect<Promoted, StorageError>
  readonly reclaim: (options: { readonly limit: number }) => Effect.Effect<ReadonlyArray<Reclaimed>, StorageError>
  readonly transition: (
    ids: ReadonlyArray<JobId>,
    action: TransitionAction
  ) => Effect.Effect<ReadonlyArray<TransitionResult>, StorageError>
  readonly control: (command: ControlCommand) => Effect.Effect<void, StorageError>
  readonly list: (query: JobQuery) => Effect.Effect<Page, StorageError>
  readonly inspect: Inspect
  readonly overview: Effect.Effect<Overview, StorageError>
  readonly prune: (policy: PrunePolicy) => Effect.Effect<Pruned, StorageError>
  readonly events: Stream.Stream<StorageEvent, StorageError>
}>()("@millrace/storage/Storage") {}

/**
 * What a driver can do beyond the methods: declared, not guessed.
 *
 * **Details**
 *
 * - `durable`: jobs outlive the process.
 * - `transaction`: runs an effect so that `insert` and `settle` inside it, and the caller's own
 *   statements, commit together or not at all. Null when the driver has none.
 *   A failure of the transaction itself (connection lost, commit refused) is a `StorageError`.
 * - `inTransaction`: tells whether the calling fiber is inside such a transaction, so that callers outside of one may
 *   share a statement. Null when the driver can not tell; then nobody shares. Absent means null.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Capabilities {
  readonly durable: boolean
  readonly transaction:
    | (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageError, R>)
    | null
  readonly inTransaction?: Effect.Effect<boolean> | null
}

/**
 * What a promotion did: how many jobs became available, in which queues, and in how many
 * milliseconds to promote again: the next job is due, or `releaseMillis` while any job is `pending`, 0 when one of them was
 * cancelled, because others may wait for it (null: none is scheduled or pending).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Promoted {
  readonly count: number
  readonly queues: ReadonlyArray<string>
  readonly nextDueMillis: number | null
}

/**
 * How often jobs that wait for parents are looked after, in milliseconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const releaseMillis = 1000

/**
 * A job taken back from a worker whose lease had ended. `crashes` counts this one, `token` is that of the lost claim.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Reclaimed {
  readonly id: JobId
  readonly name: string
  readonly queue: string
  readonly token: number
  readonly workerId: string
  readonly crashes: number
  readonly to: "available" | "dead" | "cancelled"
}

/**
 * What a person asks to be done with a job.
 *
 * **Details**
 *
 * - `cancel`: live jobs, `dead` and `quarantined` ones become `cancelled`; a running one is only asked to stop (`requested`):
 *   its worker hears of it with the next `renew` or `CancelRequested` event and settles it. The request ends with
 *   the claim: an attempt that would be given back (retried, snoozed, released, reclaimed) is cancelled instead,
 *   one that completes or dies does so. The reason of the first request counts. Refused for `completed` and `cancelled`.
 *   A `pending` one becomes `cancelled` like any other that waits.
 * - `retry`: `scheduled` and `retryable` become `available` now; `dead`, `quarantined` and `cancelled` are redriven:
 *   failures and crashes start again at 0, the error is gone, the job is no suspect, the token and the history go
 *   on, and the job does not expire any more. Redriving is refused while another job holds the unique key. Refused in every other state.
 *   A job that was cancelled because of a parent waits for none when it is redriven.
 * - `promote`: `scheduled` and `retryable` become `available` now, as by `retry`. Refused in every other state.
 * - `remove`: any job that is not running is deleted with its history. Refused for `running`.
 * - `change`: `scheduled`, `retryable` and `available` jobs get another priority, other tags or another due time; null
 *   leaves each as it is. `delayMillis` (storage clock) and `runAt` exclude each other, and a time in the past means now.
 *   A scheduled or retryable job stays so until it is promoted; an available one that is due later becomes `scheduled`,
 *   else its time stays. A time to live moves with the due time. An available job with another priority goes to the end
 *   of its new line, one with the same keeps its place. Refused for suspects, whose place is decided otherwise, and in every other state.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type TransitionAction =
  | { readonly _tag: "Cancel"; readonly reason: string }
  | { readonly _tag: "Retry" }
  | { readonly _tag: "Promote" }
  | { readonly _tag: "Remove" }
  | {
    readonly _tag: "Change"
    readonly priority: number | null
    readonly tags: ReadonlyArray<string> | null
    readonly delayMillis: number | null
    readonly runAt: DateTime.Utc | null
  }

/**
 * What became of one job: done (`to` is its new state), `requested` (running; asked to stop),
 * or `refused` (its state does not allow the action).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TransitionResult {
  readonly id: JobId
  readonly from: JobState
  readonly to: JobState | "removed" | "requested" | "refused"
}

/**
 * Reads of what a storage holds beside the jobs themselves.
 *
 * **Details**
 *
 * - `history` lists the attempts of a job, oldest first, the one under way last; `[]` for an unknown job.
 * - `logs` lists the log lines of a job, oldest first: the newest 1,000.
 * - `explain` tells all that decides whether a job starts, read at one moment; null for an unknown job.
 * - `limits` lists the declared limits, by name.
 * - `tenants` lists tenants, by name.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Inspect {
  readonly history: (id: JobId) => Effect.Effect<ReadonlyArray<Attempt>, StorageError>
  readonly logs: (id: JobId) => Effect.Effect<ReadonlyArray<LogEntry>, StorageError>
  readonly explain: (id: JobId) => Effect.Effect<ExplainFacts | null, StorageError>
  readonly limits: Effect.Effect<ReadonlyArray<LimitRecord>, StorageError>
  readonly tenants: (query: TenantQuery) => Effect.Effect<ReadonlyArray<TenantRecord>, StorageError>
}

/**
 * The number of jobs of one queue in each state, and whether it is paused.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface QueueCounts {
  readonly queue: string
  readonly paused: boolean
  readonly counts: { readonly [State in JobState]: number }
}

/**
 * The queues with their counts, and the registered workers, both by name.
 *
 * **Details**
 *
 * A queue is known once it has a job or was paused. A worker is listed until it leaves or is reclaimed.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Overview {
  readonly queues: ReadonlyArray<QueueCounts>
  readonly workers: ReadonlyArray<WorkerRecord>
}

/**
 * How long finished jobs are kept, in milliseconds since they finished. A driver may keep them up to a day longer.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PrunePolicy {
  readonly finishedMillis: number
  readonly deadMillis: number
}

/**
 * How many finished (`completed`, `cancelled`) and `dead` (or `quarantined`) jobs a prune removed; -1 when a
 * driver dropped them unseen.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Pruned {
  readonly finished: number
  readonly dead: number
}

/**
 * A hint.
 *
 * **Details**
 *
 * - `Connected`: events begin (again) here; anything before may have been missed.
 * - `Available`: a queue has new available jobs.
 * - `Scheduled`: a job is due earlier than those known before, or a new one waits for parents.
 * - `CancelRequested`: running jobs of this worker were asked to stop.
 * - `Finished`: these jobs ended.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type StorageEvent =
  | { readonly _tag: "Connected" }
  | { readonly _tag: "Available"; readonly queue: string }
  | { readonly _tag: "Scheduled" }
  | { readonly _tag: "CancelRequested"; readonly workerId: string }
  | { readonly _tag: "Finished"; readonly ids: ReadonlyArray<JobId> }
