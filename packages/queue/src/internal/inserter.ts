/**
 * Inserter: turns concurrent inserts of one process into few statements.
 *
 * Whatever arrived while the previous statement was in flight goes into the next one, so a lone caller never waits and
 * a busy process pays for one statement per 1,000 jobs. Each caller still waits for its own commit. Jobs that may have to
 * wait for what others hold, because of a key or of parents, have a line of their own. A caller inside a
 * transaction inserts on its own fiber, which is what makes the job part of that transaction; so does every caller of
 * a driver that can not tell.
 */
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as Defaults from "../Defaults.ts"
import * as Metrics from "../Metrics.ts"

/** The inserting half of `Queue`. */
export interface Inserter {
  readonly insert: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<ReadonlyArray<InsertResult>, StorageError>
}

/** One caller's job and how to answer it. */
interface Waiting {
  readonly job: NewJob
  readonly resume: (exit: Exit.Exit<ReadonlyArray<InsertResult>, StorageError>) => void
}

interface State {
  readonly waiting: Set<Waiting>
  readonly wake: Latch.Latch
  /** Open while there is room for more callers. */
  readonly room: Latch.Latch
}

/** Who waits for a key that somebody else holds keeps up nobody but those who have keys too. */
interface Lines {
  readonly plain: State
  readonly held: State
}

/** Makes an inserter that works until the scope closes. */
export const make = Effect.fnUntraced(
  function*(storage: Storage["Service"]): Effect.fn.Return<Inserter, never, Scope.Scope> {
    const lines: Lines = { plain: yield* makeLine(storage), held: yield* makeLine(storage) }
    return { insert: (jobs) => insert(storage, lines, jobs) }
  }
)

const makeLine = Effect.fnUntraced(function*(storage: Storage["Service"]) {
  const state: State = { waiting: new Set(), wake: Latch.makeUnsafe(false), room: Latch.makeUnsafe(true) }
  yield* Effect.forkScoped(writeForever(storage, state))
  yield* Effect.addFinalizer(() => Effect.sync(() => interruptAll(state.waiting)))
  return state
})

/** Whether the statement of a job may wait for a transaction of somebody else. */
const mayBeHeld = ({ debounce, parents, unique }: NewJob): boolean =>
  unique !== null || debounce !== null || parents !== undefined

const insert = (
  storage: Storage["Service"],
  lines: Lines,
  jobs: ReadonlyArray<NewJob>
): Effect.Effect<ReadonlyArray<InsertResult>, StorageError> => {
  const [job] = jobs
  if (jobs.length !== 1 || job === undefined) return storage.insert(jobs)
  const state = mayBeHeld(job) ? lines.held : lines.plain
  return Effect.flatMap(
    mayShare(storage),
    (shares) => shares ? Effect.andThen(state.room.await, share(state, job)) : storage.insert(jobs)
  )
}

/** Without a transaction nobody can be in one; with one, the driver must be able to tell. */
const mayShare = ({ capabilities: { inTransaction, transaction } }: Storage["Service"]): Effect.Effect<boolean> => {
  if (transaction === null) return Effect.succeed(true)
  return inTransaction === undefined || inTransaction === null
    ? Effect.succeed(false)
    : Effect.map(inTransaction, (inside) => !inside)
}

/** Waits in line. A caller that is interrupted before its job was taken leaves the line; later it is too late. */
const share = (state: State, job: NewJob): Effect.Effect<ReadonlyArray<InsertResult>, StorageError> =>
  Effect.callback((resume) => {
    const waiting: Waiting = { job, resume }
    state.waiting.add(waiting)
    if (state.waiting.size >= Defaults.insertBacklog) state.room.closeUnsafe()
    state.wake.openUnsafe()
    return Effect.sync(() => state.waiting.delete(waiting))
  })

const writeForever = (storage: Storage["Service"], state: State): Effect.Effect<never> =>
  Effect.forever(Effect.andThen(
    state.wake.await,
    Effect.suspend(() => {
      const batch = takeBatch(state)
      return batch.length === 0 ? Effect.void : write(storage, batch)
    })
  ))

const takeBatch = (state: State): ReadonlyArray<Waiting> => {
  const batch: Array<Waiting> = []
  for (const waiting of state.waiting) {
    if (batch.length >= Defaults.insertBatch) break
    batch.push(waiting)
    state.waiting.delete(waiting)
  }
  if (state.waiting.size === 0) state.wake.closeUnsafe()
  if (state.waiting.size < Defaults.insertBacklog) state.room.openUnsafe()
  return batch
}

/** Uninterruptible, so that closing the queue does not leave a caller without its answer. */
const write = (storage: Storage["Service"], batch: ReadonlyArray<Waiting>): Effect.Effect<void> =>
  Effect.uninterruptible(Effect.flatMap(Effect.exit(storage.insert(batch.map(({ job }) => job))), (exit) => {
    if (Exit.isSuccess(exit)) {
      answer(batch, exit.value)
      return Metric.update(Metrics.insertBatch, batch.length)
    }
    // One job that the storage can not hold must not fail the others: each one tries on its own.
    if (batch.length > 1 && isInvalid(exit)) {
      return Effect.forEach(batch, (waiting) => write(storage, [waiting]), { discard: true })
    }
    return Effect.sync(() => {
      for (const waiting of batch) waiting.resume(exit)
    })
  }))

const isInvalid = (exit: Exit.Exit<unknown, StorageError>): boolean =>
  Exit.isFailure(exit)
  && exit.cause.reasons.some((reason) => reason._tag === "Fail" && reason.error.reason._tag === "Invalid")

const answer = (batch: ReadonlyArray<Waiting>, results: ReadonlyArray<InsertResult>): void => {
  batch.forEach((waiting, index) => {
    const result = results[index]
    waiting.resume(Exit.succeed(result === undefined ? [] : [result]))
  })
}

const interruptAll = (waiting: Set<Waiting>): void => {
  for (const each of waiting) each.resume(Exit.interrupt())
  waiting.clear()
}
