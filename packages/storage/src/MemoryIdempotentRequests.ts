/**
 * Idempotent requests in the memory of one process: part of `MemoryServiceStorage`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { IdempotentRequest, IdempotentRequests, KeptAnswer, OnceResult } from "./IdempotentRequest.ts"

interface Entry {
  readonly turn: Semaphore.Semaphore
  /** Requests that run or wait. */
  users: number
  kept: { readonly fingerprint: string; readonly answer: KeptAnswer; readonly until: number } | null
}

/**
 * Makes an empty one.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<IdempotentRequests> = Effect.sync(() => {
  const entries = new Map<string, Entry>()
  return {
    once: <E, R>(request: IdempotentRequest, run: Effect.Effect<KeptAnswer, E, R>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => enter(entries, request)),
        (entry) => Semaphore.withPermit(entry.turn, turn(entry, request, run)),
        (entry) => Effect.sync(() => leave(entries, request, entry))
      ),
    prune: Effect.map(Clock.currentTimeMillis, (now) => prune(entries, now))
  }
})

const keyOf = ({ caller, endpoint, key }: IdempotentRequest): string => JSON.stringify([caller, endpoint, key])

const enter = (entries: Map<string, Entry>, request: IdempotentRequest): Entry => {
  const key = keyOf(request)
  const entry = entries.get(key) ?? { turn: Semaphore.makeUnsafe(1), users: 0, kept: null }
  entry.users += 1
  entries.set(key, entry)
  return entry
}

const leave = (entries: Map<string, Entry>, request: IdempotentRequest, entry: Entry): void => {
  entry.users -= 1
  if (entry.users === 0 && entry.kept === null) entries.delete(keyOf(request))
}

const turn = Effect.fnUntraced(function*<E, R>(
  entry: Entry,
  { fingerprint, keepMillis }: IdempotentRequest,
  run: Effect.Effect<KeptAnswer, E, R>
): Effect.fn.Return<OnceResult, E, R> {
  const now = yield* Clock.currentTimeMillis
  const { kept } = entry
  if (kept !== null && kept.until > now) {
    return kept.fingerprint === fingerprint ? { _tag: "Kept", answer: kept.answer } : { _tag: "Other" }
  }
  entry.kept = null
  const answer = yield* run
  entry.kept = { fingerprint, answer, until: now + keepMillis }
  return { _tag: "Ran", answer }
})

const prune = (entries: Map<string, Entry>, now: number): number => {
  const over = [...entries].filter(([, { kept, users }]) => users === 0 && kept !== null && kept.until <= now)
  for (const [key] of over) entries.delete(key)
  return over.length
}
