/**
 * Recorder: stores jobs that are created one by one, each with its line of the audit, many in one transaction.
 *
 * Whatever arrived while transactions were in flight goes into the next one: two statements for all of it, in place of
 * four for each request. A job and its line commit together or not at all, and every caller waits for its own commit.
 * A request whose jobs have keys or parents has a transaction of its own, so that it keeps nobody waiting but itself.
 *
 * @since 0.1.0
 */
import { CreateJob } from "@millrace/api"
import { ServiceStorage, Storage, StorageError } from "@millrace/storage"
import type { NewJob } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Audit from "./Audit.ts"

/**
 * The storage whose inserts record the change of the request under way (`Audit.CurrentChange`). One without transactions
 * stays as it is.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Storage.Storage, never, Storage.Storage | ServiceStorage.ServiceStorage> = Layer.effect(
  Storage.Storage,
  Effect.gen(function*() {
    const storage = yield* Storage.Storage
    const { audit } = yield* ServiceStorage.ServiceStorage
    return yield* make(storage, audit.append)
  })
)

/**
 * Transactions at the same time that take jobs from the line, and at most as many besides of requests with keys or
 * parents: both together leave connections of the pool to those who read.
 */
const writers = 4

/** Requests of one transaction at most. */
const batchMax = 100

/** Jobs of one transaction at most, but for those of one request: as many as a request may have. */
const jobsMax = CreateJob.batchLimit

type Insert = Storage.Storage["Service"]["insert"]
type Append = ServiceStorage.ServiceStorage["Service"]["audit"]["append"]
type Results = ReadonlyArray<NewJob.InsertResult>

/** One request's jobs, what is to be written of them, and how to answer it. */
interface Waiting {
  readonly jobs: ReadonlyArray<NewJob.NewJob>
  readonly pending: Audit.PendingChange
  readonly resume: (exit: Exit.Exit<Results, StorageError.StorageError>) => void
}

/** What writes: `together` runs statements as one transaction. */
interface Book {
  readonly insert: Insert
  readonly append: Append
  readonly together: <A>(
    effect: Effect.Effect<A, StorageError.StorageError>
  ) => Effect.Effect<A, StorageError.StorageError>
  /** Waits until few enough of those run that may wait for others. */
  readonly alone: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly waiting: Set<Waiting>
  readonly wake: Latch.Latch
}

/**
 * Makes the storage. Its writers work until the scope closes.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  storage: Storage.Storage["Service"],
  append: Append
): Effect.fn.Return<Storage.Storage["Service"], never, Scope.Scope> {
  const { inTransaction, transaction } = storage.capabilities
  if (transaction === null || inTransaction === null || inTransaction === undefined) return storage
  const book: Book = {
    insert: storage.insert,
    append,
    together: transaction,
    alone: Semaphore.makeUnsafe(writers).withPermits(1),
    waiting: new Set(),
    wake: Latch.makeUnsafe(false)
  }
  for (let n = 0; n < writers; n++) yield* Effect.forkScoped(writeForever(book))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { resume } of book.waiting) resume(Exit.interrupt())
    })
  )
  return {
    ...storage,
    capabilities: {
      ...storage.capabilities,
      // Whoever records inserts on his own fiber, as in a transaction: nobody else may take his jobs along.
      inTransaction: Effect.flatMap(
        Audit.CurrentChange,
        (pending) => pending === null ? inTransaction : Effect.succeed(true)
      )
    },
    insert: (jobs) =>
      Effect.flatMap(Audit.CurrentChange, (pending) => {
        if (pending === null) return storage.insert(jobs)
        return Effect.flatMap(inTransaction, (bound) =>
          bound
            ? marked(recorded(book, [{ jobs, pending }]), pending)
            : jobs.every(waitsForNobody)
            ? wait(book, jobs, pending)
            : marked(book.alone(book.together(recorded(book, [{ jobs, pending }]))), pending))
      })
  }
})

/**
 * Whether a job is stored without a look at others. One with a key waits for whoever holds the key in a transaction that
 * is still open, and one with parents fails when they are not there: neither may befall the requests of others.
 */
const waitsForNobody = ({ debounce, parents = [], unique }: NewJob.NewJob): boolean =>
  unique === null && debounce === null && parents.length === 0

const marked = <A, E>(stored: Effect.Effect<A, E>, pending: Audit.PendingChange): Effect.Effect<A, E> =>
  Effect.tap(stored, () => mark([{ pending }]))

/** Waits in line. A request that is interrupted before its jobs were taken leaves the line; later it is too late. */
const wait = (
  book: Book,
  jobs: ReadonlyArray<NewJob.NewJob>,
  pending: Audit.PendingChange
): Effect.Effect<Results, StorageError.StorageError> =>
  Effect.callback((resume) => {
    const waiting: Waiting = { jobs, pending, resume }
    book.waiting.add(waiting)
    book.wake.openUnsafe()
    return Effect.sync(() => book.waiting.delete(waiting))
  })

const writeForever = (book: Book): Effect.Effect<never> =>
  Effect.forever(Effect.andThen(
    book.wake.await,
    Effect.suspend(() => {
      const batch = takeBatch(book)
      return batch.length === 0 ? Effect.void : write(book, batch)
    })
  ))

const takeBatch = ({ waiting, wake }: Book): ReadonlyArray<Waiting> => {
  const batch: Array<Waiting> = []
  let jobs = 0
  for (const each of waiting) {
    jobs += each.jobs.length
    if (batch.length === batchMax || (batch.length > 0 && jobs > jobsMax)) break
    batch.push(each)
  }
  for (const each of batch) waiting.delete(each)
  if (waiting.size === 0) wake.closeUnsafe()
  return batch
}

/** Uninterruptible, so that closing the server does not leave a request without its answer. */
const write = (book: Book, batch: ReadonlyArray<Waiting>): Effect.Effect<void> =>
  Effect.uninterruptible(Effect.flatMap(Effect.exit(book.together(recorded(book, batch))), (exit) => {
    // One job that the storage can not hold, or that lost against another, must not fail the others.
    if (batch.length > 1 && Exit.isFailure(exit) && !isAway(exit)) {
      return Effect.forEach(batch, (waiting) => write(book, [waiting]), { discard: true })
    }
    const told = Effect.sync(() => answer(batch, exit))
    return Exit.isSuccess(exit) ? Effect.andThen(mark(batch), told) : told
  }))

const isAway = (exit: Exit.Failure<unknown, StorageError.StorageError>): boolean =>
  exit.cause.reasons.some((reason) => reason._tag === "Fail" && reason.error.reason._tag === "Unavailable")

/** Inserts all jobs and writes a line for each request. */
const recorded = Effect.fnUntraced(function*(
  { append, insert }: Book,
  batch: ReadonlyArray<Pick<Waiting, "jobs" | "pending">>
): Effect.fn.Return<Results, StorageError.StorageError> {
  const results = yield* insert(batch.flatMap(({ jobs }) => jobs))
  const lines = partsOf(batch, results).flatMap(([{ pending }, own]) =>
    pending.isRecorded ? [] : [Audit.lineOf(pending.change, own.map(({ id }) => id), created)]
  )
  yield* Effect.mapError(append(lines), unwritable)
  return results
})

/** Whatever is wrong with the line is not the caller's fault. */
const unwritable = (error: StorageError.StorageError) =>
  new StorageError.StorageError({
    reason: new StorageError.Unavailable({ operation: "audit.append", detail: error.message })
  })

/** After the commit: a transaction that is undone has written no line. */
const mark = (batch: ReadonlyArray<Pick<Waiting, "pending">>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const { pending } of batch) pending.isRecorded = true
  })

/** The status of the answer that says what was created. */
const created = 201

const answer = (batch: ReadonlyArray<Waiting>, exit: Exit.Exit<Results, StorageError.StorageError>): void => {
  if (Exit.isFailure(exit)) return batch.forEach(({ resume }) => resume(exit))
  for (const [{ resume }, own] of partsOf(batch, exit.value)) resume(Exit.succeed(own))
}

/** Which results are whose. */
const partsOf = <A extends { readonly jobs: ReadonlyArray<NewJob.NewJob> }>(
  batch: ReadonlyArray<A>,
  results: Results
): ReadonlyArray<readonly [A, Results]> => {
  let start = 0
  return batch.map((each) => {
    const own = results.slice(start, start + each.jobs.length)
    start += each.jobs.length
    return [each, own] as const
  })
}
