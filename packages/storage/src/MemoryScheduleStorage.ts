/**
 * The schedules in the memory of one process: the executable specification of `ScheduleStorage`.
 *
 * Its jobs go to the `Storage` that it is given. One method runs at a time, every instant is the Effect clock's, and
 * nothing outlives the process.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import * as Bounds from "./Bounds.ts"
import * as JobState from "./JobState.ts"
import type { InsertResult } from "./NewJob.ts"
import * as ScheduleFiring from "./ScheduleFiring.ts"
import type { Schedule, ScheduleRecord, ScheduleTick, TickOutcome } from "./ScheduleRecord.ts"
import type { Firing, Modification, ScheduleQuery, TickOptions, TickQuery } from "./ScheduleStorage.ts"
import { ScheduleStorage } from "./ScheduleStorage.ts"
import { Storage } from "./Storage.ts"
import type { Invalid } from "./StorageError.ts"
import { StorageError } from "./StorageError.ts"

interface State {
  readonly schedules: Map<string, ScheduleRecord>
  /** By id, oldest first. */
  readonly ticks: Map<string, ScheduleTick>
  /** The id of the tick of an instant, without triggers. */
  readonly instants: Map<string, string>
  lastId: number
}

/** The reason of a job that a later instant replaced. */
const replaced = "a later instant of its schedule came"

/**
 * Makes an empty storage of schedules.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<ScheduleStorage["Service"], never, Storage> = Effect.gen(function*() {
  const storage = yield* Storage
  const state: State = { schedules: new Map(), ticks: new Map(), instants: new Map(), lastId: 0 }
  const alone = (yield* Semaphore.make(1)).withPermits(1)
  const checked = <A>(reason: Invalid | null, effect: Effect.Effect<A>): Effect.Effect<A, StorageError> =>
    reason === null ? effect : Effect.fail(new StorageError({ reason }))
  return ScheduleStorage.of({
    now,
    modify: (name, decide) => alone(Effect.uninterruptible(modify(state, storage, name, decide))),
    tick: (options) =>
      Effect.flatMap(
        checked(Bounds.checkLimit("tick", options.limit), Effect.void),
        () => alone(Effect.uninterruptible(tick(state, storage, options)))
      ),
    get: (name) => Effect.sync(() => state.schedules.get(name) ?? null),
    list: (query) => checked(checkPage(query), Effect.sync(() => list(state, query))),
    ticks: (query) => checked(checkPage(query), Effect.sync(() => ticks(state, query))),
    prune: ({ keepMillis }) => Effect.map(now, (now) => prune(state, DateTime.toEpochMillis(now) - keepMillis))
  })
})

/**
 * An empty storage of schedules as a layer.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ScheduleStorage, never, Storage> = Layer.effect(ScheduleStorage, make)

const now = Effect.map(Clock.currentTimeMillis, (millis) => DateTime.makeUnsafe(millis))

const modify = Effect.fnUntraced(function*<A>(
  state: State,
  storage: Storage["Service"],
  name: string,
  decide: (current: ScheduleRecord | null, now: DateTime.Utc) => Modification<A>
) {
  const current = state.schedules.get(name) ?? null
  const at = yield* now
  const { answer, fire, isEdit, write } = decide(current, at)
  if (write === "remove") state.schedules.delete(name)
  else if (write !== "keep") state.schedules.set(name, written(current, write, isEdit ? at : null, at))
  const schedule = state.schedules.get(name)
  const ticks = schedule === undefined ? [] : yield* fireAll(state, storage, schedule, fire, at)
  return { answer, schedule: state.schedules.get(name) ?? null, ticks }
})

const written = (
  current: ScheduleRecord | null,
  schedule: Schedule,
  editedAt: DateTime.Utc | null,
  at: DateTime.Utc
): ScheduleRecord => ({
  ...schedule,
  createdAt: current?.createdAt ?? at,
  updatedAt: editedAt ?? current?.updatedAt ?? at,
  last: current?.last ?? null
})

const tick = Effect.fnUntraced(function*(state: State, storage: Storage["Service"], options: TickOptions) {
  const at = yield* now
  const due = dueOf(state, at).slice(0, options.limit)
  const ticks: Array<ScheduleTick> = []
  for (const schedule of due) {
    const { fire, nextAt } = options.decide(schedule, at)
    const next = { ...schedule, nextAt }
    state.schedules.set(schedule.name, next)
    ticks.push(...yield* fireAll(state, storage, next, fire, at))
  }
  return { schedules: due.length, ticks, nextDueMillis: nextDueMillis(state, at) }
})

const millisOf = (schedule: ScheduleRecord): number =>
  schedule.nextAt === null || schedule.pausedAt !== null ? Infinity : DateTime.toEpochMillis(schedule.nextAt)

const dueOf = (state: State, at: DateTime.Utc): Array<ScheduleRecord> =>
  [...state.schedules.values()]
    .filter((schedule) => millisOf(schedule) <= DateTime.toEpochMillis(at))
    .toSorted((a, b) => millisOf(a) - millisOf(b) || compareText(a.name, b.name))

const nextDueMillis = (state: State, at: DateTime.Utc): number | null => {
  let first = Infinity
  for (const schedule of state.schedules.values()) first = Math.min(first, millisOf(schedule))
  return first === Infinity ? null : Math.max(0, first - DateTime.toEpochMillis(at))
}

const fireAll = Effect.fnUntraced(function*(
  state: State,
  storage: Storage["Service"],
  schedule: ScheduleRecord,
  firings: ReadonlyArray<Firing>,
  at: DateTime.Utc
) {
  if (firings.length === 0) return []
  const isLive = schedule.overlap === "queue" ? false : yield* isPreviousLive(storage, schedule)
  const { cancelsPrevious, entries } = ScheduleFiring.plan(
    schedule,
    firings,
    (instant) => seen(state, schedule.name, instant),
    isLive
  )
  if (cancelsPrevious && schedule.last !== null) {
    yield* storage.transition([schedule.last.jobId], { _tag: "Cancel", reason: replaced })
  }
  const ticks: Array<ScheduleTick> = []
  for (const { firing, outcome } of entries) {
    const job = ScheduleFiring.jobOf(schedule, firing, at)
    const result = outcome === "fired" ? yield* ScheduleFiring.insertOne(storage, job) : null
    ticks.push(record(state, schedule.name, firing, ScheduleFiring.outcomeOf(outcome, result), result, at))
  }
  return ticks
})

const isPreviousLive = (storage: Storage["Service"], { last }: ScheduleRecord): Effect.Effect<boolean, StorageError> =>
  last === null
    ? Effect.succeed(false)
    : Effect.map(
      storage.list({ ids: [last.jobId], limit: 1 }),
      ({ items }) => items.some((job) => !JobState.isTerminal(job.state))
    )

const seen = (state: State, name: string, instantMillis: number): "fired" | "passed" | null => {
  const known = state.ticks.get(state.instants.get(instantKey(name, instantMillis)) ?? "")
  return known === undefined ? null : known.jobId === null ? "passed" : "fired"
}

const instantKey = (name: string, instantMillis: number): string => `${instantMillis} ${name}`

const record = (
  state: State,
  name: string,
  firing: Firing,
  outcome: TickOutcome,
  result: InsertResult | null,
  at: DateTime.Utc
): ScheduleTick => {
  state.lastId += 1
  const tick: ScheduleTick = {
    id: String(state.lastId),
    schedule: name,
    instant: firing.instant,
    at,
    kind: firing.kind,
    outcome,
    jobId: result?.id ?? null,
    missed: firing.missed
  }
  if (tick.kind !== "trigger") {
    const key = instantKey(name, DateTime.toEpochMillis(tick.instant))
    state.ticks.delete(state.instants.get(key) ?? "")
    state.instants.set(key, tick.id)
  }
  state.ticks.set(tick.id, tick)
  const schedule = state.schedules.get(name)
  if (tick.jobId !== null && schedule !== undefined) {
    state.schedules.set(name, { ...schedule, last: { instant: tick.instant, jobId: tick.jobId } })
  }
  return tick
}

const limitDefault = 50

const list = (state: State, { after = "", limit = limitDefault, owner, paused }: ScheduleQuery) => {
  const found = [...state.schedules.values()]
    .filter((one) => owner === undefined || one.owner === owner)
    .filter((one) => paused === undefined || (one.pausedAt !== null) === paused)
    .filter((one) => compareText(one.name, after) > 0)
    .toSorted((a, b) => compareText(a.name, b.name))
  const items = found.slice(0, limit)
  return { items, next: found.length > limit ? items.at(-1)?.name ?? null : null }
}

const ticks = (state: State, { before, limit = limitDefault, schedule }: TickQuery) => {
  const found = [...state.ticks.values()]
    .filter((tick) => schedule === undefined || tick.schedule === schedule)
    .filter((tick) => before === undefined || Number(tick.id) < Number(before))
    .toReversed()
  const items = found.slice(0, limit)
  return { items, next: found.length > limit ? items.at(-1)?.id ?? null : null }
}

const prune = (state: State, beforeMillis: number): number => {
  const old = [...state.ticks.values()].filter(({ at, instant }) =>
    DateTime.toEpochMillis(at) < beforeMillis && DateTime.toEpochMillis(instant) < beforeMillis
  )
  for (const { id, instant, schedule } of old) {
    const key = instantKey(schedule, DateTime.toEpochMillis(instant))
    if (state.instants.get(key) === id) state.instants.delete(key)
    state.ticks.delete(id)
  }
  return old.length
}

const checkPage = ({ limit }: { readonly limit?: number }): Invalid | null =>
  Bounds.checkQuery(limit === undefined ? {} : { limit })

/** As the collation "C" orders: by code points. */
const compareText = (a: string, b: string): number => {
  const left = new TextEncoder().encode(a)
  const right = new TextEncoder().encode(b)
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
