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
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Claim from "./internal/claim.ts"
import * as Control from "./internal/control.ts"
import * as Insert from "./internal/insert.ts"
import * as Inspect from "./internal/inspect.ts"
import * as Lease from "./internal/lease.ts"
import * as List from "./internal/list.ts"
import * as Listener from "./internal/listener.ts"
import * as Notifier from "./internal/notifier.ts"
import * as Prune from "./internal/prune.ts"
import * as Query from "./internal/query.ts"
import * as Session from "./internal/session.ts"
import * as Settle from "./internal/settle.ts"
import * as Transaction from "./internal/transaction.ts"
import * as PgMigrations from "./PgMigrations.ts"

/**
 * Options of the storage.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PgStorageOptions {
  /** The schema of the tables. Defaults to `millrace`. */
  readonly schema?: string | undefined
  /**
   * How long one statement may take, and each of waiting for a connection, BEGIN, COMMIT and ROLLBACK of a transaction.
   * Defaults to 10 seconds. Pruning has 5 minutes.
   */
  readonly deadline?: Duration.Input | undefined
}

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
  // Dropping a day of history may take its time.
  const patient = yield* Session.make(sql, { ...options, deadline: "5 minutes" })
  const notifier = yield* Notifier.make(session)
  return Storage.of({
    capabilities: capabilitiesOf(session),
    insert: Insert.make(session, notifier),
    claim: yield* Claim.make(session, notifier),
    report: Settle.makeReport(session),
    settle: Settle.make(session, notifier),
    renew: Lease.makeRenew(session, notifier),
    promote: Lease.makePromote(session, notifier),
    reclaim: Lease.makeReclaim(session, notifier),
    transition: Query.makeTransition(session, notifier),
    control: Control.make(session, notifier),
    list: List.make(session),
    inspect: Inspect.make(session),
    overview: Query.makeOverview(session),
    prune: Prune.make(patient),
    events: Listener.events(session, notifier)
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

const capabilitiesOf = (session: Session.Session): Capabilities => ({
  durable: true,
  inTransaction: Effect.map(Effect.serviceOption(session.sql.transactionService), Option.isSome),
  transaction: Transaction.makeTyped(session)
})
