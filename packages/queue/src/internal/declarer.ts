/**
 * Declarer: tells the storage the rules of the limits that this process uses, once each.
 *
 * A producer's declarations run on a fiber of their own, never on the caller's: inside a transaction of the caller a
 * declaration would be undone with it, and hold the rule locked meanwhile.
 */
import type { LimitRule } from "@millrace/storage/Limit"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Defaults from "../Defaults.ts"
import { InvalidOption } from "../QueueError.ts"
import * as Loop from "./loop.ts"
import * as StorageCall from "./storageCall.ts"
import type * as Workshop from "./workshop.ts"

/** Declares rules; done when the storage has them. */
export interface Declarer {
  readonly declare: (rules: ReadonlyArray<LimitRule>) => Effect.Effect<void, StorageError | InvalidOption>
}

/** What was declared, or is about to be. */
interface State {
  /** The rule of a name in this process. */
  readonly known: Map<string, LimitRule>
  /** Rules that the storage has, by identity: the quick answer to every enqueue but the first. */
  readonly declared: WeakSet<LimitRule>
  waiting: Array<Request>
  readonly wake: Latch.Latch
}

interface Request {
  readonly rules: ReadonlyArray<LimitRule>
  readonly done: Deferred.Deferred<void, StorageError>
}

/** The declarer of a producer, until the scope closes. */
export const forProducer = Effect.fnUntraced(
  function*(storage: Storage["Service"], release: string): Effect.fn.Return<Declarer, never, Scope.Scope> {
    const state: State = { known: new Map(), declared: new WeakSet(), waiting: [], wake: Latch.makeUnsafe(false) }
    yield* Effect.forkScoped(declareForever(storage, release, state))
    return { declare: (rules) => declare(state, rules) }
  }
)

const declare = (state: State, rules: ReadonlyArray<LimitRule>): Effect.Effect<void, StorageError | InvalidOption> =>
  Effect.suspend((): Effect.Effect<void, StorageError | InvalidOption> => {
    if (rules.every((rule) => state.declared.has(rule))) return Effect.void
    const clash = conflict(state.known, rules)
    if (clash !== null) return Effect.fail(clash)
    for (const rule of rules) state.known.set(rule.name, rule)
    const request: Request = { rules, done: Deferred.makeUnsafe() }
    state.waiting.push(request)
    state.wake.openUnsafe()
    return Deferred.await(request.done)
  })

const declareForever = (storage: Storage["Service"], release: string, state: State): Effect.Effect<never> =>
  Effect.forever(Effect.andThen(
    state.wake.await,
    Effect.suspend(() => {
      state.wake.closeUnsafe()
      const requests = state.waiting
      state.waiting = []
      const rules = fresh(requests.flatMap((request) => request.rules), state.declared)
      return Effect.flatMap(Effect.exit(write(storage, release, rules)), (exit) => {
        if (exit._tag === "Success") {
          for (const { rules } of requests) rules.forEach((rule) => state.declared.add(rule))
        }
        return Effect.forEach(requests, ({ done }) => Deferred.done(done, exit), { discard: true })
      })
    })
  ))

/** The declarer of a worker: an actor, woken by new handlers. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => {
  const declared = new WeakSet<LimitRule>()
  return {
    name: "declarer",
    wake: shop.wakes.declarer,
    step: Effect.suspend(() => {
      const rules = fresh([...shop.handlers.values()].flatMap(({ definition }) => definition.options.rules), declared)
      return Effect.map(write(shop.storage, shop.identity.release, rules), () => {
        for (const rule of rules) declared.add(rule)
        return Loop.untilWoken
      })
    })
  }
}

const write = (
  storage: Storage["Service"],
  release: string,
  rules: ReadonlyArray<LimitRule>
): Effect.Effect<void, StorageError> =>
  rules.length === 0
    ? Effect.void
    : StorageCall.within("control", Defaults.callMillis)(storage.control({ _tag: "DeclareLimits", release, rules }))

/** The rules that are not declared yet, each name once. */
const fresh = (rules: ReadonlyArray<LimitRule>, declared: WeakSet<LimitRule>): ReadonlyArray<LimitRule> => [
  ...new Map(rules.filter((rule) => !declared.has(rule)).map((rule) => [rule.name, rule])).values()
]

/** Two different rules of one name in one process contradict each other; null when none do. */
export const conflict = (
  known: ReadonlyMap<string, LimitRule>,
  rules: ReadonlyArray<LimitRule>
): InvalidOption | null => {
  for (const rule of rules) {
    const other = known.get(rule.name)
    if (other !== undefined && other !== rule && !isSame(other, rule)) {
      return new InvalidOption({
        field: `limits.${rule.name}`,
        detail: "two limits of this name have different rules; define the limit once and share the value"
      })
    }
  }
  return null
}

const isSame = (a: LimitRule, b: LimitRule): boolean =>
  a.kind === b.kind && a.max === b.max && a.perMillis === b.perMillis && a.burst === b.burst
