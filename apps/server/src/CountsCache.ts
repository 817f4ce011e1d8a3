/**
 * Answers counts that are only shown from a cache that the servers of a fleet share: jobs by queue and state, and the
 * registered workers, each as old as the cache's time to live at most. While an entry is fresh nobody asks the database.
 *
 * Never what decides anything: claims, limits, alerts, drains and what a key may see are read from the storage. When the
 * cache is away, slow or holds what can not be read, the storage answers.
 *
 * @since 0.1.0
 */
import type { Storage, StorageError } from "@millrace/storage"
import { JobState, WorkerRecord } from "@millrace/storage"
import * as Cache from "effect/Cache"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Persistable from "effect/persistence/Persistable"
import * as Persistence from "effect/persistence/Persistence"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as NodeCrypto from "node:crypto"

/**
 * A cache of counts.
 *
 * **Details**
 *
 * `database` tells apart the databases whose counts share the cache. `timeToLive` is how old an answer may be. `lead`
 * answers true to one caller of an instant: that one asks the storage, and the others wait for what it stores. Left
 * out: each server asks.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface CountsSource {
  readonly persistence: Persistence.Persistence["Service"]
  readonly timeToLive: Duration.Duration
  readonly database: string
  readonly lead?: (name: string, duration: Duration.Duration) => Effect.Effect<boolean, Persistence.PersistenceError>
}

/**
 * The cache of the server. Defaults to null: there is none.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export const CountsCache = Context.Reference<CountsSource | null>("@millrace/server/CountsCache", {
  defaultValue: () => null
})

type Service = Storage.Storage["Service"]

/** What is kept: an overview, and when by the clock of its server it was asked for. */
const Kept = Schema.Struct({
  at: Schema.Int,
  overview: Schema.Struct({
    queues: Schema.Array(Schema.Struct({
      queue: Schema.String,
      paused: Schema.Boolean,
      counts: Schema.Record(JobState.JobState, Schema.Int)
    })),
    workers: Schema.Array(WorkerRecord.WorkerRecord)
  })
})

class CountsOf extends Persistable.Class<{ payload: { readonly key: string } }>()("CountsOf", {
  primaryKey: ({ key }) => key,
  success: Kept
}) {}

const fingerprint = (text: string): string => NodeCrypto.createHash("sha256").update(text).digest("hex").slice(0, 16)

/** Of the shape of what is kept: releases that keep something else do not see each other's entries. */
const shape = fingerprint(JSON.stringify(Schema.toJsonSchemaDocument(Schema.toCodecJson(Kept))))

/** The longest time of one question to the cache. */
const deadline = Duration.millis(250)

/** A cache that was late is left alone for so long, that not every answer waits for it. */
const restMillis = 5000

/** A cache that is away for hours is told of once a minute. */
const warningMillis = 60_000

/** The longest time that one server counts for all; and how often the others look for its answer. */
const leadLongest = Duration.seconds(1)
const lookEvery = Duration.millis(25)

/**
 * Answers the overview of a storage from a cache. Inside a transaction the storage answers.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const route = Effect.fnUntraced(function*(
  storage: Service,
  source: CountsSource
): Effect.fn.Return<Service, never, Scope.Scope> {
  const key = new CountsOf({ key: `${shape}-${fingerprint(source.database)}` })
  const store = yield* source.persistence.make({ storeId: "millrace-counts", timeToLive: () => source.timeToLive })
  const attempt = makeAttempt()
  const found = Effect.gen(function*() {
    const exit = yield* attempt(store.get(key), undefined)
    if (exit === undefined || Exit.isFailure(exit)) return null
    // What a hung cache stored late is told by its age.
    const age = (yield* Clock.currentTimeMillis) - exit.value.at
    return Math.abs(age) <= Duration.toMillis(source.timeToLive) ? exit.value.overview : null
  })
  const counted = Effect.gen(function*() {
    const at = yield* Clock.currentTimeMillis
    const overview = yield* storage.overview
    yield* attempt(store.set(key, Exit.succeed({ at, overview })), undefined)
    return overview
  })
  const isLeader = source.lead === undefined
    ? Effect.succeed(true)
    : attempt(source.lead(key.key, Duration.min(source.timeToLive, leadLongest)), true)
  const answer: Effect.Effect<Storage.Overview, StorageError.StorageError> = Effect.gen(function*() {
    const kept = yield* found
    if (kept !== null) return kept
    return (yield* isLeader) ? yield* counted : (yield* awaited(found)) ?? (yield* counted)
  })
  // Callers of one instant share one answer, which nobody gets again.
  const flights = yield* Cache.makeWith(() => answer, { capacity: 1, timeToLive: () => Duration.zero })
  const inTransaction = storage.capabilities.inTransaction ?? Effect.succeed(false)
  return {
    ...storage,
    overview: Effect.flatMap(inTransaction, (bound) => bound ? storage.overview : Cache.get(flights, "counts"))
  }
})

/** Looks for the answer of the server that counts, as long as an answer of the cache may take. */
const awaited = (found: Effect.Effect<Storage.Overview | null>): Effect.Effect<Storage.Overview | null> =>
  Effect.andThen(Effect.sleep(lookEvery), found).pipe(
    Effect.repeat({ until: (kept) => kept !== null }),
    Effect.timeoutOrElse({ duration: deadline, orElse: () => Effect.succeed(null) })
  )

type Attempt = <A, B>(
  effect: Effect.Effect<A, Persistence.PersistenceError | Schema.SchemaError>,
  otherwise: B
) => Effect.Effect<A | B>

/** Asks a cache in such a way that nothing fails or waits long; what went wrong is told once a minute. */
const makeAttempt = (): Attempt => {
  let restsUntil = Number.NEGATIVE_INFINITY
  let warnedAt = Number.NEGATIVE_INFINITY
  const tell = Effect.fnUntraced(function*(error: Failure) {
    const now = yield* Clock.currentTimeMillis
    if (error === late) restsUntil = now + restMillis
    if (now - warnedAt < warningMillis) return
    warnedAt = now
    yield* Effect.logWarning(`the database answers in place of the cache: ${reasonOf(error)}`)
  })
  return (effect, otherwise) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now < restsUntil ? Effect.succeed(otherwise) : effect.pipe(
        Effect.timeoutOrElse({ duration: deadline, orElse: () => Effect.fail(late) }),
        Effect.catch((error) => Effect.as(tell(error), otherwise))
      ))
}

type Failure = Persistence.PersistenceError | Schema.SchemaError

const late = new Persistence.PersistenceError({ message: `no answer within ${Duration.format(deadline)}` })

const reasonOf = (error: Failure): string => {
  if (Schema.isSchemaError(error)) return "its entry can not be read"
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message
}
