/**
 * Finds out whose an API key is.
 *
 * Keys are read from the storage and remembered for five seconds, so that a revoked one is refused everywhere after at
 * most that time, and here at once. When the storage can not be asked nobody gets in.
 *
 * @since 0.1.0
 */
import type { ApiKeyRecord, StorageError } from "@millrace/storage"
import { ServiceStorage } from "@millrace/storage"
import * as Cache from "effect/Cache"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as ApiKeyText from "./ApiKeyText.ts"
import * as Principal from "./Principal.ts"

/** How long a key that was read is good for. */
const memory = Duration.seconds(5)

/** The most keys remembered: a thousand callers within five seconds. */
const capacity = 1000

/** How often it is written which keys were used. */
const touchEvery = Duration.minutes(1)

/**
 * The key ring.
 *
 * **Details**
 *
 * - `identify` answers the caller whose key this is; null: the key is none, unknown, wrong, revoked or expired. An
 *   empty key is the caller `local` as long as the server is open: on the loopback interface, without a key of its
 *   own, and before the first key was stored.
 * - `isOpen` tells whether requests need no key. `forget` reads a key anew at its next use.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class KeyRing extends Context.Service<KeyRing, {
  readonly identify: (
    credential: Redacted.Redacted
  ) => Effect.Effect<Principal.Principal | null, StorageError.StorageError>
  readonly isOpen: Effect.Effect<boolean, StorageError.StorageError>
  readonly forget: (id: string) => Effect.Effect<void>
}>()("@millrace/server/KeyRing") {}

/**
 * Options of a key ring.
 *
 * **Details**
 *
 * `mayBeOpen`: no key is needed until the first is stored. `adminKey`: a key with all rights that is not stored.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly mayBeOpen: boolean
  readonly adminKey: Redacted.Redacted | null
}

/**
 * The key ring on a storage.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<KeyRing, never, ServiceStorage.ServiceStorage> =>
  Layer.effect(KeyRing, make(options))

const make = Effect.fnUntraced(
  function*({ adminKey, mayBeOpen }: Options): Effect.fn.Return<
    KeyRing["Service"],
    never,
    ServiceStorage.ServiceStorage | Scope.Scope
  > {
    const { keys } = yield* ServiceStorage.ServiceStorage
    const remembered = yield* remember(keys)
    const used = yield* usage(keys)
    const owner = adminKey === null ? null : ApiKeyText.parse(Redacted.value(adminKey))
    const mayStayOpen = mayBeOpen && owner === null
    const isOpen = mayStayOpen
      ? Effect.map(Cache.get(remembered.any, "any"), (any) => !any)
      : Effect.succeed(false)
    return KeyRing.of({
      isOpen,
      forget: (id) => Effect.andThen(Cache.invalidate(remembered.byId, id), Cache.invalidate(remembered.any, "any")),
      identify: Effect.fnUntraced(function*(credential) {
        const text = Redacted.value(credential)
        if (text === "") return (yield* isOpen) ? Principal.local : null
        const key = ApiKeyText.parse(text)
        if (key === null) return null
        if (owner !== null && key.id === owner.id) {
          return ApiKeyText.matches(key.secret, ApiKeyText.hash(owner.secret)) ? Principal.admin(key.id) : null
        }
        const record = yield* Cache.get(remembered.byId, key.id)
        const now = yield* DateTime.now
        if (!isGood(key, record, now)) return null
        used.add(key.id)
        return Principal.fromKey(record)
      })
    })
  }
)

/** Unknown ids are not remembered: they would push the known ones out. */
const remember = Effect.fnUntraced(function*(keys: ServiceStorage.ServiceStorage["Service"]["keys"]) {
  const byId = yield* Cache.makeWith((id: string) => keys.find(id), {
    capacity,
    timeToLive: (exit) => Exit.isSuccess(exit) && exit.value !== null ? memory : Duration.zero
  })
  const any = yield* Cache.makeWith<"any", boolean, StorageError.StorageError>(() => keys.any, {
    capacity: 1,
    // Once there is a key there is one for ever: keys are revoked, never deleted.
    timeToLive: (exit) => Exit.isSuccess(exit) ? exit.value ? Duration.days(1) : memory : Duration.zero
  })
  return { any, byId }
})

/** What an unknown key is compared with, so that it takes as long as a known one. */
const noHash = "0".repeat(64)

const isGood = (
  { secret }: ApiKeyText.ApiKeyText,
  record: ApiKeyRecord.ApiKeyRecord | null,
  now: DateTime.Utc
): record is ApiKeyRecord.ApiKeyRecord => {
  const isCurrent = ApiKeyText.matches(secret, record?.hash ?? noHash)
  const isPrevious = ApiKeyText.matches(secret, record?.previousHash ?? noHash)
  if (record === null || record.revokedAt !== null || isOver(record.expiresAt, now)) return false
  return isCurrent || (isPrevious && record.previousUntil !== null && !isOver(record.previousUntil, now))
}

const isOver = (end: DateTime.Utc | null, now: DateTime.Utc): boolean =>
  end !== null && DateTime.isLessThanOrEqualTo(end, now)

/** Writes once a minute, and at the end, which keys were used. */
const usage = Effect.fnUntraced(function*(keys: ServiceStorage.ServiceStorage["Service"]["keys"]) {
  const used = new Set<string>()
  const write = Effect.suspend(() => {
    const ids = [...used]
    used.clear()
    return ids.length === 0 ? Effect.void : keys.touch(ids)
  }).pipe(Effect.catchCause((cause) => Effect.logDebug("the use of keys was not written", cause)))
  yield* Effect.addFinalizer(() => write)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(touchEvery), write)))
  return used
})
