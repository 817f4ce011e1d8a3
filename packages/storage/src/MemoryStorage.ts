/**
 * The storage in the memory of one process: the executable specification of the port.
 *
 * For tests, examples and simulations. Every method is one atomic step over plain data, every
 * instant is the Effect clock's, and nothing is random: the same calls give the same answers.
 * Nothing outlives the process, and there are no transactions.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import * as Bounds from "./Bounds.ts"
import { claim } from "./internal/memory/claim.ts"
import { control } from "./internal/memory/control.ts"
import { insert, refusal } from "./internal/memory/insert.ts"
import { explain, limits, logs, tenants } from "./internal/memory/inspect.ts"
import { reclaim, renew } from "./internal/memory/lease.ts"
import { promote } from "./internal/memory/promote.ts"
import { history, list, overview, prune } from "./internal/memory/read.ts"
import { report, settle } from "./internal/memory/settle.ts"
import type { Candidate as MemoryCandidate, Choose, MemoryState } from "./internal/memory/state.ts"
import { makeState } from "./internal/memory/state.ts"
import { transition } from "./internal/memory/transition.ts"
import { Storage } from "./Storage.ts"
import type { StorageEvent } from "./Storage.ts"
import type { Invalid } from "./StorageError.ts"
import { StorageError } from "./StorageError.ts"

/** Events kept for a subscriber that does not read: older ones are dropped, for they are hints. */
const eventsKept = 1024

/**
 * A job that a claim may choose.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Candidate = MemoryCandidate

/**
 * Options of a memory storage.
 *
 * **Details**
 *
 * `choose` decides which claimable jobs a claim gets, of all that there are, ordered by priority and
 * then by position (of suspects: by position). It answers ids of candidates, each once. For comparing
 * another driver's choice. Defaults to tenants in turn, and the oldest suspect.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly choose?: Choose
}

/**
 * Makes an empty storage.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Storage["Service"]> =>
  Effect.map(PubSub.sliding<StorageEvent>(eventsKept), (hub) => {
    const { checked, step } = stepsOf(makeState(options.choose ?? null), hub)
    return Storage.of({
      capabilities: { durable: false, transaction: null },
      insert: (jobs) =>
        checked(
          (now, state) => Bounds.checkJobs(jobs, now) ?? refusal(state, jobs),
          (state, now) => insert(state, jobs, now)
        ),
      claim: (options) => checked(() => Bounds.checkClaim(options), (state, now) => claim(state, options, now)),
      report: (workerId, reports) => step((state, now) => report(state, workerId, reports, now)),
      settle: (workerId, settlements) =>
        checked(
          (now) => Bounds.checkSettlements(settlements, now),
          (state, now) => settle(state, workerId, settlements, now)
        ),
      renew: (request) => step((state, now) => renew(state, request, now)),
      promote: ({ limit }) =>
        checked(() => Bounds.checkLimit("promote", limit), (state, now) => promote(state, limit, now)),
      reclaim: ({ limit }) =>
        checked(() => Bounds.checkLimit("reclaim", limit), (state, now) => reclaim(state, limit, now)),
      transition: (ids, action) =>
        checked(
          (now) => Bounds.checkTransition(ids, action, now),
          (state, now) => transition(state, ids, action, now)
        ),
      control: (command) =>
        checked((now) => Bounds.checkControl(command, now), (state, now) => control(state, command, now)),
      list: (query) => checked(() => Bounds.checkQuery(query), (state) => list(state, query)),
      inspect: {
        history: (id) => step((state) => history(state, id)),
        logs: (id) => step((state) => logs(state, id)),
        explain: (id) => step((state, now) => explain(state, id, now)),
        limits: step(limits),
        tenants: (query) => checked(() => Bounds.checkTenants(query), (state, now) => tenants(state, query, now))
      },
      overview: step(overview),
      prune: (policy) => step((state, now) => prune(state, policy, now)),
      events: eventsOf(hub)
    })
  })

/**
 * An empty storage as a layer.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Storage> = Layer.effect(Storage, make())

/** Turns functions over the state into methods: one atomic step each, with the clock read inside it. */
const stepsOf = (state: MemoryState, hub: PubSub.PubSub<StorageEvent>) => {
  const step = <A>(run: (state: MemoryState, now: number) => A): Effect.Effect<A> =>
    Effect.clockWith((clock) => {
      const answer = run(state, clock.currentTimeMillisUnsafe())
      const events = coalesce(state.events.splice(0))
      return events.length === 0 ? Effect.succeed(answer) : Effect.as(PubSub.publishAll(hub, events), answer)
    })
  const checked = <A>(
    check: (now: number, state: MemoryState) => Invalid | null,
    run: (state: MemoryState, now: number) => A
  ): Effect.Effect<A, StorageError> =>
    Effect.clockWith((clock) => {
      const reason = check(clock.currentTimeMillisUnsafe(), state)
      return reason === null ? step(run) : Effect.fail(new StorageError({ reason }))
    })
  return { checked, step }
}

/** One `Available` for each queue, one `CancelRequested` for each worker, one of every other kind. */
const coalesce = (events: ReadonlyArray<StorageEvent>): ReadonlyArray<StorageEvent> => {
  const finished = events.flatMap((event) => event._tag === "Finished" ? event.ids : [])
  const others = new Map<string, StorageEvent>()
  for (const event of events) if (event._tag !== "Finished") others.set(JSON.stringify(event), event)
  return finished.length === 0 ? [...others.values()] : [...others.values(), { _tag: "Finished", ids: finished }]
}

const eventsOf = (hub: PubSub.PubSub<StorageEvent>): Stream.Stream<StorageEvent> =>
  Stream.unwrap(Effect.map(PubSub.subscribe(hub), (subscription) =>
    Stream.concat(
      Stream.succeed<StorageEvent>({ _tag: "Connected" }),
      Stream.fromSubscription(subscription)
    )))
