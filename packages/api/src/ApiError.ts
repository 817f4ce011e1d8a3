/**
 * The errors of the HTTP API: one envelope for all of them, on every path and for every method.
 *
 * On the wire an error is `{ "error": { "tag", "message", "field"?, "jobId"?, "hint"? } }` with the status of its tag.
 * In the typed client it is a class with the same content and the tag as `_tag`, so `Effect.catchTag` works.
 * Messages are written for the caller; none holds a stack trace.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as AccessError from "./AccessError.ts"
import * as ErrorTag from "./ErrorTag.ts"
import * as ResourceError from "./ResourceError.ts"

/**
 * The HTTP status of every error tag.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const statuses = ErrorTag.statuses

/**
 * The tag of an error.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Tag = ErrorTag.Tag

/**
 * The content of an error: see `ErrorTag.Details`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Details = ErrorTag.Details

/**
 * Status 400: a field of the body, the query or the path is wrong or unknown; `field` names it. Nothing was changed.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidRequest extends Schema.Error<InvalidRequest>("InvalidRequest")(
  ErrorTag.envelope("InvalidRequest"),
  ErrorTag.answered("InvalidRequest", "A field of the request is wrong or unknown")
) {
  readonly _tag = "InvalidRequest"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 400: the body is no JSON document in UTF-8.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class MalformedJson extends Schema.Error<MalformedJson>("MalformedJson")(
  ErrorTag.envelope("MalformedJson"),
  ErrorTag.answered("MalformedJson", "The body is no JSON document in UTF-8")
) {
  readonly _tag = "MalformedJson"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 400: the cursor was not written by this API, or was damaged on the way.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidCursor extends Schema.Error<InvalidCursor>("InvalidCursor")(
  ErrorTag.envelope("InvalidCursor"),
  ErrorTag.answered("InvalidCursor", "The cursor is damaged")
) {
  readonly _tag = "InvalidCursor"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 403: the request comes from another site, or was sent to a host name that is not this server's.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Forbidden extends Schema.Error<Forbidden>("Forbidden")(
  ErrorTag.envelope("Forbidden"),
  ErrorTag.answered("Forbidden", "The request comes from another site")
) {
  readonly _tag = "Forbidden"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 404: there is no job with this id: it never was, was deleted, or its history was pruned.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class JobNotFound extends Schema.Error<JobNotFound>("JobNotFound")(
  ErrorTag.envelope("JobNotFound"),
  ErrorTag.answered("JobNotFound", "There is no job with this id")
) {
  readonly _tag = "JobNotFound"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 404: the API has no such path.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class RouteNotFound extends Schema.Error<RouteNotFound>("RouteNotFound")(
  ErrorTag.envelope("RouteNotFound"),
  ErrorTag.answered("RouteNotFound", "There is no such path")
) {
  readonly _tag = "RouteNotFound"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 405: the path exists, but not for this method; the `Allow` header lists those it has.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class MethodNotAllowed extends Schema.Error<MethodNotAllowed>("MethodNotAllowed")(
  ErrorTag.envelope("MethodNotAllowed"),
  ErrorTag.answered("MethodNotAllowed", "The path does not have this method")
) {
  readonly _tag = "MethodNotAllowed"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 408: the client took too long to send its request.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class RequestTimeout extends Schema.Error<RequestTimeout>("RequestTimeout")(
  ErrorTag.envelope("RequestTimeout"),
  ErrorTag.answered("RequestTimeout", "The request took too long to arrive")
) {
  readonly _tag = "RequestTimeout"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 409: the state of the job does not allow this.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class IllegalTransition extends Schema.Error<IllegalTransition>("IllegalTransition")(
  ErrorTag.envelope("IllegalTransition"),
  ErrorTag.answered("IllegalTransition", "The state of the job does not allow this")
) {
  readonly _tag = "IllegalTransition"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 413: the body is larger than this endpoint takes. It was not read to its end.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class BodyTooLarge extends Schema.Error<BodyTooLarge>("BodyTooLarge")(
  ErrorTag.envelope("BodyTooLarge"),
  ErrorTag.answered("BodyTooLarge", "The body is too large")
) {
  readonly _tag = "BodyTooLarge"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 415: the body is not sent as plain `application/json`.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedMediaType extends Schema.Error<UnsupportedMediaType>("UnsupportedMediaType")(
  ErrorTag.envelope("UnsupportedMediaType"),
  ErrorTag.answered("UnsupportedMediaType", "The body is not sent as application/json")
) {
  readonly _tag = "UnsupportedMediaType"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 422: the payload does not fit the schema of its job, or can not be stored; `field` names the place.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidPayload extends Schema.Error<InvalidPayload>("InvalidPayload")(
  ErrorTag.envelope("InvalidPayload"),
  ErrorTag.answered("InvalidPayload", "The payload does not fit the schema of the job")
) {
  readonly _tag = "InvalidPayload"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 422: no job of this name is known to the server or to a live worker; the message lists those that are.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class UnknownJob extends Schema.Error<UnknownJob>("UnknownJob")(
  ErrorTag.envelope("UnknownJob"),
  ErrorTag.answered("UnknownJob", "No job of this name is known")
) {
  readonly _tag = "UnknownJob"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 429: the server works on as many requests as it may; try again after the `Retry-After` header's seconds.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class TooManyRequests extends Schema.Error<TooManyRequests>("TooManyRequests")(
  ErrorTag.envelope("TooManyRequests"),
  ErrorTag.answered("TooManyRequests", "Too many requests at once")
) {
  readonly _tag = "TooManyRequests"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 500: the server failed in a way that it should not; its log has the cause.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InternalError extends Schema.Error<InternalError>("InternalError")(
  ErrorTag.envelope("InternalError"),
  ErrorTag.answered("InternalError", "The server failed; its log has the cause")
) {
  readonly _tag = "InternalError"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 503: the database can not be reached, or did not answer in time; try again after the `Retry-After`
 * header's seconds.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Unavailable extends Schema.Error<Unavailable>("Unavailable")(
  ErrorTag.envelope("Unavailable"),
  ErrorTag.answered("Unavailable", "The database can not be reached, or did not answer in time")
) {
  readonly _tag = "Unavailable"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Schema of every error.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ApiError = Schema.Union([
  InvalidRequest,
  MalformedJson,
  InvalidCursor,
  Forbidden,
  JobNotFound,
  RouteNotFound,
  MethodNotAllowed,
  RequestTimeout,
  IllegalTransition,
  BodyTooLarge,
  UnsupportedMediaType,
  InvalidPayload,
  UnknownJob,
  TooManyRequests,
  InternalError,
  Unavailable,
  ...AccessError.all,
  ...ResourceError.all
])

/**
 * An error.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ApiError = typeof ApiError.Type
