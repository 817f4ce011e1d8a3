/**
 * What holds for every request, as middleware of the contract: the server implements it once, the OpenAPI document
 * and the typed client know its errors on every operation.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as ApiError from "./ApiError.ts"

/**
 * Holds for every endpoint: the request fits its schemas and comes from this site, the server is not overloaded, and
 * whatever fails inside is answered as an error of the envelope.
 *
 * @stability unstable
 * @category middleware
 * @since 0.1.0
 */
export class RequestRules extends HttpApiMiddleware.Service<RequestRules>()("@millrace/api/RequestRules", {
  error: [ApiError.InvalidRequest, ApiError.Forbidden, ApiError.TooManyRequests, ApiError.InternalError]
}) {}

/**
 * Holds for every endpoint that takes a body: it is plain JSON in UTF-8, not too large and not nested too deep.
 *
 * @stability unstable
 * @category middleware
 * @since 0.1.0
 */
export class BodyRules extends HttpApiMiddleware.Service<BodyRules>()("@millrace/api/BodyRules", {
  error: [
    ApiError.InvalidRequest,
    ApiError.MalformedJson,
    ApiError.RequestTimeout,
    ApiError.BodyTooLarge,
    ApiError.UnsupportedMediaType
  ]
}) {}

/**
 * The largest body in bytes that an endpoint takes, as annotation of the endpoint. Defaults to 2 MiB: twice the
 * largest payload.
 *
 * @stability unstable
 * @category annotations
 * @since 0.1.0
 */
export const MaxBodyBytes = Context.Reference<number>("@millrace/api/RequestRules/MaxBodyBytes", {
  defaultValue: () => 2 * 1024 * 1024
})

/**
 * The longest time of one request in milliseconds, as annotation of an endpoint whose work takes longer than the
 * server's own limit. Defaults to null: the server's limit.
 *
 * @stability unstable
 * @category annotations
 * @since 0.1.0
 */
export const MaxMillis = Context.Reference<number | null>("@millrace/api/RequestRules/MaxMillis", {
  defaultValue: () => null
})
