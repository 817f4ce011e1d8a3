/**
 * Awaiter: tells callers when the jobs that they wait for have ended.
 *
 * `Finished` events of the storage are the fast way; looking at the jobs, at first after 20 ms and then up to once a
 * second, is the sure one. All callers of a process share the looks.
 */
import type { JobId } from "@millrace/storage/JobId"
import type { JobRecord } from "@millrace/storage/JobRecord"
import * as JobState from "@millrace/storage/JobState"
import type { Storage, StorageEvent } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Arr from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Defaults from "../Defaults.ts"
import { JobNotFound } from "../QueueError.ts"
import * as Loop from "./loop.ts"

/** The awaiting half of `Queue`. */
export interface Awaiter {
  readonly awaitFinished: (id: JobId) => Effect.Effect<JobRecord, JobNotFound | StorageError>
}

type Answer = Exit.Exit<JobRecord, JobNotFound | StorageError>

type Resume = (exit: Answer) => void

/** A job that is waited for: when to look next, and how often that was done. */
interface Awaited {
  readonly id: JobId
  readonly callers: Set<Resume>
  looks: number
  nextMillis: number
}

interface State {
  readonly awaited: Map<JobId, Awaited>
  readonly wake: Latch.Latch
}

/** Makes an awaiter that works until the scope closes. It starts working with the first caller. */
export const make = Effect.fnUntraced(
  function*(storage: Storage["Service"]): Effect.fn.Return<Awaiter, never, Scope.Scope> {
    const state: State = { awaited: new Map(), wake: Latch.makeUnsafe(false) }
    const started = Latch.makeUnsafe(false)
    const looking = Loop.run({ name: "awaiter", wake: state.wake, step: step(storage, state) })
    const listening = Loop.run({
      name: "awaiter's listener",
      wake: Latch.makeUnsafe(false),
      step: listen(storage, state)
    })
    // Forked here: a fiber that the first caller forks would keep that caller's transaction for ever.
    yield* Effect.forkScoped(
      Effect.andThen(started.await, Effect.all([looking, listening], { concurrency: "unbounded", discard: true }))
    )
    yield* Effect.addFinalizer(() => Effect.sync(() => interruptAll(state)))
    return { awaitFinished: (id) => Effect.andThen(started.open, awaitOne(state, id)) }
  }
)

const awaitOne = (state: State, id: JobId): Effect.Effect<JobRecord, JobNotFound | StorageError> =>
  Effect.clockWith((clock) =>
    Effect.callback((resume) => {
      const awaited = state.awaited.get(id) ?? { id, callers: new Set(), looks: 0, nextMillis: 0 }
      state.awaited.set(id, awaited)
      awaited.nextMillis = clock.currentTimeMillisUnsafe() + Defaults.awaitMillis
      awaited.looks = 0
      const caller: Resume = (exit) => resume(exit)
      awaited.callers.add(caller)
      state.wake.openUnsafe()
      return Effect.sync(() => leave(state, awaited, caller))
    })
  )

const leave = (state: State, awaited: Awaited, caller: Resume): void => {
  awaited.callers.delete(caller)
  if (awaited.callers.size === 0 && state.awaited.get(awaited.id) === awaited) state.awaited.delete(awaited.id)
}

/** Looks at the jobs that are due, and pauses until the next is. */
const step = (storage: Storage["Service"], state: State): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const due = [...state.awaited.values()].filter((awaited) => awaited.nextMillis <= now)
    for (const awaited of due) postpone(awaited, now)
    for (const chunk of Arr.chunksOf(due, Defaults.insertBatch)) yield* look(storage, state, chunk)
    return pauseOf(state, now)
  })

const postpone = (awaited: Awaited, now: number): void => {
  awaited.looks += 1
  awaited.nextMillis = now + Math.min(Defaults.awaitCapMillis, Defaults.awaitMillis * 2 ** Math.min(awaited.looks, 16))
}

const pauseOf = (state: State, now: number): Loop.Pause => {
  let next = Infinity
  for (const { nextMillis } of state.awaited.values()) next = Math.min(next, nextMillis)
  return next === Infinity ? Loop.untilWoken : Loop.exactly(Math.max(1, next - now))
}

/** Every so many looks a job is looked for whatever its state is, to notice that it was removed. */
const looksPerSearch = 10

const ended = JobState.states.filter(JobState.isTerminal)

const look = (
  storage: Storage["Service"],
  state: State,
  due: ReadonlyArray<Awaited>
): Effect.Effect<void, StorageError> => {
  const isSearch = due.some(({ looks }) => looks % looksPerSearch === 0)
  const ids = due.map(({ id }) => id)
  return Effect.map(
    // Records of jobs that still run are of no use here, and may carry large payloads.
    Effect.exit(storage.list(isSearch ? { ids, limit: ids.length } : { ids, states: ended, limit: ids.length })),
    (exit) => {
      if (Exit.isSuccess(exit)) answerAll(state, exit.value.items, isSearch ? due : [])
      else if (!isTransient(exit.cause)) {
        for (const awaited of due) {
          answer(state, awaited, Exit.failCause(exit.cause))
        }
      }
    }
  )
}

const isTransient = (cause: Cause.Cause<StorageError>): boolean =>
  cause.reasons.some((reason) => reason._tag === "Fail" && reason.error.isTransient)

const answerAll = (state: State, records: ReadonlyArray<JobRecord>, searched: ReadonlyArray<Awaited>): void => {
  const found = new Set<JobId>()
  for (const record of records) {
    found.add(record.id)
    const awaited = state.awaited.get(record.id)
    if (awaited !== undefined && JobState.isTerminal(record.state)) answer(state, awaited, Exit.succeed(record))
  }
  for (const awaited of searched) {
    if (!found.has(awaited.id)) answer(state, awaited, Exit.fail(new JobNotFound({ id: awaited.id })))
  }
}

const answer = (state: State, awaited: Awaited, exit: Answer): void => {
  state.awaited.delete(awaited.id)
  for (const resume of awaited.callers) resume(exit)
}

/** The first event that names an awaited job makes it due at once. */
const listen = (storage: Storage["Service"], state: State): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.as(Stream.runForEach(storage.events, (event) => Effect.sync(() => hear(state, event))), Loop.about(1_000))

const hear = (state: State, event: StorageEvent): void => {
  if (event._tag !== "Finished") return
  for (const id of event.ids) {
    const awaited = state.awaited.get(id)
    if (awaited === undefined) continue
    awaited.nextMillis = 0
    state.wake.openUnsafe()
  }
}

const interruptAll = (state: State): void => {
  for (const awaited of state.awaited.values()) answer(state, awaited, Exit.interrupt())
}
