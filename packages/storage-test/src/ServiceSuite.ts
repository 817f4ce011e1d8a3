/**
 * What every `ServiceStorage` does: API keys that are never deleted, and an audit that only grows.
 *
 * @since 0.1.0
 */
import { assert, layer } from "@effect/vitest"
import { ServiceStorage } from "@millrace/storage"
import type { ApiKeyRecord, AuditEntry } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

const key = (id: string, more: Partial<ApiKeyRecord.NewApiKey> = {}): ApiKeyRecord.NewApiKey => ({
  id,
  name: "deploy",
  hash: "aa",
  scopes: ["read", "enqueue"],
  queues: ["mail-*", "default"],
  tenant: "acme",
  expiresInMillis: 3_600_000,
  ...more
})

const line = (more: Partial<AuditEntry.NewAuditEntry> = {}): AuditEntry.NewAuditEntry => ({
  actor: "k1",
  action: "jobs.cancel",
  targets: ["7"],
  address: "127.0.0.1",
  detail: { status: 200, quote: "'; drop table audit --" },
  ...more
})

const millis = DateTime.toEpochMillis

/**
 * Declares the tests for a driver. Its storage must be empty.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = <E>(name: string, driver: Layer.Layer<ServiceStorage.ServiceStorage, E>): void => {
  layer(driver, { excludeTestServices: true, timeout: 60_000 })(`ServiceStorage (${name})`, (it) => {
    it.effect("stores a key as it is, refuses its id a second time, and finds it again", () =>
      Effect.gen(function*() {
        const { keys } = yield* ServiceStorage.ServiceStorage
        assert.isFalse(yield* keys.any)
        const made = yield* keys.create(key("k1"))
        const { expiresInMillis: _, ...given } = key("k1")
        assert.deepInclude(made, { ...given, previousHash: null, revokedAt: null, lastUsedAt: null })
        assert.strictEqual(millis(made.expiresAt ?? made.createdAt) - millis(made.createdAt), 3_600_000)
        const again = yield* Effect.flip(keys.create(key("k1", { name: "other" })))
        assert.strictEqual(again.reason._tag, "Invalid")
        assert.deepStrictEqual(yield* keys.find("k1"), made)
        assert.isNull(yield* keys.find("nobody"))
        assert.isTrue(yield* keys.any)
      }))

    it.effect("keeps null for every queue, every tenant and no end", () =>
      Effect.gen(function*() {
        const { keys } = yield* ServiceStorage.ServiceStorage
        const made = yield* keys.create(
          key("k2", { queues: null, tenant: null, expiresInMillis: null, scopes: ["admin"] })
        )
        assert.deepInclude(made, { queues: null, tenant: null, expiresAt: null, scopes: ["admin"] })
      }))

    it.effect("rotates with an overlap, revokes for ever, and deletes nothing", () =>
      Effect.gen(function*() {
        const { keys } = yield* ServiceStorage.ServiceStorage
        yield* keys.create(key("k3"))
        const rotated = yield* keys.rotate("k3", { hash: "bb", overlapMillis: 60_000 })
        assert.deepInclude(rotated, { hash: "bb", previousHash: "aa" })
        assert.isNotNull(rotated?.previousUntil)
        yield* keys.touch(["k3", "nobody"])
        assert.isNotNull((yield* keys.find("k3"))?.lastUsedAt)
        assert.isNotNull((yield* keys.revoke("k3"))?.revokedAt)
        assert.isNull(yield* keys.revoke("k3"))
        assert.isNull(yield* keys.rotate("k3", { hash: "cc", overlapMillis: 0 }))
        assert.isNull(yield* keys.revoke("nobody"))
        assert.sameMembers((yield* keys.list).map(({ id }) => id), ["k1", "k2", "k3"])
      }))

    it.effect("appends lines, and reads them newest first by page, actor, action and target", () =>
      Effect.gen(function*() {
        const { audit } = yield* ServiceStorage.ServiceStorage
        yield* audit.append([])
        yield* audit.append([line(), line({ actor: "k2", targets: ["8", "9"], address: null })])
        yield* audit.append([line({ action: "queues.pause", targets: ["mail"] })])
        const all = yield* audit.list({ limit: 10 })
        assert.deepStrictEqual(all.map(({ actor, targets }) => [actor, ...targets]), [
          ["k1", "mail"],
          ["k2", "8", "9"],
          ["k1", "7"]
        ])
        const { at: _at, id: _id, ...first } = all[2] ?? {}
        assert.deepStrictEqual(first, line())
        const page = yield* audit.list({ limit: 1, before: all[0]?.id ?? "" })
        assert.deepStrictEqual(page, all.slice(1, 2))
        assert.strictEqual((yield* audit.list({ limit: 10, actor: "k1" })).length, 2)
        assert.strictEqual((yield* audit.list({ limit: 10, action: "queues.pause" })).length, 1)
        assert.deepStrictEqual((yield* audit.list({ limit: 10, target: "9" })).map(({ actor }) => actor), ["k2"])
        assert.deepStrictEqual(yield* audit.list({ limit: 10, actor: "' or true --" }), [])
      }))

    it.effect("prunes by age only", () =>
      Effect.gen(function*() {
        const { audit } = yield* ServiceStorage.ServiceStorage
        yield* audit.append([line()])
        assert.strictEqual(yield* audit.prune(31 * 86_400_000), 0)
        assert.isNotEmpty(yield* audit.list({ limit: 1 }))
      }))
  })
}
