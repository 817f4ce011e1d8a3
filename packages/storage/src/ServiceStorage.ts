/**
 * What the HTTP server keeps beside jobs: API keys, the audit, and requests by key. A port of its own, so that a storage of jobs does not
 * need it and a worker can not reach it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ApiKeyRecord, NewApiKey } from "./ApiKeyRecord.ts"
import type { AuditEntry, AuditQuery, NewAuditEntry } from "./AuditEntry.ts"
import type { IdempotentRequests } from "./IdempotentRequest.ts"
import type { StorageError } from "./StorageError.ts"

/**
 * The service.
 *
 * **Details**
 *
 * - `keys.create` stores a key; an id that is taken fails with `Invalid`. `find` reads one, null for an unknown id.
 *   `list` reads all, newest first, at most 1,000. `rotate` puts a new hash, and keeps the one before for a while;
 *   `revoke` ends a key for ever; both answer null for an unknown or revoked one. `touch` says that keys were used.
 *   `any` tells whether there ever was a key: revoked and expired ones count.
 * - `audit.append` writes lines, in the caller's transaction if there is one. `list` reads a page. `prune` drops
 *   lines older than that, at most 10,000 in one call, and answers how many; a driver may refuse to drop young ones.
 * - `requests`: see `IdempotentRequests`
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class ServiceStorage extends Context.Service<ServiceStorage, {
  readonly keys: {
    readonly create: (key: NewApiKey) => Effect.Effect<ApiKeyRecord, StorageError>
    readonly find: (id: string) => Effect.Effect<ApiKeyRecord | null, StorageError>
    readonly list: Effect.Effect<ReadonlyArray<ApiKeyRecord>, StorageError>
    readonly rotate: (
      id: string,
      next: { readonly hash: string; readonly overlapMillis: number }
    ) => Effect.Effect<ApiKeyRecord | null, StorageError>
    readonly revoke: (id: string) => Effect.Effect<ApiKeyRecord | null, StorageError>
    readonly touch: (ids: ReadonlyArray<string>) => Effect.Effect<void, StorageError>
    readonly any: Effect.Effect<boolean, StorageError>
  }
  readonly audit: {
    readonly append: (entries: ReadonlyArray<NewAuditEntry>) => Effect.Effect<void, StorageError>
    readonly list: (query: AuditQuery) => Effect.Effect<ReadonlyArray<AuditEntry>, StorageError>
    readonly prune: (olderThanMillis: number) => Effect.Effect<number, StorageError>
  }
  readonly requests: IdempotentRequests
}>()("@millrace/storage/ServiceStorage") {}
