/**
 * Sends reads that may be a few seconds old to a replica of the database: lists, totals, histories.
 *
 * Never what decides anything: one job by its id, whatever is read before a change or inside a transaction, keys, limits
 * and idempotency are the primary's. When the replica is away or too far behind, the primary answers in its place.
 *
 * @since 0.1.0
 */
import type { SampleStorage, Storage } from "@millrace/storage"
import { StorageError } from "@millrace/storage"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * What is known of a replica.
 *
 * **Details**
 *
 * `lagMillis`: how far it is behind; null when it can not be told. `maxLag`: further behind it is not asked.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ReplicaSource {
  readonly storage: Pick<Storage.Storage["Service"], "list" | "overview" | "inspect">
  readonly samples: Pick<SampleStorage.SampleStorage["Service"], "list" | "latest" | "alerts">
  readonly lagMillis: Effect.Effect<number | null, StorageError.StorageError>
  readonly maxLag: Duration.Duration
}

/**
 * The replica of the server. Defaults to null: there is none.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export const Replica = Context.Reference<ReplicaSource | null>("@millrace/server/Replica", {
  defaultValue: () => null
})

/**
 * The storages with their reads sent to the replica while that is fit.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Routed {
  readonly storage: Storage.Storage["Service"]
  readonly samples: SampleStorage.SampleStorage["Service"]
}

/** How often a replica is looked at. */
const interval = Duration.seconds(1)

/** The longest time of a look. */
const deadline = Duration.seconds(2)

/** A replica that is away for hours is told of once a minute. */
const warningMillis = 60_000

/**
 * Routes the reads of storages, and watches the replica every second as long as the scope is open. Until the first look
 * the primary answers.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const route = Effect.fnUntraced(function*(
  primary: Routed,
  replica: ReplicaSource
): Effect.fn.Return<Routed, never, Scope.Scope> {
  const health = yield* watch(replica)
  const inTransaction = primary.storage.capabilities.inTransaction ?? Effect.succeed(false)
  const read = <A>(
    fromPrimary: Effect.Effect<A, StorageError.StorageError>,
    fromReplica: Effect.Effect<A, StorageError.StorageError>
  ): Effect.Effect<A, StorageError.StorageError> =>
    Effect.flatMap(
      inTransaction,
      (bound) =>
        bound || !health.isFit() ? fromPrimary : Effect.catchIf(
          fromReplica,
          // What is wrong with the question is wrong everywhere.
          (error) => error.reason._tag !== "Invalid",
          (error) => Effect.andThen(health.fail(error.message), fromPrimary)
        )
    )
  return {
    storage: { ...primary.storage, ...readsOf(primary.storage, replica.storage, read) },
    samples: {
      ...primary.samples,
      latest: read(primary.samples.latest, replica.samples.latest),
      list: (query) => read(primary.samples.list(query), replica.samples.list(query)),
      alerts: (query) => read(primary.samples.alerts(query), replica.samples.alerts(query))
    }
  }
})

type Read = <A>(
  fromPrimary: Effect.Effect<A, StorageError.StorageError>,
  fromReplica: Effect.Effect<A, StorageError.StorageError>
) => Effect.Effect<A, StorageError.StorageError>

const readsOf = (
  primary: Storage.Storage["Service"],
  replica: ReplicaSource["storage"],
  read: Read
): Pick<Storage.Storage["Service"], "list" | "overview" | "inspect"> => ({
  overview: read(primary.overview, replica.overview),
  // Who names a job wants to see what he just did to it.
  list: (query) => query.ids === undefined ? read(primary.list(query), replica.list(query)) : primary.list(query),
  inspect: {
    ...primary.inspect,
    history: (id) => read(primary.inspect.history(id), replica.inspect.history(id)),
    logs: (id) => read(primary.inspect.logs(id), replica.inspect.logs(id)),
    tenants: (query) => read(primary.inspect.tenants(query), replica.inspect.tenants(query))
  }
})

interface Health {
  readonly isFit: () => boolean
  readonly fail: (reason: string) => Effect.Effect<void>
}

const watch = Effect.fnUntraced(function*({ lagMillis, maxLag }: ReplicaSource) {
  let fit = false
  let warnedAt = Number.NEGATIVE_INFINITY
  const fail = Effect.fnUntraced(function*(reason: string) {
    fit = false
    const now = yield* Clock.currentTimeMillis
    if (now - warnedAt < warningMillis) return
    warnedAt = now
    yield* Effect.logWarning(`the primary answers in place of the replica: ${reason}`)
  })
  const look = lagMillis.pipe(
    Effect.timeoutOrElse({ duration: deadline, orElse: () => Effect.fail(late) }),
    Effect.flatMap((lag) => {
      if (lag !== null && lag > Duration.toMillis(maxLag)) {
        return fail(`it is ${lag} ms behind, and may be ${Duration.toMillis(maxLag)}`)
      }
      const isNews = !fit
      fit = true
      return isNews ? Effect.logInfo("the replica answers reads") : Effect.void
    }),
    Effect.catch((error) => fail(error.message))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(look, Effect.sleep(interval))))
  return { isFit: () => fit, fail } satisfies Health
})

const late = new StorageError.StorageError({
  reason: new StorageError.Unavailable({
    operation: "replica.lag",
    detail: `no answer within ${Duration.format(deadline)}`
  })
})
