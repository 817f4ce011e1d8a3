import { assert, describe, it } from "@effect/vitest"
import { MemoryServiceStorage, ServiceStorage, StorageError } from "@millrace/storage"
import type { ApiKeyRecord } from "@millrace/storage"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as ApiKeyText from "../src/ApiKeyText.ts"
import * as KeyRing from "../src/KeyRing.ts"

const none = Redacted.make("")

const ring = (options: Partial<KeyRing.Options> = {}) =>
  KeyRing.layer({ mayBeOpen: false, adminKey: null, ...options }).pipe(Layer.provideMerge(MemoryServiceStorage.layer))

const store = Effect.fnUntraced(function*(more: Partial<ApiKeyRecord.NewApiKey> = {}) {
  const { keys } = yield* ServiceStorage.ServiceStorage
  const key = yield* ApiKeyText.make
  yield* keys.create({
    id: key.id,
    name: "test",
    hash: ApiKeyText.hash(key.secret),
    scopes: ["operate"],
    queues: ["q*"],
    tenant: "t",
    expiresInMillis: null,
    ...more
  })
  return { id: key.id, text: Redacted.make(ApiKeyText.toText(key)) }
})

const actorOf = (text: Redacted.Redacted) =>
  KeyRing.KeyRing.use(({ identify }) => Effect.map(identify(text), (principal) => principal?.actor ?? null))

describe("KeyRing", () => {
  it.effect("tells whose a key is, with all that its scopes include", () =>
    Effect.gen(function*() {
      const { id, text } = yield* store()
      const { identify } = yield* KeyRing.KeyRing
      const principal = yield* identify(text)
      assert.deepStrictEqual(principal, {
        actor: id,
        scopes: new Set(["operate", "read"] as const),
        queues: ["q*"],
        tenant: "t"
      })
    }).pipe(Effect.provide(ring())))

  it.effect("knows nobody by a wrong secret, an unknown id, no key or nonsense", () =>
    Effect.gen(function*() {
      const { id } = yield* store()
      const other = yield* ApiKeyText.make
      const wrong = [
        ApiKeyText.toText({ id, secret: other.secret }),
        ApiKeyText.toText(other),
        "",
        "Bearer",
        `mr_${id}.`,
        "mr_'; drop table--.x"
      ]
      for (const text of wrong) assert.isNull(yield* actorOf(Redacted.make(text)), text)
    }).pipe(Effect.provide(ring())))

  it.effect("ends a key at the instant of its end", () =>
    Effect.gen(function*() {
      const { id, text } = yield* store({ expiresInMillis: 60_000 })
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* actorOf(text), id)
      yield* TestClock.adjust("1 second")
      assert.isNull(yield* actorOf(text))
    }).pipe(Effect.provide(ring())))

  it.effect("F76: takes both secrets during the overlap of a rotation, and only the new one after it", () =>
    Effect.gen(function*() {
      const { id, text } = yield* store()
      const { keys } = yield* ServiceStorage.ServiceStorage
      const { forget } = yield* KeyRing.KeyRing
      const secret = yield* ApiKeyText.newSecret
      yield* keys.rotate(id, { hash: ApiKeyText.hash(secret), overlapMillis: 60_000 })
      yield* forget(id)
      const next = Redacted.make(ApiKeyText.toText({ id, secret }))
      assert.deepStrictEqual([yield* actorOf(text), yield* actorOf(next)], [id, id])
      yield* TestClock.adjust("61 seconds")
      assert.deepStrictEqual([yield* actorOf(text), yield* actorOf(next)], [null, id])
    }).pipe(Effect.provide(ring())))

  it.effect("hears of a key that was revoked elsewhere within five seconds, here at once", () =>
    Effect.gen(function*() {
      const { keys } = yield* ServiceStorage.ServiceStorage
      const { forget } = yield* KeyRing.KeyRing
      const [one, two] = [yield* store(), yield* store()]
      assert.deepStrictEqual([yield* actorOf(one.text), yield* actorOf(two.text)], [one.id, two.id])
      yield* keys.revoke(one.id)
      yield* keys.revoke(two.id)
      yield* forget(one.id)
      assert.deepStrictEqual([yield* actorOf(one.text), yield* actorOf(two.text)], [null, two.id])
      yield* TestClock.adjust("5 seconds")
      assert.isNull(yield* actorOf(two.text))
    }).pipe(Effect.provide(ring())))

  it.effect("is open until there is a key, and never again: not when the last one is revoked", () =>
    Effect.gen(function*() {
      const { keys } = yield* ServiceStorage.ServiceStorage
      const { forget } = yield* KeyRing.KeyRing
      assert.strictEqual(yield* actorOf(none), "local")
      const { id } = yield* store()
      yield* forget(id)
      assert.isNull(yield* actorOf(none))
      yield* keys.revoke(id)
      yield* forget(id)
      yield* TestClock.adjust("2 days")
      assert.isNull(yield* actorOf(none))
    }).pipe(Effect.provide(ring({ mayBeOpen: true }))))

  it.effect("F74: is closed when it must ask for keys, even before there is one", () =>
    Effect.gen(function*() {
      assert.isNull(yield* actorOf(none))
    }).pipe(Effect.provide(ring({ mayBeOpen: false }))))

  it.effect("takes the key that it was started with, and is closed because of it", () =>
    Effect.gen(function*() {
      const key = yield* ApiKeyText.make
      const text = Redacted.make(ApiKeyText.toText(key))
      const other = Redacted.make(ApiKeyText.toText({ id: key.id, secret: yield* ApiKeyText.newSecret }))
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* actorOf(text), key.id)
        assert.isNull(yield* actorOf(other))
        assert.isNull(yield* actorOf(none))
      }).pipe(Effect.provide(ring({ mayBeOpen: true, adminKey: text })))
    }))

  it.effect("lets nobody in when the storage can not be asked", () =>
    Effect.gen(function*() {
      const away = Effect.fail(
        new StorageError.StorageError({ reason: new StorageError.Unavailable({ operation: "x", detail: "away" }) })
      )
      const storage = yield* MemoryServiceStorage.make
      const broken = { ...storage, keys: { ...storage.keys, find: () => away, any: away } }
      const layer = KeyRing.layer({ mayBeOpen: true, adminKey: null }).pipe(
        Layer.provide(Layer.succeed(ServiceStorage.ServiceStorage, broken))
      )
      const key = Redacted.make(ApiKeyText.toText(yield* ApiKeyText.make))
      for (const text of [none, key]) {
        const error = yield* Effect.flip(actorOf(text).pipe(Effect.provide(layer)))
        assert.strictEqual(error.reason._tag, "Unavailable")
      }
    }))

  it.effect("writes once a minute which keys were used", () =>
    Effect.gen(function*() {
      const { keys } = yield* ServiceStorage.ServiceStorage
      const { id, text } = yield* store()
      yield* actorOf(text)
      assert.isNull((yield* keys.find(id))?.lastUsedAt)
      yield* TestClock.adjust("1 minute")
      assert.isNotNull((yield* keys.find(id))?.lastUsedAt)
    }).pipe(Effect.provide(ring())))
})
