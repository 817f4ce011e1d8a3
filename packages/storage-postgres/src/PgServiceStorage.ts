/**
 * API keys, the audit and requests by key on PostgreSQL. Inside a transaction of the same client everything is part of it.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type { NewApiKey } from "@millrace/storage/ApiKeyRecord"
import type { AuditQuery, NewAuditEntry } from "@millrace/storage/AuditEntry"
import { ServiceStorage } from "@millrace/storage/ServiceStorage"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Requests from "./internal/idempotentRequests.ts"
import * as Rows from "./internal/serviceRows.ts"
import * as Session from "./internal/session.ts"
import type { PgStorageOptions } from "./PgStorage.ts"
import * as statements from "./statements/service.ts"

/**
 * Makes the storage. The tables must be there: see `PgMigrations`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: PgStorageOptions = {}) {
  const session = yield* Session.make(yield* PgClient.PgClient, options)
  return ServiceStorage.of({ keys: keysOf(session), audit: auditOf(session), requests: Requests.make(session) })
})

/**
 * The storage as a layer. Builds without touching the database.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (options: PgStorageOptions): Layer.Layer<ServiceStorage, never, PgClient.PgClient> =>
  Layer.effect(ServiceStorage, make(options))

/**
 * The storage in the schema `millrace`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ServiceStorage, never, PgClient.PgClient> = layerWith({})

const keysOf = ({ rows, schema }: Session.Session): ServiceStorage["Service"]["keys"] => {
  const one = (operation: string, text: string, params: ReadonlyArray<unknown>) =>
    Effect.map(rows(operation, text, params), ([row]) => row === undefined ? null : Rows.toKey(row))
  return {
    create: Effect.fnUntraced(function*(key: NewApiKey) {
      const expires = key.expiresInMillis === null ? null : String(key.expiresInMillis)
      const params = [key.id, key.name, key.hash, key.scopes, key.queues, key.tenant, expires]
      return (yield* one("keys.create", statements.createKey(schema), params)) ?? (yield* taken(key.id))
    }),
    find: (id) => one("keys.find", statements.findKey(schema), [id]),
    list: Effect.map(rows("keys.list", statements.listKeys(schema), []), (all) => all.map(Rows.toKey)),
    rotate: (id, { hash, overlapMillis }) =>
      one("keys.rotate", statements.rotateKey(schema), [id, hash, String(overlapMillis)]),
    revoke: (id) => one("keys.revoke", statements.revokeKey(schema), [id]),
    touch: (ids) =>
      ids.length === 0 ? Effect.void : Effect.asVoid(rows("keys.touch", statements.touchKeys(schema), [ids])),
    any: Effect.map(rows("keys.any", statements.anyKey(schema), []), ([row]) => row?.["found"] === true)
  }
}

const taken = (id: string) =>
  new StorageError.StorageError({
    reason: new StorageError.Invalid({
      operation: "keys.create",
      field: "id",
      detail: `there is a key ${id} already`
    })
  })

const auditOf = ({ rows, schema }: Session.Session): ServiceStorage["Service"]["audit"] => ({
  append: (entries: ReadonlyArray<NewAuditEntry>) =>
    entries.length === 0
      ? Effect.void
      : Effect.asVoid(rows("audit.append", statements.appendAudit(schema), [JSON.stringify(entries)])),
  list: ({ action, actor, before, limit, target }: AuditQuery) =>
    Effect.map(
      rows("audit.list", statements.listAudit(schema), [
        limit,
        before ?? null,
        actor ?? null,
        action ?? null,
        target ?? null
      ]),
      (all) => all.map(Rows.toEntry)
    ),
  prune: (olderThanMillis) =>
    Effect.map(
      rows("audit.prune", statements.pruneAudit(schema), [String(olderThanMillis)]),
      ([row]) => (row?.["count"] ?? 0) as number
    )
})
