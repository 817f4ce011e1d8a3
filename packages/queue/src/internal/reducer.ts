/**
 * Debounced jobs whose payloads are reduced: the waiting one and the new one become one, and no enqueue is left out.
 *
 * The waiting job is put off first, which locks its row; then it is read, and put off again with the reduced payload, all
 * in one transaction. A storage without transactions lives in one process: there a semaphore does the same.
 */
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type * as Semaphore from "effect/Semaphore"
import type { InvalidPayload } from "../QueueError.ts"

/** Makes one payload of a waiting job's and a new one. */
export type Reducer = (waiting: JobRecord) => Result.Result<Schema.Json, InvalidPayload>

/** Inserts jobs one after the other, each reduced with the one that waits if it has a reducer. All or nothing. */
export const insert = (
  storage: Storage["Service"],
  lock: Semaphore.Semaphore,
  jobs: ReadonlyArray<NewJob>,
  reducers: ReadonlyArray<Reducer | null>
): Effect.Effect<ReadonlyArray<InsertResult>, StorageError | InvalidPayload> => {
  const { transaction } = storage.capabilities
  const all = Effect.forEach(jobs, (job, index) => insertOne(storage, job, reducers[index] ?? null))
  return transaction === null ? lock.withPermits(1)(all) : transaction(all)
}

const insertOne = (
  storage: Storage["Service"],
  job: NewJob,
  reduce: Reducer | null
): Effect.Effect<InsertResult, StorageError | InvalidPayload> =>
  Effect.gen(function*() {
    const { debounce } = job
    if (debounce === null || reduce === null) return yield* one(storage, job)
    const put = (payload: Schema.Json, rule: "keep" | "replace") =>
      one(storage, { ...job, payload, debounce: { ...debounce, payload: rule } })
    const result = yield* put(job.payload, "keep")
    if (result._tag !== "Replaced") return result
    const { items: [waiting] } = yield* storage.list({ ids: [result.id], limit: 1 })
    if (waiting === undefined) return result
    return yield* put(yield* Effect.fromResult(reduce(waiting)), "replace")
  })

const one = (storage: Storage["Service"], job: NewJob): Effect.Effect<InsertResult, StorageError> =>
  Effect.flatMap(
    storage.insert([job]),
    ([result]) =>
      result === undefined ? Effect.die(new Error("Storage.insert returned no result")) : Effect.succeed(result)
  )
