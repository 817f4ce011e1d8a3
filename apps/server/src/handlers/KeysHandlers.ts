/**
 * The endpoints of API keys.
 *
 * @since 0.1.0
 */
import { AccessError, Api, ApiError, DurationText } from "@millrace/api"
import type { KeysApi } from "@millrace/api"
import { ServiceStorage } from "@millrace/storage"
import type { ApiKeyRecord, StorageError } from "@millrace/storage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as ApiKeyText from "../ApiKeyText.ts"
import { KeyRing } from "../KeyRing.ts"
import * as StorageFailure from "../StorageFailure.ts"

/**
 * The handlers of the group `keys`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "keys",
  Effect.fnUntraced(function*(handlers) {
    const { keys } = yield* ServiceStorage.ServiceStorage
    const ring = yield* KeyRing
    return handlers.handleAll({
      create: ({ payload }) => create(keys, ring, payload),
      list: () =>
        Effect.map(StorageFailure.answered(keys.list), (all) => ({ items: all.map(toView), nextCursor: null })),
      rotate: ({ params: { id }, payload }) => rotate(keys, ring, id, payload.overlap),
      revoke: ({ params: { id } }) => Effect.asVoid(found(id, keys.revoke(id), ring))
    })
  })
)

type Keys = ServiceStorage.ServiceStorage["Service"]["keys"]

const create = Effect.fnUntraced(function*(keys: Keys, ring: KeyRing["Service"], asked: KeysApi.CreateKey) {
  // With the first key the server closes: were it not an admin's, nobody could make another one.
  if ((yield* StorageFailure.answered(ring.isOpen)) && !isAdmin(asked)) return yield* firstIsAdmin()
  const text = yield* ApiKeyText.make
  const record = yield* StorageFailure.answered(keys.create({
    id: text.id,
    name: asked.name,
    hash: ApiKeyText.hash(text.secret),
    scopes: [...new Set(asked.scopes)],
    queues: asked.queues ?? null,
    tenant: asked.tenant ?? null,
    expiresInMillis: asked.expiresIn === undefined ? null : millisOf(asked.expiresIn)
  }))
  yield* ring.forget(text.id)
  return { key: ApiKeyText.toText(text), ...toView(record) }
})

const isAdmin = ({ expiresIn, queues, scopes, tenant }: KeysApi.CreateKey): boolean =>
  scopes.includes("admin") && queues === undefined && tenant === undefined && expiresIn === undefined

const firstIsAdmin = () =>
  new ApiError.InvalidRequest({
    error: {
      message: "scopes: The first key must be an admin's, without queues, tenant and end",
      field: "scopes",
      hint: "From the first key on every request needs one, and only an admin makes others"
    }
  })

const rotate = Effect.fnUntraced(function*(keys: Keys, ring: KeyRing["Service"], id: string, overlap = "1 hour") {
  const secret = yield* ApiKeyText.newSecret
  const next = { hash: ApiKeyText.hash(secret), overlapMillis: millisOf(overlap) }
  const record = yield* found(id, keys.rotate(id, next), ring)
  return { key: ApiKeyText.toText({ id, secret }), ...toView(record) }
})

/** The contract has checked the text. */
const millisOf = (text: string): number =>
  Duration.toMillis(Option.getOrElse(DurationText.parse(text), () => Duration.zero))

const found = (
  id: string,
  change: Effect.Effect<ApiKeyRecord.ApiKeyRecord | null, StorageError.StorageError>,
  ring: KeyRing["Service"]
): Effect.Effect<ApiKeyRecord.ApiKeyRecord, AccessError.KeyNotFound | StorageFailure.Answer> =>
  StorageFailure.answered(change).pipe(
    Effect.tap(() => ring.forget(id)),
    Effect.flatMap((record) => record === null ? Effect.fail(keyNotFound(id)) : Effect.succeed(record))
  )

const keyNotFound = (id: string) =>
  new AccessError.KeyNotFound({
    error: { message: `There is no API key ${id}, or it was revoked`, hint: "GET /api/v1/keys lists them" }
  })

const toView = (record: ApiKeyRecord.ApiKeyRecord): KeysApi.KeyView => ({
  id: record.id,
  name: record.name,
  scopes: record.scopes,
  queues: record.queues,
  tenant: record.tenant,
  createdAt: record.createdAt,
  expiresAt: record.expiresAt,
  revokedAt: record.revokedAt,
  lastUsedAt: record.lastUsedAt,
  overlapUntil: record.previousUntil
})
