/**
 * Creating once: a request with the header `Idempotency-Key` is carried out once, however often it is sent.
 *
 * The answer to the first one is kept, and answers the others with the header `Idempotency-Replayed: true`. A key belongs
 * to the API key and to the endpoint that it is sent to. Refused requests change nothing, so nothing of them is kept.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as ApiError from "./ApiError.ts"
import * as ResourceError from "./ResourceError.ts"

/**
 * The header that a caller sends.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const header = "idempotency-key"

/**
 * The header of an answer that was kept from a request before.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const replayed = "idempotency-replayed"

const pattern = /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/

/**
 * Tells whether a text may be a key: 1 to 255 printable ASCII characters, no space at either end.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const isKey = (text: string): boolean => pattern.test(text)

/**
 * Holds for every endpoint that creates: requests with the same key are carried out once.
 *
 * @stability unstable
 * @category middleware
 * @since 0.1.0
 */
export class Idempotency extends HttpApiMiddleware.Service<Idempotency>()("@millrace/api/Idempotency", {
  error: [ApiError.InvalidRequest, ResourceError.IdempotencyKeyReused, ApiError.Unavailable]
}) {}

const parameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Chosen by the caller: requests with the same key are carried out once, and answered alike",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: pattern.source }
}

/**
 * Adds the header to an OpenAPI operation.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const document = (operation: { readonly [key: string]: unknown }): Record<string, unknown> => ({
  ...operation,
  parameters: [...(operation["parameters"] ?? []) as ReadonlyArray<unknown>, parameter]
})

const CurrentKey = Context.Reference<string | null>("@millrace/api/Idempotency/CurrentKey", {
  defaultValue: () => null
})

/**
 * Gives the requests of an effect a key: `client.jobs.create({ payload }).pipe(Idempotency.withKey("order-42"))`. The
 * effect should create one thing; repeating it creates no other.
 *
 * @stability unstable
 * @category client
 * @since 0.1.0
 */
export const withKey = (key: string) => <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(request, CurrentKey, key)

/**
 * A client that sends the keys of `withKey`.
 *
 * @stability unstable
 * @category client
 * @since 0.1.0
 */
export const client = <E, R>(inner: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.mapRequestEffect(inner, (request) =>
    Effect.map(
      CurrentKey,
      (key) => key === null ? request : HttpClientRequest.setHeader(request, header, key)
    ))
