/**
 * The storage on PostgreSQL 14 and later.
 *
 * Runs on the `PgClient` of the program, so that a job enqueued inside `sql.withTransaction` is part of
 * that transaction. Jobs wait in `ready`, are lent out by leases that hold a claim's jobs in one row, and
 * end in an append-only history partitioned by day; `docs/decisions/` tells why.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Storage } from "@millrace/storage/Storage"
import type { Capabilities } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PgClaim from "./PgClaim.ts"
import * as PgError from "./PgError.ts"
import * as PgInsert from "./PgInsert.ts"
import * as PgLease from "./PgLease.ts"
import * as PgListener from "./PgListener.ts"
import * as PgMigrations from "./PgMigrations.ts"
import * as PgNotifier from "./PgNotifier.ts"
import * as PgPrune from "./PgPrune.ts"
import * as PgQuery from "./PgQuery.ts"
import * as PgSettle from "./PgSettle.ts"
import * as Session from "./Session.ts"

/**
 * Options of the storage: schema and deadline.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type PgStorageOptions = Session.SessionOptions

/**
 * Makes the storage. The tables must be there: see `layerMigrated` and `PgMigrations`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: PgStorageOptions = {}) {
  const sql = yield* PgClient.PgClient
  const session = yield* Session.make(sql, options)
  const notifier = yield* PgNotifier.make(session)
  return Storage.of({
    capabilities: capabilitiesOf(session),
    insert: PgInsert.make(session, notifier),
    claim: PgClaim.make(session),
    report: PgSettle.makeReport(session),
    settle: PgSettle.make(session, notifier),
    renew: PgLease.makeRenew(session, notifier),
    promote: PgLease.makePromote(session, notifier),
    reclaim: PgLease.makeReclaim(session, notifier),
    transition: PgQuery.makeTransition(session, notifier),
    control: PgQuery.makeControl(session, notifier),
    list: PgQuery.makeList(session),
    history: PgQuery.makeHistory(session),
    overview: PgQuery.makeOverview(session),
    prune: PgPrune.make(session),
    events: PgListener.events(session, notifier)
  })
})

/**
 * The storage as a layer. Builds without touching the database.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (options: PgStorageOptions): Layer.Layer<Storage, never, PgClient.PgClient> =>
  Layer.effect(Storage, make(options))

/**
 * The storage in the schema `millrace`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Storage, never, PgClient.PgClient> = layerWith({})

/**
 * The storage after its migrations have run: for programs that own their database.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerMigrated = (
  options: PgStorageOptions = {}
): Layer.Layer<Storage, StorageError, PgClient.PgClient> =>
  Layer.effect(Storage, Effect.andThen(PgMigrations.migrate({ schema: options.schema }), make(options)))

const capabilitiesOf = ({ sql }: Session.Session): Capabilities => ({
  durable: true,
  inTransaction: Effect.map(Effect.serviceOption(sql.transactionService), Option.isSome),
  transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    sql.withTransaction(Effect.mapError(effect, (error) => new Inner(error))).pipe(
      PgError.mapErrors("transaction"),
      Effect.mapError((error) => error instanceof Inner ? error.error : error)
    )
})

/** The caller's own error inside a transaction, kept apart from those of the transaction. */
class Inner<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}
