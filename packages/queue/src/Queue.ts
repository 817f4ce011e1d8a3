/**
 * The service to produce, read and steer jobs of one storage.
 *
 * Jobs with a definition are enqueued with `Job.enqueue`; this service adds what works by name and id. Inside a
 * transaction of the storage's own client everything that it inserts is part of that transaction.
 *
 * @since 0.1.0
 */
import type { Attempt } from "@millrace/storage/Attempt"
import type { LogEntry } from "@millrace/storage/Inspection"
import type { JobId } from "@millrace/storage/JobId"
import type { JobQuery, Page } from "@millrace/storage/JobQuery"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import * as Storage from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Admission, Target } from "./Admission.ts"
import type { EncodedRequest, JobChange } from "./EnqueueOptions.ts"
import type { Explanation } from "./Explanation.ts"
import * as Awaiter from "./internal/awaiter.ts"
import * as Control from "./internal/control.ts"
import * as EncodedEnqueue from "./internal/encodedEnqueue.ts"
import * as EncodedStorage from "./internal/encodedStorage.ts"
import * as Producer from "./internal/producer.ts"
import * as Steering from "./internal/steering.ts"
import { JobRegistry } from "./JobRegistry.ts"
import { PayloadCodec } from "./PayloadCodec.ts"
import type { EnqueueError, IllegalTransition, InvalidOption, JobNotFound, UnknownJob } from "./QueueError.ts"

/**
 * The queue service.
 *
 * **Details**
 *
 * - `insert` stores jobs that are validated already, all or nothing, at most 1,000. Outside of transactions,
 *   concurrent calls with one job share a statement.
 * - `produce` stores jobs with what belongs to them, such as the rules of their limits. The way of `Job.enqueue`; others
 *   use that.
 * - `enqueueEncoded` enqueues by name. A name in the `JobRegistry` is validated by its definition; another one is
 *   refused with `UnknownJob` by a strict registry, else its payload may be any JSON.
 * - `enqueueAllEncoded` does so for many, in chunks of 1,000, each all or nothing; one refused request refuses all.
 * - `get` reads one job, `list` a page of them, newest first; `history` the attempts of a job, oldest first;
 *   `overview` counts jobs by queue and state and lists the workers.
 * - `cancel` ends a job that is not running, and asks the worker of a running one to interrupt it
 *   (`to: "requested"`). `reason` is kept in the history. `retry` makes a waiting job available now and redrives a
 *   `dead` or `cancelled` one; `promote` makes a waiting job available now, and refuses others. `remove` deletes a job that is not running, with its history.
 * - `change` gives a `scheduled`, `retryable` or `available` job another priority, other tags or another time; refused
 *   with `IllegalTransition` when it runs or has ended. One that was ready to run and is due later becomes `scheduled`.
 * - `transition` does the same to at most 1,000 jobs and tells of each what became of it, refusals included.
 * - `pause` keeps every worker from claiming jobs of a queue, a tenant, a name or under a limit, `resume` ends that.
 *   Running jobs go on. A limit may be paused for a time (`during`). Both die with `InvalidOption` for a name that can not be.
 * - `admission` steers limits and the weights of tenants: see `Admission`.
 * - `explain` tells why a job does not run, or that it would run now: see `Explanation`.
 * - `logs` lists the lines that a job's handler wrote, oldest first, the newest 1,000.
 * - `awaitFinished` waits until a job is `completed`, `cancelled` or `dead`, also through outages of the storage.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Queue extends Context.Service<Queue, {
  readonly insert: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<ReadonlyArray<InsertResult>, StorageError>
  readonly produce: Producer.Producer["produce"]
  readonly enqueueEncoded: (request: EncodedRequest) => Effect.Effect<InsertResult, EnqueueError | UnknownJob>
  readonly enqueueAllEncoded: (
    requests: ReadonlyArray<EncodedRequest>
  ) => Effect.Effect<ReadonlyArray<InsertResult>, EnqueueError | UnknownJob>
  readonly get: (id: JobId) => Effect.Effect<JobRecord, JobNotFound | StorageError>
  readonly list: (query: JobQuery) => Effect.Effect<Page, StorageError>
  readonly history: (id: JobId) => Effect.Effect<ReadonlyArray<Attempt>, JobNotFound | StorageError>
  readonly overview: Effect.Effect<Storage.Overview, StorageError>
  readonly cancel: (
    id: JobId,
    reason?: string
  ) => Effect.Effect<Storage.TransitionResult, JobNotFound | IllegalTransition | StorageError>
  readonly retry: (
    id: JobId
  ) => Effect.Effect<Storage.TransitionResult, JobNotFound | IllegalTransition | StorageError>
  readonly promote: (
    id: JobId
  ) => Effect.Effect<Storage.TransitionResult, JobNotFound | IllegalTransition | StorageError>
  readonly remove: (
    id: JobId
  ) => Effect.Effect<Storage.TransitionResult, JobNotFound | IllegalTransition | StorageError>
  readonly change: (
    id: JobId,
    to: JobChange
  ) => Effect.Effect<Storage.TransitionResult, InvalidOption | JobNotFound | IllegalTransition | StorageError>
  readonly transition: (
    ids: ReadonlyArray<JobId>,
    action: Storage.TransitionAction
  ) => Effect.Effect<ReadonlyArray<Storage.TransitionResult>, StorageError>
  readonly pause: (
    target: Target,
    options?: { readonly during?: Duration.Input }
  ) => Effect.Effect<void, StorageError>
  readonly resume: (target: Target) => Effect.Effect<void, StorageError>
  readonly admission: Admission
  readonly explain: (id: JobId) => Effect.Effect<Explanation, JobNotFound | StorageError>
  readonly logs: (id: JobId) => Effect.Effect<ReadonlyArray<LogEntry>, JobNotFound | StorageError>
  readonly awaitFinished: (id: JobId) => Effect.Effect<JobRecord, JobNotFound | StorageError>
}>()("@millrace/queue/Queue") {}

/**
 * The queue on a storage. Knows the definitions of `JobRegistry` and encodes with `PayloadCodec`, if those are provided.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Queue, never, Storage.Storage> = Layer.effect(
  Queue,
  Effect.gen(function*() {
    const storage = EncodedStorage.make(yield* Storage.Storage, yield* PayloadCodec)
    const registry = yield* JobRegistry
    const producer = yield* Producer.make(storage)
    const awaiter = yield* Awaiter.make(storage)
    return Queue.of({
      insert: producer.insert,
      produce: producer.produce,
      ...EncodedEnqueue.make(registry, producer.produce),
      ...Control.make(storage),
      ...Steering.make(storage, producer),
      awaitFinished: awaiter.awaitFinished
    })
  })
)
