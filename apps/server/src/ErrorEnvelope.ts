/**
 * Turns whatever goes wrong into the error envelope of the API.
 *
 * Nothing leaves the server but `ApiError`: what nobody expected is logged with its cause, and answered as
 * `InternalError` without any detail of it.
 *
 * @since 0.1.0
 */
import { ApiError } from "@millrace/api"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import * as FieldIssue from "./FieldIssue.ts"

const encode = Schema.encodeSync(ApiError.ApiError)

/** Seconds after which a client may try again: a database restarts in about as many. */
const retryAfterSeconds = "2"

/**
 * Writes an error as JSON text: the body of every error answer.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const toText = (error: ApiError.ApiError): string => JSON.stringify(encode(error))

/** Returns the status of an error. */
const statusOf = (error: ApiError.ApiError): number => ApiError.statuses[error._tag]

/**
 * Answers an error.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const toResponse = (error: ApiError.ApiError): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(toText(error), { status: statusOf(error), contentType: "application/json" })

/**
 * Adds `Retry-After` to an answer that asks for patience, status 429 or 503, unless it says how much itself; and
 * `WWW-Authenticate` to one that asks for a key.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const withRetryAfter = (
  response: HttpServerResponse.HttpServerResponse
): HttpServerResponse.HttpServerResponse =>
  (response.status === 429 || response.status === 503) && response.headers["retry-after"] === undefined
    ? HttpServerResponse.setHeader(response, "retry-after", retryAfterSeconds)
    : response.status === 401
    ? HttpServerResponse.setHeader(response, "www-authenticate", "Bearer")
    : response

/** Says which field of a request did not fit its schema. */
const fromSchemaError = (error: HttpApiError.HttpApiSchemaError): ApiError.InvalidRequest =>
  invalid(FieldIssue.first(error.cause.issue))

/**
 * Makes the error of one wrong field.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const invalid = ({ field, hint, message }: FieldIssue.FieldIssue): ApiError.InvalidRequest =>
  new ApiError.InvalidRequest({
    error: {
      message: field === "" ? message : `${field}: ${message}`,
      ...(field === "" ? {} : { field }),
      ...(hint === null ? {} : { hint })
    }
  })

/** The answer to what nobody expected. Logs the cause. */
const unexpected = (cause: Cause.Cause<unknown>): Effect.Effect<ApiError.InternalError> =>
  Effect.as(
    Effect.logError("Request failed unexpectedly", cause),
    new ApiError.InternalError({
      error: {
        message: "The server failed in a way that it should not",
        hint: "Its log has the cause. Repeat the request; if it fails again, report it"
      }
    })
  )

/**
 * The answer to a request that the server's stop interrupted.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const stopping = (): ApiError.Unavailable =>
  new ApiError.Unavailable({
    error: {
      message: "The server is stopping",
      hint: "Repeat the request. A job created with a unique key is not stored twice"
    }
  })

/**
 * Answers a request that failed outside its handler.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fromCause = (cause: Cause.Cause<unknown>): Effect.Effect<ApiError.ApiError> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(stopping())
  const failure = Cause.squash(cause)
  if (HttpApiError.HttpApiSchemaError.is(failure) && isRequestSlot(failure)) {
    return Effect.succeed(fromSchemaError(failure))
  }
  return isApiError(failure) ? Effect.succeed(failure) : unexpected(cause)
}

const isApiError = Schema.is(ApiError.ApiError)

/** A request that does not fit is the caller's mistake; an answer that does not is ours. */
const isRequestSlot = (error: HttpApiError.HttpApiSchemaError): boolean =>
  error.kind !== "Body" && error.kind !== "ResponseHeaders"
