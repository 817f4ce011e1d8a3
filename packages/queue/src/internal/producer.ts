/**
 * Producer: stores jobs after the rules of their limits are declared, debounced ones by their reducers.
 */
import type { LimitRule } from "@millrace/storage/Limit"
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Defaults from "../Defaults.ts"
import * as JobDefaults from "../JobDefaults.ts"
import type { InvalidPayload } from "../QueueError.ts"
import { InvalidOption } from "../QueueError.ts"
import { WorkerIdentity } from "../WorkerIdentity.ts"
import * as Declarer from "./declarer.ts"
import * as Inserter from "./inserter.ts"
import * as NewJobs from "./newJob.ts"
import * as Reducers from "./reducer.ts"
import * as Trace from "./trace.ts"

/** A job on its way into the storage, with what has to be known beside it. */
export interface Order {
  readonly job: NewJob
  /** The rules of its limits. */
  readonly rules: ReadonlyArray<LimitRule>
  /** For a debounced job: what its payload and that of the waiting one become. */
  readonly reduce: Reducers.Reducer | null
  /** Nobody said how often it may fail: the defaults of the producer decide. */
  readonly leavesAttempts: boolean
}

/** Why an order may be refused on its way. */
export type OrderError = StorageError | InvalidOption | InvalidPayload

/** Stores orders. */
export interface Producer extends Inserter.Inserter, Declarer.Declarer {
  /** Stores orders in chunks, each all or nothing; concurrent single ones share a statement. */
  readonly produce: (orders: ReadonlyArray<Order>) => Effect.Effect<ReadonlyArray<InsertResult>, OrderError>
}

/** A parent that is not there is the caller's mistake, as any other option that can not be. */
const refuseParent = (error: StorageError): Effect.Effect<never, StorageError | InvalidOption> =>
  Effect.fail(
    error.reason._tag === "Invalid" && error.reason.field === "parents"
      ? new InvalidOption({ field: "parents", detail: error.reason.detail })
      : error
  )

/** Writes the trace of a caller into a job: beside the retry policy, which storages keep as it is wherever the job goes. */
type Traced = (job: NewJob) => NewJob

/** Jobs that share what is stored of their attempts go on sharing it, so that a storage sees that they are alike. */
const tracedBy = (traceparent: string | null, isOneOfMany: boolean): Traced => {
  if (traceparent === null) return (job) => job
  const shared = new Map<NewJob["retry"], NewJob["retry"]>()
  return (job) => {
    const retry = shared.get(job.retry) ?? Trace.add(job.retry, traceparent, isOneOfMany)
    shared.set(job.retry, retry)
    return { ...job, retry }
  }
}

/** The producer of a storage, until the scope closes. */
export const make = Effect.fnUntraced(
  function*(storage: Storage["Service"]): Effect.fn.Return<Producer, never, Scope.Scope> {
    const { release } = yield* WorkerIdentity
    const defaults = yield* JobDefaults.JobDefaults
    const inserter = yield* Inserter.make(storage)
    const { declare } = yield* Declarer.forProducer(storage, release)
    const lock = yield* Semaphore.make(1)
    const insert =
      (traced: Traced) => (orders: ReadonlyArray<Order>): Effect.Effect<ReadonlyArray<InsertResult>, OrderError> => {
        const jobs = orders.map((order) => traced(NewJobs.jobOf(order, defaults)))
        const inserted: Effect.Effect<ReadonlyArray<InsertResult>, StorageError | InvalidPayload> =
          orders.some(({ reduce }) => reduce !== null)
            ? Reducers.insert(storage, lock, jobs, orders.map(({ reduce }) => reduce))
            : inserter.insert(jobs)
        return Effect.catchTag(inserted, "StorageError", refuseParent)
      }
    const store = (orders: ReadonlyArray<Order>, traced: Traced) => {
      if (orders.length === 0) return Effect.succeed([])
      return orders.length <= Defaults.insertBatch
        ? insert(traced)(orders)
        : Effect.map(Effect.forEach(Arr.chunksOf(orders, Defaults.insertBatch), insert(traced)), (all) => all.flat())
    }
    return {
      insert: inserter.insert,
      declare,
      produce: (orders) => {
        const rules = orders.length === 1 ? orders[0]?.rules ?? [] : [...new Set(orders.flatMap(({ rules }) => rules))]
        const stored = Effect.withFiber(({ context }) =>
          store(orders, tracedBy(Trace.ofCaller(context), orders.length > 1))
        )
        return rules.length === 0 ? stored : Effect.andThen(declare(rules), stored)
      }
    }
  }
)
