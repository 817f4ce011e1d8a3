/**
 * Keys for a test's server, and requests that carry them.
 */
import type { Access } from "@millrace/api"
import type { ApiKeyRecord } from "@millrace/storage"
import { ServiceStorage } from "@millrace/storage"
import { Effect } from "effect"
import * as ApiKeyText from "../../src/ApiKeyText.ts"
import * as T from "./ServerUnderTest.ts"

/** Stores a key and answers its text. */
export const create = Effect.fnUntraced(function*(
  scopes: ReadonlyArray<Access.Scope>,
  more: Partial<ApiKeyRecord.NewApiKey> = {}
) {
  const { keys } = yield* ServiceStorage.ServiceStorage
  const key = yield* ApiKeyText.make
  yield* keys.create({
    id: key.id,
    name: "test",
    hash: ApiKeyText.hash(key.secret),
    scopes,
    queues: null,
    tenant: null,
    expiresInMillis: null,
    ...more
  })
  return { id: key.id, text: ApiKeyText.toText(key) }
})

/** Sends a request with a key; without a body unless there is one. */
export const send = (key: string | null, method: string, path: string, body?: unknown) =>
  T.send(method, path, {
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })

/** The status of a request, without waiting for the end of its answer: some never end. */
export const statusOf = Effect.fnUntraced(function*(key: string | null, method: string, path: string) {
  const { baseUrl } = yield* T.ServerUnderTest
  return yield* Effect.promise(async () => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(method === "POST" || method === "PATCH" || method === "PUT" ? { "content-type": "application/json" } : {})
      },
      ...(method === "POST" || method === "PATCH" || method === "PUT" ? { body: "{}" } : {})
    })
    await response.body?.cancel()
    return response.status
  })
})
