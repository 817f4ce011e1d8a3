/**
 * API keys, the audit and requests by key in the memory of one process: for tests and for servers whose jobs are in memory too.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ApiKeyRecord, NewApiKey } from "./ApiKeyRecord.ts"
import type { AuditEntry, AuditQuery, NewAuditEntry } from "./AuditEntry.ts"
import * as MemoryIdempotentRequests from "./MemoryIdempotentRequests.ts"
import { ServiceStorage } from "./ServiceStorage.ts"
import { Invalid, StorageError } from "./StorageError.ts"

/** The most keys that a list answers. */
const keysMax = 1000

/**
 * Makes an empty one.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.map(MemoryIdempotentRequests.make, (requests) => {
  const keys = new Map<string, ApiKeyRecord>()
  const lines: Array<AuditEntry> = []
  const change = (id: string, edit: (key: ApiKeyRecord, now: DateTime.Utc) => ApiKeyRecord) =>
    Effect.map(DateTime.now, (now) => {
      const key = keys.get(id)
      if (key === undefined || key.revokedAt !== null) return null
      const changed = edit(key, now)
      keys.set(id, changed)
      return changed
    })
  return ServiceStorage.of({
    keys: {
      create: (key) => Effect.flatMap(DateTime.now, (now) => create(keys, key, now)),
      find: (id) => Effect.sync(() => keys.get(id) ?? null),
      list: Effect.sync(() => [...keys.values()].toReversed().slice(0, keysMax)),
      rotate: (id, { hash, overlapMillis }) =>
        change(id, (key, now) => ({
          ...key,
          hash,
          previousHash: key.hash,
          previousUntil: DateTime.addDuration(now, overlapMillis)
        })),
      revoke: (id) => change(id, (key, now) => ({ ...key, revokedAt: now })),
      touch: (ids) =>
        Effect.forEach(ids, (id) => change(id, (key, now) => ({ ...key, lastUsedAt: now })), { discard: true }),
      any: Effect.sync(() => keys.size > 0)
    },
    audit: {
      append: (entries) => Effect.map(DateTime.now, (at) => append(lines, entries, at)),
      list: (query) => Effect.sync(() => lines.filter((line) => fits(line, query)).slice(0, query.limit)),
      prune: (olderThanMillis) => Effect.map(Clock.currentTimeMillis, (now) => prune(lines, now - olderThanMillis))
    },
    requests
  })
})

/**
 * An empty one as a layer.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ServiceStorage> = Layer.effect(ServiceStorage, make)

const create = (
  keys: Map<string, ApiKeyRecord>,
  { expiresInMillis, ...key }: NewApiKey,
  now: DateTime.Utc
): Effect.Effect<ApiKeyRecord, StorageError> => {
  if (keys.has(key.id)) {
    const reason = new Invalid({ operation: "keys.create", field: "id", detail: `there is a key ${key.id} already` })
    return Effect.fail(new StorageError({ reason }))
  }
  const record: ApiKeyRecord = {
    ...key,
    previousHash: null,
    previousUntil: null,
    createdAt: now,
    expiresAt: expiresInMillis === null ? null : DateTime.addDuration(now, expiresInMillis),
    revokedAt: null,
    lastUsedAt: null
  }
  keys.set(key.id, record)
  return Effect.succeed(record)
}

/** Newest first. */
const append = (lines: Array<AuditEntry>, entries: ReadonlyArray<NewAuditEntry>, at: DateTime.Utc): void => {
  for (const entry of entries) {
    const newest = lines[0]
    lines.unshift({ ...entry, id: String(Number(newest?.id ?? 0) + 1), at })
  }
}

const fits = (line: AuditEntry, { action, actor, before, target }: AuditQuery): boolean =>
  (before === undefined || BigInt(line.id) < BigInt(before))
  && (actor === undefined || line.actor === actor)
  && (action === undefined || line.action === action)
  && (target === undefined || line.targets.includes(target))

/** Lines that one call drops at most. */
const pruneMax = 10_000

/** The oldest stand last. */
const prune = (lines: Array<AuditEntry>, before: number): number => {
  const old = lines.filter((line) => DateTime.toEpochMillis(line.at) < before).length
  return lines.splice(Math.max(lines.length - old, lines.length - pruneMax)).length
}
